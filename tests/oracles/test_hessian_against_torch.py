"""The Hessian-vector product equals torch's double backward on an independent dense implementation."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

import sc_native
from sc_core import LIF, Batch
from sc_gradient import GradientEngine, Surrogate

sys.path.insert(0, str(Path(__file__).parent))
import torch_network
from networks import MODELS, build, sequences

DEFAULT = ("fast_sigmoid", 5.0, 1.0)


@pytest.fixture(params=["native", "reference"])
def kernels(request, monkeypatch):
    if request.param == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", request.param)
    return request.param


def cross_entropy(outputs, targets):
    return torch.nn.functional.cross_entropy(outputs.sum(0), torch.as_tensor(targets))


def mean_square(outputs, targets):
    return torch.nn.functional.mse_loss(outputs, torch.as_tensor(targets))


def torch_product(network, batch, direction, surrogate, through_reset, loss):
    weights = torch_network.dense_weights(network)
    along = [torch.zeros_like(matrix) for matrix in weights]
    for matrix, projection, values in zip(along, network.projections, direction, strict=True):
        rows = np.repeat(np.arange(projection.source.n), np.diff(projection.indptr))
        matrix[rows, projection.indices] = torch.as_tensor(values)
    outputs = torch_network.run(network, weights, batch.inputs, surrogate, through_reset)
    value = loss(outputs[network.output_population.name], batch.targets)
    gradients = torch.autograd.grad(value, weights, create_graph=True)
    return torch_network.at_synapses(network, torch.autograd.grad(gradients, weights, grad_outputs=along))


def compare(network, batch, surrogate=DEFAULT, through_reset=False, loss="cross_entropy"):
    rng = np.random.default_rng(7)
    direction = [rng.normal(size=projection.n_synapses) for projection in network.projections]
    engine = GradientEngine(network, loss, Surrogate(*surrogate), through_reset=through_reset)
    products = engine.hessian_vector_product(batch, direction)[2]
    oracle = {"cross_entropy": cross_entropy, "mean_square": mean_square}[loss]
    expected = torch_product(network, batch, direction, surrogate, through_reset, oracle)
    for projection, ours, theirs in zip(network.projections, products, expected, strict=True):
        largest = np.abs(theirs).max()
        assert largest > 0, f"{projection.name}: the comparison needs a product"
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10 * largest, err_msg=projection.name)


@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through the reset"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_every_neuron_model(neuron, through_reset, kernels):
    compare(build(neuron), Batch(*sequences(3)), through_reset=through_reset)


@pytest.mark.parametrize("name", ["fast_sigmoid", "arctan", "triangle"])
def test_every_surrogate(name, kernels):
    compare(build(MODELS["ALIF"]), Batch(*sequences(2)), (name, 2.0, 1.7), through_reset=True)


def test_mean_square(kernels):
    targets = np.random.default_rng(1).normal(size=(16, 3, 3))
    compare(build(MODELS["CubaLIF"]), Batch(sequences(3)[0], targets), loss="mean_square")


def test_spikes_as_bytes_and_a_spiking_output(kernels):
    inputs, labels = sequences(17)
    compare(build(MODELS["LIF"], output=LIF(tau=5.0)), Batch((inputs > 0).astype(np.uint8), labels))
