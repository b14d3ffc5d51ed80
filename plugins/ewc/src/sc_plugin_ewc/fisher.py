"""The diagonal of the Fisher information, from a gradient learner's answers to single sequences (specs/ewc.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sc_core.contracts import Batch, GradientLearner
from sc_core.errors import ShapeError

Diagonal = list[NDArray[np.float64]]
"""One array for each of the learner's parameters, of its shape."""


@runtime_checkable
class InformedLearner(Protocol):
    """A learner that sums squared gradients over the sequences of a batch in one pass."""

    def fisher_information(self, batch: Batch, *, exact: bool) -> Sequence[NDArray[np.float64]] | None:
        """Return eq. 2, or eq. 3 unless `exact`, as a sum over sequences; None where it can't tell them apart."""
        ...


def exact_fisher(
    learner: GradientLearner,
    batches: Iterable[Batch],
    alternatives: Callable[[NDArray[np.generic]], NDArray[np.intp]],
) -> Diagonal:
    """Return the Fisher information of what the network itself predicts (eq. 2, 4).

    Parameters
    ----------
    learner : GradientLearner
        Its loss depends on labels, as a cross-entropy does.
    batches : iterable of Batch
        The samples; of their labels only what `alternatives` makes of them counts.
    alternatives : callable
        From labels, shape (batch,), to the labels of each sample's classes, shape (batch, n_classes).

    Returns
    -------
    list of ndarray, float64

    Raises
    ------
    ShapeError
        If there are no samples.
    """

    def information(sequence: Batch) -> Diagonal:
        answers = [
            learner.loss_and_gradient(Batch(sequence.inputs, np.array([label])))
            for label in alternatives(sequence.targets)[0]
        ]
        probability = softmax([-loss for loss, _ in answers])
        return [
            _variance(probability, [gradient.astype(np.float64) for gradient in gradients])
            for gradients in zip(*(gradients for _, gradients in answers), strict=True)
        ]

    return _mean(_sums(learner, batches, information, exact=True))


def empirical_fisher(learner: GradientLearner, batches: Iterable[Batch]) -> Diagonal:
    """Return the mean of the squared gradients of the loss of single sequences (eq. 3).

    Parameters
    ----------
    learner : GradientLearner
    batches : iterable of Batch

    Returns
    -------
    list of ndarray, float64

    Raises
    ------
    ShapeError
        If there are no samples.
    """

    def information(sequence: Batch) -> Diagonal:
        return [np.square(gradient.astype(np.float64)) for gradient in learner.loss_and_gradient(sequence)[1]]

    return _mean(_sums(learner, batches, information, exact=False))


def _sums(
    learner: GradientLearner,
    batches: Iterable[Batch],
    information: Callable[[Batch], Diagonal],
    *,
    exact: bool,
) -> Iterator[tuple[int, Diagonal]]:
    """Yield numbers of sequences, and their sums: of a batch at once where the learner can, else of each alone."""
    for batch in batches:
        at_once = (
            learner.fisher_information(batch, exact=exact) if isinstance(learner, InformedLearner) else None
        )
        if at_once is None:
            yield from ((1, information(sequence)) for sequence in _sequences(batch))
        else:
            yield batch.inputs.shape[1], list(at_once)


def _sequences(batch: Batch) -> Iterator[Batch]:
    """Yield every sample as a batch of its own."""
    sequence_axis = 0 if batch.targets.ndim == 1 else 1
    for index in range(batch.inputs.shape[1]):
        yield Batch(batch.inputs[:, [index]], batch.targets.take([index], axis=sequence_axis))


def _variance(probability: NDArray[np.float64], values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    # Sums in a fixed order: a product of matrices would depend on the number of threads.
    mean = sum(p * value for p, value in zip(probability, values, strict=True))
    total = sum(p * np.square(value - mean) for p, value in zip(probability, values, strict=True))
    return np.asarray(total)


def _mean(parts: Iterable[tuple[int, Diagonal]]) -> Diagonal:
    sums: Diagonal = []
    n_samples = 0
    for n, diagonal in parts:
        sums = diagonal if not n_samples else [a + b for a, b in zip(sums, diagonal, strict=True)]
        n_samples += n
    if not n_samples:
        raise ShapeError("there are no samples to consolidate: a task has at least one")
    return [values / n_samples for values in sums]
