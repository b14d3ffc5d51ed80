"""Every weight's gradient equals that of torch's autograd on an independent dense implementation."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

import sc_native
from sc_core import ALIF, LIF, Batch, CubaLIF, Network, Population, Projection
from sc_core.simulation import simulate
from sc_gradient import GradientEngine, Optimiser, OptimiserOptions, RatePenalty, Surrogate

sys.path.insert(0, str(Path(__file__).parent))
import torch_network
from networks import MODELS, N_HIDDEN, build, heterogeneous, sequences

DEFAULT = ("fast_sigmoid", 5.0, 1.0)


@pytest.fixture(
    params=["native-1", "native-2", "reference-1"], ids=["native", "native, 2 threads", "reference"]
)
def kernels(request, monkeypatch):
    """Every test runs with both kernels, the compiled ones with one and with two threads."""
    name, threads = request.param.split("-")
    if name == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", name)
    monkeypatch.setenv("SC_THREADS", threads)
    return request.param


def torch_loss_and_gradient(network, batch, surrogate, through_reset, recorded=None):
    """Cross-entropy on summed outputs; one gradient per projection, at its synapses."""
    weights = torch_network.dense_weights(network)
    outputs = torch_network.run(network, weights, batch.inputs, surrogate, through_reset, recorded)
    scores = outputs[network.output_population.name].sum(0)
    loss = torch.nn.functional.cross_entropy(scores, torch.as_tensor(batch.targets))
    gradients = torch.autograd.grad(loss, weights)
    return loss.item(), torch_network.at_synapses(network, gradients)


def assert_gradients_equal(network, ours, theirs, tolerance):
    """Each to `tolerance` relative; where terms cancel, a thousandth of that of the projection's largest."""
    for projection, mine, its in zip(network.projections, ours, theirs, strict=True):
        largest = np.abs(its).max()
        assert largest > 0, f"{projection.name}: the comparison needs a gradient"
        assert mine.shape == (projection.n_synapses,)
        np.testing.assert_allclose(
            mine, its, rtol=tolerance, atol=tolerance * largest / 1000, err_msg=projection.name
        )


def compare(network, batch, surrogate=DEFAULT, through_reset=False):
    engine = GradientEngine(network, "cross_entropy", Surrogate(*surrogate), through_reset=through_reset)
    loss, gradients = engine.loss_and_gradient(batch)
    expected, expected_gradients = torch_loss_and_gradient(network, batch, surrogate, through_reset)
    assert loss == pytest.approx(expected, rel=1e-9)
    assert_gradients_equal(network, gradients, expected_gradients, 1e-9)


@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through the reset"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_every_neuron_model(neuron, through_reset, kernels):
    compare(build(neuron), Batch(*sequences(3)), through_reset=through_reset)


@pytest.mark.parametrize("name", ["fast_sigmoid", "arctan", "triangle"])
@pytest.mark.parametrize(("slope", "scale"), [(2.0, 1.0), (4.0, 1.7)])
def test_every_surrogate(name, slope, scale, kernels):
    compare(build(MODELS["ALIF"]), Batch(*sequences(2)), (name, slope, scale), through_reset=True)


@pytest.mark.parametrize("batch", [1, 2, 16, 37])
def test_batch_sizes(batch, kernels):
    compare(build(MODELS["LIF"]), Batch(*sequences(batch)))


def test_mixed_models_parameters_per_neuron_and_another_step(kernels):
    network = build(heterogeneous(N_HIDDEN[0]), MODELS["CubaLIF"], output=MODELS["ALIF"], dt=0.7)
    compare(network, Batch(*sequences(3)), through_reset=True)


def test_spikes_as_bytes_and_a_spiking_output(kernels):
    inputs, labels = sequences(4)
    compare(build(MODELS["CubaLIF"], output=LIF(tau=5.0)), Batch((inputs > 0).astype(np.uint8), labels))


def test_a_single_recurrent_population_that_currents_drive(kernels):
    rng = np.random.default_rng(5)
    neurons = Population("neurons", 20, ALIF(tau=6.0, tau_adaptation=20.0))
    weights = rng.normal(0.1, 1.2, (20, 20)) * (rng.random((20, 20)) < 0.3)
    network = Network([neurons], [Projection(neurons, neurons, weights, delay=2)])
    compare(network, Batch(3 * rng.random((25, 3, 20)), rng.integers(0, 20, 3)), through_reset=True)


@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_single_precision_on_the_same_spikes(neuron, kernels):
    """A membrane near its threshold may fire in one precision only: torch takes the spikes that ours recorded."""
    network, batch = build(neuron, dtype=np.float32), Batch(*sequences(4))
    engine = GradientEngine(network, "cross_entropy", Surrogate(*DEFAULT), through_reset=False)
    loss, gradients = engine.loss_and_gradient(batch)
    expected, expected_gradients = torch_loss_and_gradient(
        network, batch, DEFAULT, False, recorded=simulate(network, batch.inputs)
    )
    assert loss == pytest.approx(expected, rel=1e-5)
    for gradient in gradients:
        assert gradient.dtype == np.float32
    assert_gradients_equal(network, gradients, expected_gradients, 1e-4)


@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_the_networks_are_neither_silent_nor_saturated(neuron):
    """Comparing gradients means little where nothing fires, or everything."""
    outputs = simulate(build(neuron), sequences(16)[0])
    for name in ("lower", "upper"):
        assert 0.03 < outputs[name].mean() < 0.5


def test_a_rate_penalty_on_a_hidden_population(kernels):
    network, batch = build(MODELS["CubaLIF"]), Batch(*sequences(3))
    penalty = RatePenalty(population="lower", strength=1e-3, upper=10.0)
    engine = GradientEngine(
        network, "cross_entropy", Surrogate(*DEFAULT), through_reset=False, rate_penalties=[penalty]
    )
    loss, gradients = engine.loss_and_gradient(batch)

    weights = torch_network.dense_weights(network)
    outputs = torch_network.run(network, weights, batch.inputs, DEFAULT, False)
    expected = torch.nn.functional.cross_entropy(outputs["readout"].sum(0), torch.as_tensor(batch.targets))
    expected = expected + 1e-3 * torch.relu(1000 * outputs["lower"].mean() - 10) ** 2
    assert loss == pytest.approx(expected.item(), rel=1e-9)
    theirs = torch_network.at_synapses(network, torch.autograd.grad(expected, weights))
    assert_gradients_equal(network, gradients, theirs, 1e-9)


def test_training_moves_the_same_weights_and_no_others(kernels):
    """Ten steps of Adam; torch trains dense matrices whose gradient is masked by the pattern."""
    network, batch = build(CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4)), Batch(*sequences(5))
    patterns = [torch.as_tensor(p.weights.toarray() != 0) for p in network.projections]
    indices = [projection.indices.copy() for projection in network.projections]
    weights = torch_network.dense_weights(network)
    theirs = torch.optim.Adam(weights, lr=0.01)
    ours = Optimiser(network, OptimiserOptions(optimiser="adam"))
    engine = GradientEngine(network, "cross_entropy", Surrogate(*DEFAULT), through_reset=False)
    for _ in range(10):
        ours.update(engine.loss_and_gradient(batch)[1], lr=0.01)
        outputs = torch_network.run(network, weights, batch.inputs, DEFAULT, False)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(
            outputs["readout"].sum(0), torch.as_tensor(batch.targets)
        ).backward()
        for matrix, pattern in zip(weights, patterns, strict=True):
            matrix.grad *= pattern
        theirs.step()
    for projection, matrix, before in zip(network.projections, weights, indices, strict=True):
        np.testing.assert_array_equal(projection.indices, before)
        np.testing.assert_allclose(
            projection.weights.toarray(), matrix.detach(), rtol=1e-9, atol=1e-9, err_msg=projection.name
        )
