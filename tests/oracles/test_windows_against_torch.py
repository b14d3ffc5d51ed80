"""The learner tbptt takes the steps of torch's autograd with all state detached at the borders of windows."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

import sc_native
from sc_core import Batch
from sc_plugin_tbptt import TBPTTLearner

sys.path.insert(0, str(Path(__file__).parent))
import torch_network
from networks import MODELS, build, sequences

SURROGATE = ("fast_sigmoid", 5.0, 1.0)
OPTIONS = {"surrogate_slope": 5.0}
K, LR = 6, 0.3  # windows of 6, 6 and 4 steps; the longest delay is 4


@pytest.fixture(params=["native", "reference"])
def kernels(request, monkeypatch):
    if request.param == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", request.param)


def window_losses(session, weights, inputs, labels):
    """Yield each window's loss; the list of weights may change before the next one is asked for."""
    for begin in range(0, len(inputs), K):
        session.detach()
        outputs = session.run(weights, inputs[begin : begin + K])
        yield torch.nn.functional.cross_entropy(outputs["readout"].sum(0), torch.as_tensor(labels))


def masked(network, gradients):
    patterns = [torch.as_tensor(p.weights.toarray() != 0) for p in network.projections]
    return [gradient * pattern for gradient, pattern in zip(gradients, patterns, strict=True)]


def assert_weights_equal(network, dense):
    for projection, matrix in zip(network.projections, dense, strict=True):
        np.testing.assert_allclose(
            projection.weights.toarray(), matrix.detach(), rtol=1e-9, atol=1e-12, err_msg=projection.name
        )


@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through the reset"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_an_update_after_each_window(neuron, through_reset, kernels):
    network, (inputs, labels) = build(neuron), sequences(3)
    before = [projection.data.copy() for projection in network.projections]
    weights = torch_network.dense_weights(network)
    session = torch_network.Session(network, SURROGATE, through_reset)
    total = 0.0
    for loss in window_losses(session, weights, inputs, labels):
        total += loss.item()
        gradients = masked(network, torch.autograd.grad(loss, weights))
        weights[:] = [(w - LR * g).detach().requires_grad_() for w, g in zip(weights, gradients, strict=True)]
    learner = TBPTTLearner(network, "cross_entropy", LR, K, through_reset=through_reset, **OPTIONS)
    assert learner.train_step(inputs, labels) == pytest.approx(total, rel=1e-9)
    assert_weights_equal(network, weights)
    for projection, start in zip(network.projections, before, strict=True):
        assert np.abs(projection.data - start).max() > 1e-6, projection.name


@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_one_update_with_weights_and_parameters_of_neurons(neuron, kernels):
    network, (inputs, labels) = build(neuron), sequences(3)
    names = ["tau", "v_threshold"] if hasattr(neuron, "tau") else ["tau_syn", "tau_mem", "v_threshold"]
    learner = TBPTTLearner(
        network, "cross_entropy", LR, K, update="sequence", learned_parameters=names, **OPTIONS
    )
    weights = torch_network.dense_weights(network)
    values = {
        (p.name, name): torch_network.tensor(array.copy()).requires_grad_()
        for p in network.populations
        for name, array in p.learned_parameters.items()
    }
    session = torch_network.Session(network, SURROGATE, False, values)
    loss = sum(window_losses(session, weights, inputs, labels))
    theirs = torch.autograd.grad(loss, [*weights, *values.values()])
    expected = torch_network.at_synapses(network, theirs[: len(weights)])
    expected += [gradient.numpy() for gradient in theirs[len(weights) :]]
    ours, gradients = learner.loss_and_gradient(Batch(inputs, labels))
    assert ours == pytest.approx(loss.item(), rel=1e-9)
    for mine, its in zip(gradients, expected, strict=True):
        largest = np.abs(its).max()
        assert largest > 0
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-12 * largest)
    learner.learn(Batch(inputs, labels))
    stepped = masked(network, theirs[: len(weights)])
    assert_weights_equal(network, [w - LR * g for w, g in zip(weights, stepped, strict=True)])
    for place, ((population, name), value) in enumerate(values.items(), start=len(weights)):
        bound = -0.3 if name == "v_threshold" and neuron is MODELS["LIF to value"] else 0.0
        if name == "v_threshold" and neuron is MODELS["ALIF"]:
            bound = -0.2
        distance = value.detach().numpy() - bound
        moved = bound + distance * np.exp(-LR * distance * theirs[place].numpy())
        shown = getattr(next(p for p in network.populations if p.name == population).neuron, name)
        np.testing.assert_allclose(shown, moved, rtol=1e-9)
