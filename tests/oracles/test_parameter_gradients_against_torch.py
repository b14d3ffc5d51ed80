"""The gradients of time constants, thresholds and adaptation equal those of torch's autograd, neuron by neuron."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import attrs
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

import sc_native
from sc_core import LI, LIF, Batch, CubaLIF
from sc_core.simulation import simulate
from sc_gradient import GradientEngine, Surrogate, find_learned_parameters

sys.path.insert(0, str(Path(__file__).parent))
import torch_network
from networks import MODELS, N_HIDDEN, build, heterogeneous, sequences

DEFAULT = ("fast_sigmoid", 5.0, 1.0)
ALL = ["tau", "tau_syn", "tau_mem", "tau_adaptation", "adaptation_strength", "v_threshold"]


@pytest.fixture(
    params=["native-1", "native-2", "reference-1"], ids=["native", "native, 2 threads", "reference"]
)
def kernels(request, monkeypatch):
    name, threads = request.param.split("-")
    if name == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", name)
    monkeypatch.setenv("SC_THREADS", threads)


def names_in(network):
    fields = {field.name for p in network.populations for field in attrs.fields(type(p.neuron))}
    return [name for name in ALL if name in fields]


def torch_loss_and_gradient(network, batch, surrogate, through_reset, learned, recorded=None):
    values = {
        (one.population.name, one.name): torch_network.tensor(one.values).requires_grad_() for one in learned
    }
    weights = torch_network.dense_weights(network)
    outputs = torch_network.run(network, weights, batch.inputs, surrogate, through_reset, recorded, values)
    scores = outputs[network.output_population.name].sum(0)
    loss = torch.nn.functional.cross_entropy(scores, torch.as_tensor(batch.targets))
    gradients = torch.autograd.grad(loss, [*weights, *values.values()])
    n_weights = len(weights)
    at_synapses = torch_network.at_synapses(network, gradients[:n_weights])
    return loss.item(), at_synapses + [gradient.numpy() for gradient in gradients[n_weights:]]


def compare(network, batch, surrogate=DEFAULT, through_reset=False, tolerance=1e-9, recorded=None):
    learned = find_learned_parameters(network, names_in(network))
    engine = GradientEngine(
        network, "cross_entropy", Surrogate(*surrogate), through_reset=through_reset, learned=learned
    )
    loss, gradients = engine.loss_and_gradient(batch)
    expected, theirs = torch_loss_and_gradient(network, batch, surrogate, through_reset, learned, recorded)
    assert loss == pytest.approx(expected, rel=max(tolerance / 10, 1e-9))
    labels = [p.name for p in network.projections] + [f"{one.population.name}.{one.name}" for one in learned]
    for label, mine, its in zip(labels, gradients, theirs, strict=True):
        largest = np.abs(its).max()
        assert largest > 0, f"{label}: the comparison needs a gradient"
        assert mine.dtype == network.dtype
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance * largest / 1000, err_msg=label)


@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through the reset"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_every_neuron_model(neuron, through_reset, kernels):
    compare(build(neuron), Batch(*sequences(3)), through_reset=through_reset)


@pytest.mark.parametrize("name", ["fast_sigmoid", "arctan", "triangle"])
@pytest.mark.parametrize("model", ["LIF", "ALIF"])
def test_every_surrogate(model, name, kernels):
    compare(build(MODELS[model]), Batch(*sequences(2)), (name, 2.0, 1.7))


@pytest.mark.parametrize("batch", [1, 16, 37])
def test_batch_sizes(batch, kernels):
    compare(build(MODELS["LIF"]), Batch(*sequences(batch)))


def test_mixed_models_values_per_neuron_and_another_step(kernels):
    network = build(heterogeneous(N_HIDDEN[0]), MODELS["CubaLIF"], output=MODELS["ALIF"], dt=0.7)
    compare(network, Batch(*sequences(3)), through_reset=True)


def test_inputs_that_reach_no_membrane(kernels):
    """Without resistance, or without synaptic gain, nothing can be recovered from dL/dx."""
    with_leak = LIF(tau=8.0, r=0.0, v_leak=1.3)
    compare_only_parameters(build(with_leak, CubaLIF(w_in=0.0, v_leak=1.2, tau_syn=3.0), output=LI()))


def compare_only_parameters(network):
    batch = Batch(*sequences(2))
    learned = find_learned_parameters(network, ["tau", "tau_mem", "v_threshold"])
    engine = GradientEngine(
        network, "cross_entropy", Surrogate(*DEFAULT), through_reset=True, learned=learned
    )
    ours = engine.loss_and_gradient(batch)[1]
    _, theirs = torch_loss_and_gradient(network, batch, DEFAULT, True, learned)
    assert any(np.abs(gradient).max() > 0 for gradient in theirs[len(network.projections) :])
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_single_precision_on_the_same_spikes(neuron, kernels):
    network, batch = build(neuron, dtype=np.float32), Batch(*sequences(4))
    compare(network, batch, tolerance=1e-4, recorded=simulate(network, batch.inputs))
