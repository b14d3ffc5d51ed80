"""Learning rates against torch.optim.lr_scheduler on the same settings."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

from torch.optim import lr_scheduler

from sc_core import registry


def rates_of_torch(make_scheduler, lr, n):
    """Return the rate after each of n calls of step, as torch's documentation orders the calls."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make_scheduler(optimiser)
    rates = []
    for _ in range(n):
        optimiser.step()
        scheduler.step()
        rates.append(optimiser.param_groups[0]["lr"])
    return rates


def rates(name, n, **options):
    scheduler = registry.create("scheduler", name, **options)
    return [scheduler.step() for _ in range(n)]


@pytest.mark.parametrize(("step_size", "gamma"), [(1, 0.9), (10, 0.1), (7, 0.5), (300, 0.1)])
def test_step(step_size, gamma):
    expected = rates_of_torch(lambda optimiser: lr_scheduler.StepLR(optimiser, step_size, gamma), 0.03, 250)
    got = rates("step", 250, lr_init=0.03, step_size=step_size, gamma=gamma)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.999, 0.9, 1.0, 1.02])
def test_exponential(gamma):
    expected = rates_of_torch(lambda optimiser: lr_scheduler.ExponentialLR(optimiser, gamma), 0.03, 250)
    np.testing.assert_allclose(rates("exponential", 250, lr_init=0.03, gamma=gamma), expected, rtol=1e-12)


@pytest.mark.parametrize(("lr_min", "total"), [(0.0, 10), (1e-4, 250), (0.03, 20), (0.01, 1)])
def test_cosine(lr_min, total):
    """Up to the end of the first half period: from there torch's rate rises again, and ours stays."""
    expected = rates_of_torch(
        lambda optimiser: lr_scheduler.CosineAnnealingLR(optimiser, total, eta_min=lr_min), 0.03, total
    )
    got = rates("cosine", total, lr_init=0.03, lr_min=lr_min, total_steps=total)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("warmup", "total"), [(1, 10), (20, 100), (99, 100)])
def test_warmup_cosine(warmup, total):
    up = rates_of_torch(
        lambda optimiser: lr_scheduler.LambdaLR(optimiser, lambda n: min(n / warmup, 1.0)), 0.03, warmup
    )
    down = rates_of_torch(
        lambda optimiser: lr_scheduler.CosineAnnealingLR(optimiser, total - warmup, eta_min=1e-4),
        0.03,
        total - warmup,
    )
    got = rates("warmup-cosine", total, lr_init=0.03, lr_min=1e-4, warmup_steps=warmup, total_steps=total)
    np.testing.assert_allclose(got, up + down, rtol=1e-9, atol=1e-15)
