"""The Fisher information of `ewc` equals that of torch's autograd, sample by sample and class by class."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

import sc_native
from sc_core import Batch, registry

sys.path.insert(0, str(Path(__file__).parent))
import torch_network
from networks import MODELS, build, sequences

SURROGATE = ("fast_sigmoid", 5.0, 1.0)


def log_probabilities(network, weights, inputs):
    """log p(class) of one sequence, for the softmax of its summed outputs."""
    outputs = torch_network.run(network, weights, inputs, SURROGATE, False)
    return torch.log_softmax(outputs[network.output_population.name][:, 0].sum(0), 0)


def fisher_by_torch(network, batch, kind):
    weights = torch_network.dense_weights(network)
    sums = [0.0 for _ in weights]
    for sample in range(batch.inputs.shape[1]):
        log_p = log_probabilities(network, weights, batch.inputs[:, [sample]])
        classes = range(len(log_p)) if kind == "exact" else [int(batch.targets[sample])]
        for c in classes:
            share = log_p[c].exp().item() if kind == "exact" else 1.0
            gradients = torch.autograd.grad(log_p[c], weights, retain_graph=True)
            sums = [total + share * g**2 for total, g in zip(sums, gradients, strict=True)]
    return torch_network.at_synapses(network, [total / batch.inputs.shape[1] for total in sums])


def compare(network, diagonals):
    for projection, expected in zip(network.projections, diagonals, strict=True):
        found = projection.synapse_state["ewc_importance"]
        assert expected.max() > 0
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())


@pytest.mark.parametrize("kernels", ["native", "reference"])
@pytest.mark.parametrize("kind", ["exact", "empirical"])
@pytest.mark.parametrize("neuron", ["LIF", "CubaLIF", "ALIF refractory"])
def test_every_weights_fisher_information(neuron, kind, kernels, monkeypatch):
    if kernels == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", kernels)
    network, batch = build(MODELS[neuron]), Batch(*sequences(5))
    learner = {"name": "bptt", "surrogate_slope": 5.0}
    registry.create("learner", "ewc", network, learner=learner, fisher=kind).consolidate([batch])
    compare(network, fisher_by_torch(network, batch, kind))


def test_around_tbptt():
    """With one window for the whole sequence; the equations of windows have oracles of their own."""
    network, batch = build(MODELS["LIF"]), Batch(*sequences(4))
    learner = {"name": "tbptt", "surrogate_slope": 5.0, "k": 16}
    registry.create("learner", "ewc", network, learner=learner).consolidate([batch])
    compare(network, fisher_by_torch(network, batch, "exact"))
