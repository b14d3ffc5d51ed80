"""Losses and their gradients against torch.nn.functional and autograd."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

from sc_gradient import LOSSES, find_loss

N_STEPS, BATCH, N_OUTPUT = 13, 6, 4
DT, TAU = 0.4, 2.5
RNG = np.random.default_rng(0)
POTENTIALS = RNG.normal(size=(N_STEPS, BATCH, N_OUTPUT))
SPIKES = (RNG.random(POTENTIALS.shape) < 0.3).astype(float)
LABELS = RNG.integers(0, N_OUTPUT, BATCH)
SEQUENCES = (RNG.random(POTENTIALS.shape) < 0.3).astype(float)


def filtered(signal, gain):
    """Exponential filter, step by step."""
    steps, last = [], torch.zeros_like(signal[0])
    for now in signal:
        last = math.exp(-DT / TAU) * last + gain * now
        steps.append(last)
    return torch.stack(steps)


def cross_entropy(scores, labels):
    return torch.nn.functional.cross_entropy(scores, labels)


def cross_entropy_of_steps(out, labels):
    """The last five steps count."""
    return torch.nn.functional.cross_entropy(out[-5:].flatten(0, 1), labels.repeat(5))


def filtered_mean_square(out, target):
    return torch.nn.functional.mse_loss(filtered(out, 1 - math.exp(-DT / TAU)), target)


def van_rossum(out, target):
    """The integral of a squared decaying exponential over every step, the last one without end."""
    squared = filtered(out - target, 1.0) ** 2
    within = TAU / 2 * (1 - math.exp(-2 * DT / TAU)) * squared[:-1].sum()
    return (within + TAU / 2 * squared[-1].sum()) / TAU / BATCH


ORACLES = {
    "cross_entropy": (lambda out, y: cross_entropy(out.sum(0), y), LABELS),
    "cross_entropy_max": (lambda out, y: cross_entropy(out.max(0).values, y), LABELS),
    "cross_entropy_last": (lambda out, y: cross_entropy(out[-1], y), LABELS),
    "cross_entropy_steps": (cross_entropy_of_steps, LABELS),
    "mean_square": (torch.nn.functional.mse_loss, SEQUENCES),
    "mean_square_filtered": (filtered_mean_square, SEQUENCES),
    "van_rossum": (van_rossum, SEQUENCES),
}
OPTIONS = {
    "cross_entropy_steps": {"last": 5},
    "mean_square_filtered": {"tau": TAU},
    "van_rossum": {"tau": TAU},
}


def outputs_for(name):
    # Spikes have many equal maxima, of which ours takes the first and torch any one.
    return POTENTIALS if name == "cross_entropy_max" else SPIKES


@pytest.mark.parametrize("name", ORACLES)
def test_value_and_gradient(name):
    oracle, targets = ORACLES[name]
    options = OPTIONS.get(name, {})
    loss, gradient = find_loss({"name": name, **options}, DT).loss_and_gradient(outputs_for(name), targets)
    out = torch.tensor(outputs_for(name), requires_grad=True)
    expected = oracle(out, torch.as_tensor(targets))
    (expected_gradient,) = torch.autograd.grad(expected, out)
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-9, atol=1e-15)


def test_every_loss_has_its_oracle():
    assert set(ORACLES) == set(LOSSES)
