"""Losses against HIPS autograd, hand-made values and finite differences."""

import re

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import logsumexp

import sc_native
from sc_core.errors import ConfigurationError, ShapeError
from sc_core.options import structure, unstructure
from sc_gradient import LOSSES, GradientOptions, RatePenalty, VanRossum, accuracy, find_loss

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]


def outputs(dtype=np.float64):
    return np.random.default_rng(0).normal(size=(6, 4, 3)).astype(dtype)


LABELS = np.array([0, 2, 1, 2])


def scores(readout, out):
    return {"sum": anp.sum(out, axis=0), "max": anp.max(out, axis=0), "last": out[-1]}[readout]


@pytest.mark.parametrize("readout", ["sum", "max", "last"])
def test_cross_entropy_equals_autograd(readout):
    def oracle(out):
        s = scores(readout, out)
        return anp.mean(anp.log(anp.sum(anp.exp(s), axis=1)) - s[np.arange(4), LABELS])

    name = "cross_entropy" if readout == "sum" else f"cross_entropy_{readout}"
    loss, gradient = LOSSES[name].loss_and_gradient(outputs(), LABELS)
    expected, expected_gradient = autograd.value_and_grad(oracle)(outputs())
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("last", [None, 1, 4, 100])
def test_cross_entropy_of_steps_equals_autograd(last, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    begin = max(0, 6 - (last or 6))

    def oracle(out):
        s = out[begin:]
        return anp.mean(anp.log(anp.sum(anp.exp(s), axis=2)) - s[:, np.arange(4), LABELS])

    chosen = find_loss({"name": "cross_entropy_steps", "last": last} if last else "cross_entropy_steps")
    loss, gradient = chosen.loss_and_gradient(outputs(), LABELS)
    expected, expected_gradient = autograd.value_and_grad(oracle)(outputs())
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-15)
    assert chosen.loss_and_gradient(outputs(np.float32), LABELS)[1].dtype == np.float32
    direction = np.random.default_rng(1).normal(size=(6, 4, 3))
    along = autograd.jacobian(lambda step: autograd.grad(oracle)(outputs() + step * direction))(0.0)
    np.testing.assert_allclose(
        chosen.gradient_derivative(outputs(), LABELS, direction), along, rtol=1e-9, atol=1e-15
    )
    summed = outputs()[begin:].sum(axis=0)
    assert accuracy(chosen, outputs(), LABELS) == np.mean(summed.argmax(axis=1) == LABELS)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_of_many_steps_and_large_scores(dtype, kernels, monkeypatch):
    """The kernel takes one logarithm for many steps."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    rng = np.random.default_rng(2)
    out, labels = (10 * rng.normal(size=(500, 3, 7))).astype(dtype), np.array([6, 0, 3])
    out[7, 1, 2] = 1e4
    loss, gradient = find_loss("cross_entropy_steps").loss_and_gradient(out, labels)
    exact = out.astype(np.float64)
    log_probability = exact - logsumexp(exact, axis=2, keepdims=True)
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    assert loss == pytest.approx(-log_probability[:, np.arange(3), labels].mean(), rel=tolerance)
    expected = (np.exp(log_probability) - np.eye(7)[labels]) / 1500
    np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance / 1500)


def test_mean_square_equals_finite_differences():
    target = np.random.default_rng(1).normal(size=outputs().shape)
    loss, gradient = LOSSES["mean_square"].loss_and_gradient(outputs(), target)
    assert loss == pytest.approx(np.mean((outputs() - target) ** 2))
    expected = approx_fprime(outputs().ravel(), lambda flat: np.mean((flat - target.ravel()) ** 2), 1e-7)
    np.testing.assert_allclose(gradient.ravel(), expected, rtol=1e-4, atol=1e-8)


def test_cross_entropy_survives_large_scores():
    out = np.zeros((1, 2, 2))
    out[0, :, 0] = 1e4
    loss, gradient = LOSSES["cross_entropy"].loss_and_gradient(out, np.array([0, 1]))
    assert loss == pytest.approx(5e3)
    np.testing.assert_allclose(gradient[0], [[0, 0], [0.5, -0.5]])


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_keep_the_dtype(name):
    targets = LABELS if name.startswith("cross") else outputs(np.float32)
    assert LOSSES[name].loss_and_gradient(outputs(np.float32), targets)[1].dtype == np.float32


def test_a_plain_callable_gets_the_documented_error_signal():
    def count_difference(spikes, targets):
        assert spikes.shape == targets.shape == (6, 3)
        return float(abs(spikes.sum() - targets.sum()))

    out, target = outputs()[:, :1], np.ones((6, 1, 3))
    loss, gradient = find_loss(count_difference).loss_and_gradient(out, target)
    assert loss == count_difference(out[:, 0], target[:, 0])
    np.testing.assert_allclose(gradient, (out - target) / 6)


def test_accuracy_uses_the_losss_own_score():
    out = np.zeros((3, 1, 2))
    out[:, 0, 0] = 1.0
    out[1, 0, 1] = 2.5
    assert accuracy(LOSSES["cross_entropy"], out, np.array([0])) == 1.0
    assert accuracy(LOSSES["cross_entropy_max"], out, np.array([0])) == 0.0
    assert accuracy(LOSSES["mean_square"], out, out) is None


@pytest.mark.parametrize(
    ("name", "targets", "words"),
    [
        ("cross_entropy", np.zeros((6, 4, 3)), r"expected 4 integer labels, shape \(4,\)"),
        ("cross_entropy", np.array([0, 1, 2, 3]), "labels go from 0 to 3, but the output has 3 neurons"),
        (
            "mean_square",
            np.zeros((6, 3)),
            r"targets have shape \(6, 3\), expected that of the outputs, \(6, 4, 3\)",
        ),
    ],
)
def test_targets_that_do_not_fit_are_refused_with_both_shapes(name, targets, words):
    with pytest.raises(ShapeError, match=words):
        LOSSES[name].loss_and_gradient(outputs(), targets)


def test_a_loss_may_be_a_table_of_its_name_and_options():
    assert find_loss({"name": "van_rossum", "tau": 7}, dt=0.5) == VanRossum(tau=7.0, dt=0.5)
    assert find_loss("van_rossum", dt=0.1) == VanRossum(tau=20.0, dt=0.1)
    assert find_loss({"name": "cross_entropy_max"}) == LOSSES["cross_entropy_max"]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("hinge", "loss_fn: no loss 'hinge'; there are: cross_entropy"),
        (3, "must be a name, a table, a loss or a callable"),
        ({"tau": 3.0}, "loss_fn: a table needs the name of a loss"),
        ({"name": "hinge"}, "no loss 'hinge'"),
        ({"name": "van_rossum", "tau": 0}, "loss_fn.tau: must be > 0, got 0"),
        ({"name": "van_rossum", "dt": 1.0}, "loss_fn.dt: is not an option"),
    ],
)
def test_losses_that_cannot_be_are_refused_by_name(loss, words):
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        find_loss(loss)


def test_options_name_the_full_key_and_survive_a_configuration_file():
    table = {
        "loss_fn": {"name": "mean_square_filtered", "tau": 5.0},
        "rate_penalties": [{"population": "hidden", "strength": 0.1, "upper": 40.0}],
    }
    checked = structure(GradientOptions, table, "learner")
    assert checked.rate_penalties == (RatePenalty(population="hidden", strength=0.1, upper=40.0),)
    assert structure(GradientOptions, unstructure(checked), "learner") == checked
    for change, words in (
        ({"loss_fn": {"name": "van_rossum", "tau": -1.0}}, "learner.loss_fn.tau: must be > 0, got -1"),
        ({"loss_fn": "hinge"}, "learner.loss_fn: no loss 'hinge'"),
        ({"rate_penalties": [{"population": "hidden"}]}, "learner.rate_penalties[0].strength: is required"),
    ):
        with pytest.raises(ConfigurationError, match=re.escape(words)):
            structure(GradientOptions, {**table, **change}, "learner")
