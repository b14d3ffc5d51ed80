"""The meta-gradient equals that of torch through the unrolled inner loop, on an independent implementation."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

from sc_core import Batch
from sc_core.contracts import Task
from sc_plugin_maml import MetaLearner

sys.path.insert(0, str(Path(__file__).parent))
import torch_network
from networks import MODELS, build, sequences

SURROGATE = ("fast_sigmoid", 5.0, 1.0)
INNER_LR, INNER_STEPS = 0.5, 3


def a_task():
    inputs, labels = sequences(7)
    return Task(Batch(inputs[:, :3], labels[:3]), Batch(inputs[:, 3:], labels[3:]))


def torch_loss(network, weights, batch, through_reset):
    outputs = torch_network.run(network, weights, batch.inputs, SURROGATE, through_reset)
    scores = outputs[network.output_population.name].sum(0)
    return torch.nn.functional.cross_entropy(scores, torch.as_tensor(batch.targets))


def torch_meta_gradient(network, task, through_reset, through_inner_loop):
    base = torch_network.dense_weights(network)
    patterns = [torch.as_tensor(projection.weights.toarray() != 0) for projection in network.projections]
    adapted = base
    for _ in range(INNER_STEPS):
        loss = torch_loss(network, adapted, task.support, through_reset)
        gradients = torch.autograd.grad(loss, adapted, create_graph=through_inner_loop)
        adapted = [
            w - INNER_LR * g * pattern for w, g, pattern in zip(adapted, gradients, patterns, strict=True)
        ]
    loss = torch_loss(network, adapted, task.query, through_reset)
    return loss.item(), torch_network.at_synapses(network, torch.autograd.grad(loss, base))


def ours(network, task, through_reset, order):
    learner = MetaLearner(
        network,
        inner_lr=INNER_LR,
        inner_steps=INNER_STEPS,
        order=order,
        surrogate_slope=SURROGATE[1],
        through_reset=through_reset,
    )
    return learner.meta_gradient([task])


@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through the reset"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_both_orders(neuron, through_reset):
    network, task = build(neuron), a_task()
    exact = {}
    for order in (2, 1):
        loss, gradients = ours(network, task, through_reset, order)
        expected, theirs = torch_meta_gradient(network, task, through_reset, through_inner_loop=order == 2)
        assert loss == pytest.approx(expected, rel=1e-9)
        for projection, mine, its in zip(network.projections, gradients, theirs, strict=True):
            largest = np.abs(its).max()
            assert largest > 0, f"{projection.name}: the comparison needs a gradient"
            np.testing.assert_allclose(mine, its, rtol=1e-8, atol=1e-9 * largest, err_msg=projection.name)
        exact[order] = gradients
    for projection, two, one in zip(network.projections, exact[2], exact[1], strict=True):
        assert np.linalg.norm(two - one) > 1e-3 * np.linalg.norm(two), projection.name
