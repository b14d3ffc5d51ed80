"""Losses on a network's output, each with its gradient (specs/bptt.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from sc_core.errors import ConfigurationError, NumericalError, ShapeError

Array: TypeAlias = NDArray[np.floating[Any]]


@runtime_checkable
class Loss(Protocol):
    """A loss with a gradient."""

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the loss and dL/d outputs.

        Parameters
        ----------
        outputs : ndarray, shape (n_steps, batch, n_output)
        targets : ndarray
            What the loss compares with: labels (batch,) or sequences (n_steps, batch, n_output).

        Returns
        -------
        float, ndarray of the shape and dtype of `outputs`
        """
        ...


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
        gradient = np.zeros_like(outputs)
        if self.readout == "sum":
            gradient[...] = score_gradient
        elif self.readout == "last":
            gradient[-1] = score_gradient
        else:
            step = outputs.argmax(axis=0)
            np.put_along_axis(gradient, step[None], score_gradient[None].astype(outputs.dtype), axis=0)
        return loss, gradient


@attrs.frozen
class MeanSquare:
    """Mean over steps, sequences and outputs of the squared difference from a target sequence."""

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the loss and its gradient; `targets` have the shape of `outputs`.

        Raises
        ------
        ShapeError
            If the shapes differ.
        """
        if targets.shape != outputs.shape:
            raise ShapeError(
                f"targets have shape {targets.shape}, expected that of the outputs, {outputs.shape}"
            )
        difference = outputs - targets.astype(outputs.dtype)
        loss = float(np.mean(np.square(difference), dtype=np.float64))
        return loss, difference * outputs.dtype.type(2.0 / outputs.size)


@attrs.frozen
class PlainLoss:
    """A callable that only returns a float; the error signal is (spikes - targets) / n_steps."""

    function: Callable[[Array, NDArray[Any]], float]

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return ``function(outputs, targets)`` and the documented error signal.

        A batch of one sequence is handed to the function without its batch axis, as its author sees it.
        """
        if targets.shape != outputs.shape:
            raise ShapeError(
                f"targets have shape {targets.shape}; a loss without a gradient needs that of the outputs, "
                f"{outputs.shape}"
            )
        single = outputs.shape[1] == 1
        seen = (outputs[:, 0], targets[:, 0]) if single else (outputs, targets)
        loss = float(self.function(*seen))
        steps_and_sequences = outputs.dtype.type(outputs.shape[0] * outputs.shape[1])
        return loss, (outputs - targets.astype(outputs.dtype)) / steps_and_sequences


LOSSES: dict[str, Loss] = {
    "cross_entropy": CrossEntropy("sum"),
    "cross_entropy_max": CrossEntropy("max"),
    "cross_entropy_last": CrossEntropy("last"),
    "mean_square": MeanSquare(),
}
"""Losses by the name that a configuration file uses."""


def find_loss(loss: str | Loss | Callable[..., float]) -> Loss:
    """Return a loss by name, as it is, or made from a plain callable.

    Raises
    ------
    ConfigurationError
        If a name is unknown or the object is no loss.
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ConfigurationError("loss_fn", f"no loss {loss!r}; there are: {', '.join(LOSSES)}")
        return LOSSES[loss]
    if isinstance(loss, Loss):
        return loss
    if callable(loss):
        return PlainLoss(loss)
    raise ConfigurationError("loss_fn", f"must be a name, a loss or a callable, got {loss!r}")


def accuracy(loss: Loss, outputs: Array, targets: NDArray[Any]) -> float | None:
    """Return the share of sequences whose highest score is their label's; None where targets are no labels."""
    if targets.ndim != 1 or targets.dtype.kind not in "iu":
        return None
    scores = loss.scores(outputs) if isinstance(loss, CrossEntropy) else outputs.sum(axis=0)
    return float(np.mean(scores.argmax(axis=1) == targets))


def refuse_non_finite(loss: float) -> float:
    """Return `loss`, or raise `NumericalError` where it is NaN or infinite."""
    if not np.isfinite(loss):
        raise NumericalError(f"the loss is {loss}")
    return loss
