"""Cross-entropy with one head per task, against HIPS autograd."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from sc_core.errors import ConfigurationError
from sc_gradient import accuracy, find_loss

LABELS = np.array([5, 0, 3, 2])
HEADS = [[4, 5], [0, 1], [2, 3], [2, 3]]  # of the labels, for six outputs in three heads


def outputs():
    return np.random.default_rng(0).normal(size=(7, 4, 6))


@pytest.mark.parametrize("readout", ["sum", "max", "last"])
def test_softmax_is_over_the_labels_head_alone(readout):
    def oracle(out):
        score = {"sum": anp.sum(out, axis=0), "max": anp.max(out, axis=0), "last": out[-1]}[readout]
        total = 0.0
        for sequence, (label, head) in enumerate(zip(LABELS, HEADS, strict=True)):
            total = total - score[sequence, label] + anp.log(sum(anp.exp(score[sequence, c]) for c in head))
        return total / 4

    loss = find_loss({"name": "cross_entropy", "readout": readout, "heads": 3})
    value, gradient = loss.loss_and_gradient(outputs(), LABELS)
    expected, expected_gradient = autograd.value_and_grad(oracle)(outputs())
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-15)
    assert np.all(gradient[:, 0, :4] == 0)
    direction = np.random.default_rng(1).normal(size=(7, 4, 6))
    slope = autograd.grad(lambda out: anp.sum(autograd.grad(oracle)(out) * direction))
    derivative = loss.gradient_derivative(outputs(), LABELS, direction)
    np.testing.assert_allclose(derivative, slope(outputs()), rtol=1e-12, atol=1e-15)


def test_the_accuracy_compares_within_the_head():
    out = np.zeros((1, 2, 6))
    out[0, :, 4] = 9.0  # of another head than both labels
    out[0, 0, 1], out[0, 1, 2] = 1.0, 1.0
    labels = np.array([1, 3])
    assert accuracy(find_loss({"name": "cross_entropy", "heads": 3}), out, labels) == 0.5
    assert accuracy(find_loss("cross_entropy"), out, labels) == 0.0


def test_heads_that_do_not_divide_the_output_are_refused():
    loss = find_loss({"name": "cross_entropy", "heads": 4})
    with pytest.raises(ConfigurationError, match=r"loss_fn.heads: must divide the output's 6 neurons, got 4"):
        loss.loss_and_gradient(outputs(), LABELS)
    with pytest.raises(ConfigurationError, match=r"loss_fn.heads: must be >= 1, got 0"):
        find_loss({"name": "cross_entropy", "heads": 0})
