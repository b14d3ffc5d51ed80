"""Cross-entropy of one score per class, and the accuracy of the same scores."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from sc_core.errors import ShapeError
from sc_gradient.losses.loss import Array, Loss


def _labels(outputs: Array, targets: NDArray[Any]) -> NDArray[np.intp]:
    n_classes = outputs.shape[2]
    if targets.shape != outputs.shape[1:2] or targets.dtype.kind not in "iu":
        raise ShapeError(
            f"targets have shape {targets.shape} and dtype {targets.dtype}; "
            f"expected {outputs.shape[1]} integer labels, shape ({outputs.shape[1]},)"
        )
    if targets.size and (targets.min() < 0 or targets.max() >= n_classes):
        raise ShapeError(
            f"labels go from {targets.min()} to {targets.max()}, but the output has {n_classes} neurons"
        )
    return targets.astype(np.intp)


@attrs.frozen
class CrossEntropy:
    """Cross-entropy of the softmax of one score per class.

    Parameters
    ----------
    readout : {"sum", "max", "last"}
        How a sequence becomes a score: summed over the steps, its maximum, or its last value.

    Examples
    --------
    >>> import numpy as np
    >>> outputs = np.zeros((5, 1, 2))
    >>> outputs[:, 0, 1] = 1.0
    >>> loss, gradient = CrossEntropy().loss_and_gradient(outputs, np.array([1]))
    >>> round(loss, 4)
    0.0067
    """

    readout: Literal["sum", "max", "last"] = attrs.field(
        default="sum", validator=attrs.validators.in_(("sum", "max", "last"))
    )

    def scores(self, outputs: Array) -> Array:
        """Return one score per class, shape (batch, n_output)."""
        if self.readout == "last":
            return np.asarray(outputs[-1])
        reduce = np.sum if self.readout == "sum" else np.max
        return np.asarray(reduce(outputs, axis=0))

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the mean loss of the batch and its gradient; `targets` are integer labels (batch,).

        Raises
        ------
        ShapeError
            If the labels do not fit the outputs.
        """
        labels = _labels(outputs, targets)
        sequences = np.arange(labels.size)
        log_probability = log_softmax(self.scores(outputs).astype(np.float64), axis=1)
        loss = -float(log_probability[sequences, labels].mean())
        score_gradient = np.exp(log_probability)
        score_gradient[sequences, labels] -= 1.0
        score_gradient /= labels.size
        return loss, self._spread(score_gradient, outputs)

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the gradient along `direction`; `targets` play no part in it.

        Source: specs/hessian-vector-product.md, eq. 16-18.
        """
        if self.readout == "max":
            step = outputs.argmax(axis=0)
            score_direction = np.take_along_axis(direction, step[None], axis=0)[0]
        else:
            score_direction = self.scores(direction)
        probability = np.exp(log_softmax(self.scores(outputs).astype(np.float64), axis=1))
        mean = np.sum(probability * score_direction, axis=1, keepdims=True)
        return self._spread(probability * (score_direction - mean) / outputs.shape[1], outputs)

    def _spread(self, score_gradient: NDArray[np.float64], outputs: Array) -> Array:
        """Return dL/d outputs from dL/d scores."""
        score_gradient = score_gradient.astype(outputs.dtype)
        if self.readout == "sum":  # every step has the same gradient, and the same memory
            return np.broadcast_to(score_gradient, outputs.shape)
        gradient = np.zeros_like(outputs)
        if self.readout == "last":
            gradient[-1] = score_gradient
        else:
            np.put_along_axis(gradient, outputs.argmax(axis=0)[None], score_gradient[None], axis=0)
        return gradient


def accuracy(loss: Loss, outputs: Array, targets: NDArray[Any]) -> float | None:
    """Return the share of sequences whose highest score is their label's; None where targets are no labels."""
    if targets.ndim != 1 or targets.dtype.kind not in "iu":
        return None
    scores = loss.scores(outputs) if isinstance(loss, CrossEntropy) else outputs.sum(axis=0)
    return float(np.mean(scores.argmax(axis=1) == targets))
