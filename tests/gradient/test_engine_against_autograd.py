"""Every weight's gradient equals that of HIPS autograd on an independent dense implementation."""

import sys
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.sparse

import sc_native
from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection
from sc_gradient import GradientEngine, Surrogate, find_loss

sys.path.insert(0, str(Path(__file__).parent))
import dense_oracle

NEURONS = {
    "LIF": LIF(tau=8.0),
    "LIF heterogeneous": LIF(tau=np.linspace(4, 20, 6), v_threshold=np.linspace(0.6, 1.4, 6), r=1.5),
    "LIF to value": LIF(tau=8.0, reset="to_value", v_reset=-0.3, v_leak=0.1),
    "LIF refractory": LIF(tau=8.0, refractory_steps=2),
    "CubaLIF": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4),
    "CubaLIF refractory": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4, refractory_steps=3),
    "ALIF": ALIF(tau=8.0, tau_adaptation=15.0, v_reset=-0.2),
    "ALIF refractory to value": ALIF(tau=8.0, tau_adaptation=15.0, refractory_steps=2, reset="to_value"),
}
KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]


def matrix(rng, n_source, n_target, density, scale, dtype):
    pattern = rng.random((n_source, n_target)) < density
    return scipy.sparse.csr_array(pattern * rng.normal(0, scale, pattern.shape)).astype(dtype)


def build(neuron, dtype=np.float64, output=None):
    """Two hidden layers, recurrence, feedback, a skip connection; dense and sparse; delays 0 to 3."""
    rng = np.random.default_rng(11)
    source, readout = Population("source", 4, Input()), Population("readout", 3, output or LI(tau=10.0))
    first, second = Population("first", 6, neuron), Population("second", 6, neuron)
    return Network(
        [source, first, second, readout],
        [
            Projection(source, first, matrix(rng, 4, 6, 1.0, 12.0, dtype)),
            Projection(first, first, matrix(rng, 6, 6, 0.5, 5.0, dtype), delay=1),
            Projection(first, second, matrix(rng, 6, 6, 0.7, 9.0, dtype)),
            Projection(second, first, matrix(rng, 6, 6, 0.4, 5.0, dtype), delay=3),
            Projection(first, readout, matrix(rng, 6, 3, 0.6, 2.0, dtype), delay=2),
            Projection(second, readout, matrix(rng, 6, 3, 1.0, 2.0, dtype)),
        ],
    )


def sample(batch, n_steps=14):
    rng = np.random.default_rng(3)
    return (rng.random((n_steps, batch, 4)) < 0.5) * rng.random((n_steps, batch, 4)), rng.integers(
        0, 3, batch
    )


def oracle_cross_entropy(outputs, labels):
    score = sum(outputs)
    shifted = score - anp.max(score, axis=1, keepdims=True)
    log_probability = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
    return -anp.mean(log_probability[np.arange(len(labels)), labels])


def oracle_gradient(network, batch, surrogate, through_reset):
    spike = dense_oracle.spike_function(surrogate.name, surrogate.slope, surrogate.scale)

    def loss(weights):
        outputs = dense_oracle.run(network, weights, batch.inputs, spike, through_reset)
        return oracle_cross_entropy(outputs[network.output_population.name], batch.targets)

    weights = [projection.weights.toarray().astype(float) for projection in network.projections]
    value, dense = autograd.value_and_grad(loss)(weights)
    places = [projection.weights.nonzero() for projection in network.projections]
    return value, [gradient[place] for gradient, place in zip(dense, places, strict=True)]


def compare(network, batch, surrogate, through_reset, tolerance):
    engine = GradientEngine(network, find_loss("cross_entropy"), surrogate, through_reset=through_reset)
    loss, gradients = engine.loss_and_gradient(batch)
    expected_loss, expected = oracle_gradient(network, batch, surrogate, through_reset)
    assert loss == pytest.approx(expected_loss, rel=tolerance)
    for projection, ours, theirs in zip(network.projections, gradients, expected, strict=True):
        scale = np.abs(theirs).max()
        assert scale > 0, f"{projection.name}: the comparison needs a gradient"
        np.testing.assert_allclose(
            ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=projection.name
        )


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through reset"])
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_every_neuron_model(neuron, through_reset, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    compare(build(neuron), Batch(*sample(3)), Surrogate("fast_sigmoid", 5.0), through_reset, 1e-9)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("neuron", ["LIF", "LIF heterogeneous", "LIF refractory", "ALIF", "CubaLIF"])
@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_few_spikes_through_dense_matrices(rate, loop, neuron, kernels, monkeypatch):
    """Rows of weights are added where their targets step, and signals from few readouts where theirs do."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    rng = np.random.default_rng(12)
    model = NEURONS[neuron]
    if neuron == "LIF heterogeneous":
        model = LIF(tau=np.linspace(4, 20, 13), v_threshold=np.linspace(0.6, 1.4, 13))
    source, hidden, readout = (
        Population("source", 30, Input()),
        Population("hidden", 13, model),
        Population("readout", 2, LI(tau=10.0)),
    )
    projections = [
        Projection(source, hidden, rng.normal(0, 8.0, (30, 13))),
        Projection(hidden, readout, rng.normal(0, 2.0, (13, 2)), delay=1),
    ]
    if loop:
        projections.append(Projection(hidden, hidden, rng.normal(0, 3.0, (13, 13)), delay=2))
    network = Network([source, hidden, readout], projections)
    spikes = (rng.random((40, 3, 30)) < rate).astype(np.uint8)
    compare(network, Batch(spikes, np.array([0, 1, 1])), Surrogate(), False, 1e-9)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", ["fast_sigmoid", "arctan", "triangle"])
def test_every_surrogate(name, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    compare(build(NEURONS["ALIF"]), Batch(*sample(2)), Surrogate(name, 2.0, 1.7), True, 1e-9)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("batch", [1, 5])
def test_spiking_output_and_batch_sizes(batch, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    network = build(NEURONS["LIF"], output=LIF(tau=5.0))
    compare(network, Batch(*sample(batch)), Surrogate("fast_sigmoid", 5.0), False, 1e-9)


@pytest.mark.parametrize("kernels", KERNELS)
def test_single_precision(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    compare(build(NEURONS["CubaLIF"], np.float32), Batch(*sample(4)), Surrogate("arctan", 3.0), False, 1e-4)


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
def test_same_bits_for_any_thread_count(monkeypatch):
    network, batch = build(NEURONS["ALIF"], np.float32), Batch(*sample(7))
    results = []
    for threads in ("1", "2", "3", "5"):
        monkeypatch.setenv("SC_THREADS", threads)
        engine = GradientEngine(network, find_loss("cross_entropy"), Surrogate(), through_reset=False)
        results.append(engine.loss_and_gradient(batch)[1])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_second_batch_does_not_see_the_first():
    network = build(NEURONS["CubaLIF refractory"])
    engine = GradientEngine(network, find_loss("cross_entropy"), Surrogate(), through_reset=False)
    first = engine.loss_and_gradient(Batch(*sample(2)))[1]
    engine.loss_and_gradient(Batch(2 * sample(2)[0], sample(2)[1]))
    again = engine.loss_and_gradient(Batch(*sample(2)))[1]
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_frozen_projection_gets_no_gradient_but_passes_it_on():
    network = build(NEURONS["LIF"])
    network.projections[2].trainable = False
    engine = GradientEngine(network, find_loss("cross_entropy"), Surrogate(), through_reset=False)
    gradients = engine.loss_and_gradient(Batch(*sample(2)))[1]
    assert not gradients[2].any()
    _, expected = oracle_gradient(network, Batch(*sample(2)), Surrogate(), False)
    np.testing.assert_allclose(gradients[0], expected[0], rtol=1e-9, atol=1e-12)
