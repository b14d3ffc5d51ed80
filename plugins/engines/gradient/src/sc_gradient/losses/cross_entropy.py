"""Cross-entropy of one score per class, and the accuracy of the same scores."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.errors import ConfigurationError, ShapeError
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


def _log_softmax(scores: Array) -> NDArray[np.float64]:
    """Return the logarithm of the softmax over the last axis."""
    # scipy's log_softmax takes as long as the whole pass of a small network.
    logarithm = scores.astype(np.float64)
    logarithm -= logarithm.max(axis=-1, keepdims=True)
    logarithm -= np.log(np.exp(logarithm).sum(axis=-1, keepdims=True))
    return logarithm


@attrs.frozen
class CrossEntropy:
    """Cross-entropy of the softmax of one score per class.

    Parameters
    ----------
    readout : {"sum", "max", "last"}
        How a sequence becomes a score: summed over the steps, its maximum, or its last value.
    heads : int
        Into how many equal groups of neighbouring classes the output is divided. The softmax is over the group
        that the label belongs to: one head for each task, where the task is known.

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
    heads: int = attrs.field(default=1, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)])

    def alternatives(self, labels: NDArray[Any], n_classes: int) -> NDArray[np.intp]:
        """Return the labels among which each of `labels` is told apart: those of its head.

        Parameters
        ----------
        labels : ndarray, shape (batch,)
            Integers.
        n_classes : int
            Size of the output.

        Returns
        -------
        ndarray, shape (batch, n_classes / heads)
            Ascending.

        Raises
        ------
        ConfigurationError
            If the output cannot be divided into so many heads.

        Examples
        --------
        >>> CrossEntropy(heads=5).alternatives(np.array([3, 8]), 10)
        array([[2, 3],
               [8, 9]])
        """
        size = self._head_size(n_classes)
        return np.asarray((labels.astype(np.intp) // size * size)[:, None] + np.arange(size))

    def _head_size(self, n_classes: int) -> int:
        if n_classes % self.heads:
            raise ConfigurationError(
                "loss_fn.heads", f"must divide the output's {n_classes} neurons, got {self.heads}"
            )
        return n_classes // self.heads

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
        losses, score_gradient, head = self._of_each(outputs, targets)
        score_gradient /= head.size
        return float(losses.mean()), self._spread(score_gradient, head, outputs)

    def of_each(self, outputs: Array, targets: NDArray[Any]) -> tuple[NDArray[np.float64], Array]:
        """Return the loss of each sequence, shape (batch,), and the gradient of each with respect to its outputs."""
        losses, score_gradient, head = self._of_each(outputs, targets)
        return losses, self._spread(score_gradient, head, outputs)

    def _of_each(
        self, outputs: Array, targets: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
        """Return each sequence's loss, its derivative by the scores of the head, and which head that is."""
        labels, head = self._labels_and_heads(outputs, targets)
        sequences = np.arange(labels.size)
        log_probability = self._log_probability(outputs, head)
        score_gradient = np.exp(log_probability)
        score_gradient[sequences, labels] -= 1.0
        return -log_probability[sequences, labels], score_gradient, head

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the gradient along `direction`; of `targets` only their heads play a part in it.

        Source: specs/hessian-vector-product.md, eq. 16-18.
        """
        if self.readout == "max":
            step = outputs.argmax(axis=0)
            score_direction = np.take_along_axis(direction, step[None], axis=0)[0]
        else:
            score_direction = self.scores(direction)
        labels, head = self._labels_and_heads(outputs, targets)
        score_direction = self._of_head(score_direction, head)
        probability = np.exp(self._log_probability(outputs, head))
        mean = np.sum(probability * score_direction, axis=1, keepdims=True)
        return self._spread(probability * (score_direction - mean) / labels.size, head, outputs)

    def _labels_and_heads(
        self, outputs: Array, targets: NDArray[Any]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return each label's place in its head, and which head that is."""
        labels, size = _labels(outputs, targets), self._head_size(outputs.shape[2])
        return labels % size, labels // size

    def _of_head(self, scores: Array, head: NDArray[np.intp]) -> Array:
        """Return the scores of one head for each sequence, shape (batch, n_output / heads)."""
        if self.heads == 1:
            return scores
        return np.asarray(scores.reshape(len(head), self.heads, -1)[np.arange(head.size), head])

    def _log_probability(self, outputs: Array, head: NDArray[np.intp]) -> NDArray[np.float64]:
        return _log_softmax(self._of_head(self.scores(outputs), head))

    def _spread(self, own_gradient: NDArray[np.float64], head: NDArray[np.intp], outputs: Array) -> Array:
        """Return dL/d outputs from dL/d scores of each sequence's head."""
        if self.heads == 1:
            score_gradient = own_gradient.astype(outputs.dtype)
        else:
            score_gradient = np.zeros_like(outputs[0])
            score_gradient.reshape(len(head), self.heads, -1)[np.arange(head.size), head] = own_gradient
        if self.readout == "sum":  # every step has the same gradient, and the same memory
            return np.broadcast_to(score_gradient, outputs.shape)
        gradient = np.zeros_like(outputs)
        if self.readout == "last":
            gradient[-1] = score_gradient
        else:
            np.put_along_axis(gradient, outputs.argmax(axis=0)[None], score_gradient[None], axis=0)
        return gradient


@attrs.frozen
class StepwiseCrossEntropy:
    """Cross-entropy of the softmax in every single step, meaned over steps (specs/eprop.md, eq. 11).

    Parameters
    ----------
    last : int or None
        How many steps at the end of a sequence count; all unless given.

    Examples
    --------
    >>> import numpy as np
    >>> outputs = np.zeros((5, 1, 2))
    >>> outputs[-1, 0, 1] = 3.0
    >>> loss, gradient = StepwiseCrossEntropy(last=1).loss_and_gradient(outputs, np.array([1]))
    >>> round(loss, 4), gradient[:, 0, 1].round(4)
    (0.0486, array([ 0.    ,  0.    ,  0.    ,  0.    , -0.0474]))
    """

    last: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional([attrs.validators.instance_of(int), attrs.validators.ge(1)]),
    )

    def scores(self, outputs: Array) -> Array:
        """Return one score per class, shape (batch, n_output): the sum over the steps that count."""
        return np.asarray(self._counted(outputs).sum(axis=0))

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the mean loss of steps and batch and its gradient; `targets` are integer labels (batch,).

        Raises
        ------
        ShapeError
            If the labels do not fit the outputs.
        """
        labels = _labels(outputs, targets)
        if kernels.native():
            return self._native(outputs, labels)
        # Classes first: a maximum or sum over a short last axis costs many times one over a first axis.
        counted = np.moveaxis(self._counted(outputs), 2, 0).copy()
        counted -= counted.max(axis=0)
        own = counted[labels, :, np.arange(labels.size)]
        probability = np.exp(counted, out=counted)
        total = probability.sum(axis=0)
        share = 1 / total.size
        loss = (float(np.log(total).sum(dtype=np.float64)) - float(own.sum(dtype=np.float64))) * share
        probability /= total
        probability[labels, :, np.arange(labels.size)] -= 1
        probability *= share
        return loss, self._padded(np.moveaxis(probability, 0, 2), outputs)

    def _native(self, outputs: Array, labels: NDArray[np.intp]) -> tuple[float, Array]:
        from sc_native.losses import stepwise_cross_entropy  # exists only where the kernels were compiled

        gradient = np.zeros(outputs.shape, outputs.dtype)
        counted = np.ascontiguousarray(self._counted(outputs))
        loss = stepwise_cross_entropy(counted, labels.astype(np.int64, copy=False), self._counted(gradient))
        return loss, gradient

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the gradient along `direction` (eq. 16 of specs/hessian-vector-product.md)."""
        probability = np.exp(_log_softmax(self._counted(outputs)))
        share = 1 / (probability.shape[0] * probability.shape[1])
        own = self._counted(direction)
        mean = np.sum(probability * own, axis=2, keepdims=True)
        return self._padded(probability * (own - mean) * share, outputs)

    def _counted(self, outputs: Array) -> Array:
        return outputs[-(self.last or 0) :]

    def _padded(self, counted: Array, outputs: Array) -> Array:
        gradient = np.zeros_like(outputs)
        gradient[-(self.last or 0) :] = counted
        return gradient


def accuracy(loss: Loss, outputs: Array, targets: NDArray[Any]) -> float | None:
    """Return the share of sequences whose highest score, in their label's head, is their label's.

    None where targets are no labels.
    """
    if targets.ndim != 1 or targets.dtype.kind not in "iu":
        return None
    if isinstance(loss, StepwiseCrossEntropy):
        return float(np.mean(loss.scores(outputs).argmax(axis=1) == targets))
    if not isinstance(loss, CrossEntropy):
        return float(np.mean(outputs.sum(axis=0).argmax(axis=1) == targets))
    scores = loss.scores(outputs)
    own = loss.alternatives(targets, scores.shape[1])
    winner = np.take_along_axis(scores, own, axis=1).argmax(axis=1)
    return float(np.mean(own[np.arange(targets.size), winner] == targets))
