"""Window by window, gradients equal those of HIPS autograd with all state detached at the borders."""

import sys
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.sparse

import sc_native
from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection
from sc_core.errors import SCError, ShapeError
from sc_gradient import GradientEngine, Surrogate

sys.path.insert(0, str(Path(__file__).parent))
import dense_oracle

NEURONS = {
    "LIF": LIF(tau=8.0),
    "LIF long refractory": LIF(tau=8.0, refractory_steps=6),
    "LIF to value": LIF(tau=8.0, reset="to_value", v_reset=-0.3, refractory_steps=1),
    "CubaLIF": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4, refractory_steps=2),
    "ALIF": ALIF(tau=8.0, tau_adaptation=15.0, v_reset=-0.2),
    "ALIF refractory": ALIF(tau=8.0, tau_adaptation=15.0, refractory_steps=3),
}
KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]
N_STEPS = 20
SURROGATE = Surrogate("fast_sigmoid", 5.0)
LR = 0.5


def matrix(rng, n_source, n_target, density, scale):
    pattern = rng.random((n_source, n_target)) < density
    return scipy.sparse.csr_array(pattern * rng.normal(0, scale, pattern.shape))


def build(neuron, longest_delay=5):
    """Recurrence and feedback; delays of 0 up to more steps than a window has, from the input too."""
    rng = np.random.default_rng(11)
    source, readout = Population("source", 4, Input()), Population("readout", 3, LI(tau=10.0))
    first, second = Population("first", 6, neuron), Population("second", 6, neuron)
    return Network(
        [source, first, second, readout],
        [
            Projection(source, first, matrix(rng, 4, 6, 1.0, 14.0), delay=min(3, longest_delay)),
            Projection(source, second, matrix(rng, 4, 6, 0.5, 14.0)),
            Projection(first, first, matrix(rng, 6, 6, 0.5, 5.0), delay=1),
            Projection(first, second, matrix(rng, 6, 6, 0.7, 9.0)),
            Projection(second, first, matrix(rng, 6, 6, 0.6, 7.0), delay=longest_delay),
            Projection(first, readout, matrix(rng, 6, 3, 0.6, 2.0), delay=min(2, longest_delay)),
            Projection(second, readout, matrix(rng, 6, 3, 1.0, 2.0)),
        ],
    )


def sample(batch=3):
    rng = np.random.default_rng(3)
    inputs = (rng.random((N_STEPS, batch, 4)) < 0.5) * rng.random((N_STEPS, batch, 4))
    return inputs, rng.integers(0, 3, batch)


def engine_of(network, through_reset=False):
    return GradientEngine(network, "cross_entropy", SURROGATE, through_reset=through_reset)


def gradients_by_window(engine, windows, after_each=lambda gradients: None):
    after, found = None, []
    for window in windows:
        found.append(engine.loss_and_gradient(window, after=after))
        after = engine.n_runs
        after_each(found[-1][1])
    return found


def cut(inputs, labels, k):
    return [Batch(inputs[begin : begin + k], labels) for begin in range(0, len(inputs), k)]


def oracle_loss(outputs, labels):
    score = sum(outputs)
    shifted = score - anp.max(score, axis=1, keepdims=True)
    log_probability = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
    return -anp.mean(log_probability[np.arange(len(labels)), labels])


def oracle_gradients(network, inputs, labels, k, through_reset, rate):
    """Loss and dense gradient of every window; after each, its weights go down the gradient by `rate`."""
    spike = dense_oracle.spike_function(SURROGATE.name, SURROGATE.slope, SURROGATE.scale)
    weights = [[projection.weights.toarray() for projection in network.projections]]
    patterns = [projection.weights.toarray() != 0 for projection in network.projections]
    found = []
    for begin in range(0, len(inputs), k):

        def loss(now, begin=begin):
            outputs = dense_oracle.run(
                network,
                lambda t: now if t >= begin else weights[t // k],
                inputs[: begin + k],
                spike,
                through_reset,
                detach_every=k,
            )
            return oracle_loss(outputs["readout"][begin:], labels)

        value, dense = autograd.value_and_grad(loss)(weights[-1])
        gradient = [g * pattern for g, pattern in zip(dense, patterns, strict=True)]
        found.append((value, [g[pattern] for g, pattern in zip(gradient, patterns, strict=True)]))
        weights.append([w - rate * g for w, g in zip(weights[-1], gradient, strict=True)])
    return found


def compare(found, expected, network):
    assert len(found) == len(expected)
    for n, ((loss, gradients), (expected_loss, theirs)) in enumerate(zip(found, expected, strict=True)):
        assert loss == pytest.approx(expected_loss, rel=1e-9)
        for projection, ours, wanted in zip(network.projections, gradients, theirs, strict=True):
            scale = np.abs(wanted).max()
            np.testing.assert_allclose(
                ours, wanted, rtol=1e-9, atol=1e-9 * scale, err_msg=f"window {n}, {projection.name}"
            )
    for place, projection in enumerate(network.projections):
        largest = max(np.abs(gradients[place]).max() for _, gradients in expected)
        assert largest > 0, f"{projection.name}: the comparison needs a gradient"


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through reset"])
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_every_neuron_model_with_constant_weights(neuron, through_reset, kernels, monkeypatch):
    """Windows of 3 steps and a last one of 2, shorter than delays and refractory periods."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    network, (inputs, labels) = build(neuron), sample()
    found = gradients_by_window(engine_of(network, through_reset), cut(inputs, labels, 3))
    compare(found, oracle_gradients(network, inputs, labels, 3, through_reset, 0.0), network)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("neuron", [NEURONS["LIF long refractory"], NEURONS["CubaLIF"], NEURONS["ALIF"]])
@pytest.mark.parametrize("k", [1, 8])
def test_weights_that_change_between_windows(k, neuron, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    network, (inputs, labels) = build(neuron), sample()
    expected = oracle_gradients(network, inputs, labels, k, False, LR)

    def descend(gradients):
        for projection, gradient in zip(network.projections, gradients, strict=True):
            projection.data -= LR * gradient

    compare(gradients_by_window(engine_of(network), cut(inputs, labels, k), descend), expected, network)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("longest_delay", [1, 2, 25])
def test_any_cut_of_a_sequence_gives_the_same_outputs(longest_delay, kernels, monkeypatch):
    """One delay is longer than the whole sequence; windows of changing lengths, some met again."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    network, (inputs, _) = build(NEURONS["CubaLIF"], longest_delay), sample()
    engine = engine_of(network)
    whole = engine.outputs(inputs).copy()
    parts, after = [], None
    for begin, end in [(0, 4), (4, 5), (5, 9), (9, 12), (12, 14), (14, 18), (18, 20)]:
        parts.append(engine.outputs(inputs[begin:end], after=after).copy())
        after = engine.n_runs
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernels", KERNELS)
def test_input_spikes_and_values_take_turns(kernels, monkeypatch):
    """Bytes 0 and 1 are stored without values: a later window of values, or of counts, must not lose that."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    network = build(NEURONS["LIF"], longest_delay=5)
    rng = np.random.default_rng(8)
    spikes = (rng.random((3, 3, 4)) < 0.5).astype(np.uint8)
    values = rng.random((3, 3, 4))
    windows = [spikes, values, spikes, 3 * spikes, spikes, values]
    engine = engine_of(network)
    for _ in range(2):  # the second sequence begins with spikes after values
        whole = engine.outputs(np.concatenate(windows).astype(float)).copy()
        parts, after = [], None
        for window in windows:
            parts.append(engine.outputs(window, after=after).copy())
            after = engine.n_runs
        np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12, atol=1e-12)


def test_a_window_needs_the_state_of_the_one_before():
    network, (inputs, labels) = build(NEURONS["LIF"]), sample()
    engine = engine_of(network)
    engine.outputs(inputs)
    after = engine.n_runs
    with pytest.raises(ShapeError, match=r"a window of 2 sequences can't go on from one of 3"):
        engine.outputs(inputs[:, :2], after=after)
    engine.loss_and_gradient(Batch(inputs, labels))
    with pytest.raises(SCError, match=r"the state of the window before is lost"):
        engine.outputs(inputs, after=after)
