"""Optimisers and gradient clipping against torch.optim."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

from sc_core import LI, Input, Network, Population, Projection
from sc_gradient import Optimiser, OptimiserOptions

N = 30


def network():
    rng = np.random.default_rng(0)
    source, targets = Population("source", 1, Input()), [Population(name, N, LI()) for name in ("a", "b")]
    return Network(
        [source, *targets], [Projection(source, target, rng.normal(size=(1, N))) for target in targets]
    )


def gradients(step):
    rng = np.random.default_rng(100 + step)
    return [10.0 ** rng.uniform(-6, 3) * rng.normal(size=N) for _ in range(2)]


OPTIMISERS = {
    "sgd": ({}, torch.optim.SGD, {}),
    "momentum": ({"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9}),
    "adam": ({"optimiser": "adam"}, torch.optim.Adam, {}),
    "adam, other constants": (
        {"optimiser": "adam", "beta_1": 0.7, "beta_2": 0.95, "epsilon": 1e-3},
        torch.optim.Adam,
        {"betas": (0.7, 0.95), "eps": 1e-3},
    ),
    "adamw": ({"optimiser": "adamw", "weight_decay": 0.1}, torch.optim.AdamW, {"weight_decay": 0.1}),
}


@pytest.mark.parametrize(("options", "peer", "peer_options"), OPTIMISERS.values(), ids=OPTIMISERS)
def test_weights_stay_equal_over_many_updates_at_changing_rates(options, peer, peer_options):
    net = network()
    ours = Optimiser(net, OptimiserOptions(**options))
    tensors = [torch.tensor(projection.data, requires_grad=True) for projection in net.projections]
    theirs = peer(tensors, lr=1.0, **peer_options)
    for step in range(60):
        rate = 0.05 * 0.97**step
        ours.update(gradients(step), lr=rate)
        theirs.param_groups[0]["lr"] = rate
        for tensor, gradient in zip(tensors, gradients(step), strict=True):
            tensor.grad = torch.tensor(gradient)
        theirs.step()
    for projection, tensor in zip(net.projections, tensors, strict=True):
        np.testing.assert_allclose(projection.data, tensor.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("limit", [1e3, 1e5])
def test_clipping_equals_clip_grad_norm(limit):
    """torch adds 1e-6 to the norm; at norms of thousands that is nothing."""
    net = network()
    before = [projection.data.copy() for projection in net.projections]
    large = [1e3 * np.random.default_rng(place).normal(size=N) for place in range(2)]
    Optimiser(net, OptimiserOptions(clip_norm=limit)).update(large, lr=1.0)
    tensors = [torch.zeros(N, dtype=torch.float64, requires_grad=True) for _ in large]
    for tensor, gradient in zip(tensors, large, strict=True):
        tensor.grad = torch.tensor(gradient)
    norm = torch.nn.utils.clip_grad_norm_(tensors, limit)
    assert (norm > limit) == (limit == 1e3)
    for projection, start, tensor in zip(net.projections, before, tensors, strict=True):
        np.testing.assert_allclose(start - projection.data, tensor.grad.numpy(), rtol=1e-8, atol=1e-9)
