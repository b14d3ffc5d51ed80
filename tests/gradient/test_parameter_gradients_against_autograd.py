"""Gradients of time constants and thresholds equal those of HIPS autograd, window by window, too."""

import sys
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.sparse

import sc_native
from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection
from sc_gradient import GradientEngine, Surrogate, find_learned_parameters

sys.path.insert(0, str(Path(__file__).parent))
import dense_oracle

NEURONS = {
    "LIF": LIF(tau=8.0),
    "LIF heterogeneous": LIF(tau=np.linspace(4, 20, 6), v_threshold=np.linspace(0.6, 1.4, 6), r=1.5),
    "LIF long refractory": LIF(tau=8.0, refractory_steps=6),
    "LIF to value": LIF(tau=8.0, reset="to_value", v_reset=-0.3, v_leak=0.1),
    "CubaLIF": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4),
    "CubaLIF refractory": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4, refractory_steps=2),
    "ALIF": ALIF(tau=8.0, tau_adaptation=15.0, v_reset=-0.2),
    "ALIF refractory to value": ALIF(tau=8.0, tau_adaptation=15.0, refractory_steps=2, reset="to_value"),
}
PARAMETERS = {
    "LIF": ["tau", "v_threshold"],
    "CubaLIF": ["tau_syn", "tau_mem", "v_threshold"],
    "ALIF": ["tau", "tau_adaptation", "adaptation_strength", "v_threshold"],
}
KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]
SURROGATE = Surrogate("fast_sigmoid", 5.0)
N_STEPS = 14


def matrix(rng, n_source, n_target, density, scale):
    pattern = rng.random((n_source, n_target)) < density
    return scipy.sparse.csr_array(pattern * rng.normal(0, scale, pattern.shape))


def build(neuron):
    """Recurrence and delays of up to more steps than a window has."""
    rng = np.random.default_rng(11)
    source, hidden = Population("source", 4, Input()), Population("hidden", 6, neuron)
    readout = Population("readout", 3, LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, matrix(rng, 4, 6, 1.0, 14.0)),
            Projection(hidden, hidden, matrix(rng, 6, 6, 0.7, 7.0), delay=4),
            Projection(hidden, readout, matrix(rng, 6, 3, 1.0, 2.0)),
        ],
    )


def learned_of(network):
    model = type(network.populations[1].neuron).__name__
    return find_learned_parameters(network, {"hidden": PARAMETERS[model], "readout": ["tau"]})


def sample(batch=3):
    rng = np.random.default_rng(3)
    inputs = (rng.random((N_STEPS, batch, 4)) < 0.5) * rng.random((N_STEPS, batch, 4))
    return inputs, rng.integers(0, 3, batch)


def cross_entropy(outputs, labels):
    score = sum(outputs)
    shifted = score - anp.max(score, axis=1, keepdims=True)
    log_probability = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
    return -anp.mean(log_probability[np.arange(len(labels)), labels])


def oracle_gradients(network, learned, inputs, labels, k, through_reset, rate):
    """Gradients of every window; after each, the values of its parameters go down the gradient by `rate`."""
    spike = dense_oracle.spike_function(SURROGATE.name, SURROGATE.slope, SURROGATE.scale)
    weights = [projection.weights.toarray() for projection in network.projections]
    keys = [(one.population.name, one.name) for one in learned]
    values = [[one.values.copy() for one in learned]]
    found = []
    for begin in range(0, len(inputs), k):

        def loss(now, begin=begin):
            outputs = dense_oracle.run(
                network,
                weights,
                inputs[: begin + k],
                spike,
                through_reset,
                detach_every=k,
                values=lambda t: dict(zip(keys, now if t >= begin else values[t // k], strict=True)),
            )
            return cross_entropy(outputs["readout"][begin:], labels)

        gradient = autograd.grad(loss)(values[-1])
        found.append(gradient)
        values.append([value - rate * g for value, g in zip(values[-1], gradient, strict=True)])
    return found


def compare(network, k, through_reset=False, rate=0.0):
    inputs, labels = sample()
    learned = learned_of(network)
    expected = oracle_gradients(network, learned, inputs, labels, k, through_reset, rate)
    engine = GradientEngine(network, "cross_entropy", SURROGATE, through_reset=through_reset, learned=learned)
    after, largest = None, np.zeros(len(learned))
    for n, theirs in enumerate(expected):
        window = Batch(inputs[n * k : (n + 1) * k], labels)
        ours = engine.loss_and_gradient(window, after=after)[1][len(network.projections) :]
        after = engine.n_runs
        for parameter, mine, its in zip(learned, ours, theirs, strict=True):
            scale = np.abs(its).max()
            message = f"window {n}, {parameter.population.name}.{parameter.name}"
            np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-10 * scale, err_msg=message)
            parameter.values[...] -= rate * mine
        largest = np.maximum(largest, [np.abs(its).max() for its in theirs])
    assert (largest > 0).all(), "the comparison needs gradients"


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through reset"])
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_whole_sequences(neuron, through_reset, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    compare(build(neuron), N_STEPS, through_reset)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_windows_shorter_than_delays_and_refractory_periods(neuron, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    compare(build(neuron), 3, through_reset=True)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", ["LIF", "LIF to value", "CubaLIF refractory", "ALIF"])
@pytest.mark.parametrize("k", [2, 5])
def test_values_that_change_between_windows(k, name, kernels, monkeypatch):
    """The engine's arrays, kept from window to window, follow them."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    compare(build(NEURONS[name]), k, rate=0.05)


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
@pytest.mark.parametrize("name", ["LIF", "CubaLIF refractory", "ALIF"])
def test_same_bits_for_any_thread_count(name, monkeypatch):
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("SC_THREADS", threads)
        network = build(NEURONS[name])
        learned = learned_of(network)
        engine = GradientEngine(network, "cross_entropy", SURROGATE, through_reset=False, learned=learned)
        results.append(engine.loss_and_gradient(Batch(*sample(23)))[1])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_gradients_of_weights_keep_their_bits(neuron, kernels, monkeypatch):
    """What is learned beside them, and how many kernels that involves, changes nothing."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    network = build(neuron)
    alone = GradientEngine(network, "cross_entropy", SURROGATE, through_reset=False)
    loss, gradients = alone.loss_and_gradient(Batch(*sample()))
    engine = GradientEngine(
        network, "cross_entropy", SURROGATE, through_reset=False, learned=learned_of(network)
    )
    also_loss, beside = engine.loss_and_gradient(Batch(*sample()))
    assert also_loss == loss
    for ours, theirs in zip(gradients, beside, strict=False):
        np.testing.assert_array_equal(ours, theirs)
