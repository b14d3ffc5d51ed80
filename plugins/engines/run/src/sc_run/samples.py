"""Samples of a data set and the batches that they become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Batch
from sc_run.encoders import Encoder


@attrs.frozen(eq=False)
class Samples:
    """A part of a data set.

    Parameters
    ----------
    inputs : ndarray, shape (n_samples, n_features) or (n_samples, n_frames, n_features)
    targets : ndarray
        Labels, shape (n_samples,); or target sequences, shape (n_samples, n_steps, n_output).
    dt : float
        Length of a step of the network that they are for, ms.
    tasks : ndarray, shape (n_samples,), int64, or None
        The task, from 0, that each sample belongs to; None where there is but one.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    dt: float
    tasks: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def of_task(self, task: int) -> Samples:
        """Return the samples of one task."""
        if self.tasks is None:
            return self
        chosen = self.tasks == task
        return Samples(self.inputs[chosen], self.targets[chosen], self.dt, self.tasks[chosen])


def encode_batch(
    samples: Samples, chosen: NDArray[np.int64] | slice, encoder: Encoder, rng: np.random.Generator
) -> Batch:
    """Return some samples as a batch, time first.

    Parameters
    ----------
    samples : Samples
    chosen : ndarray of int or slice
        Which of them.
    encoder : Encoder
    rng : numpy.random.Generator
        The encoder's randomness.

    Returns
    -------
    Batch
    """
    targets = samples.targets[chosen]
    return Batch(
        inputs=encoder.encode(samples.inputs[chosen], rng, samples.dt),
        targets=targets if targets.ndim == 1 else np.ascontiguousarray(np.swapaxes(targets, 0, 1)),
    )


def encode_batches(
    samples: Samples, batch_size: int, encoder: Encoder, rng: np.random.Generator
) -> Iterator[Batch]:
    """Yield all samples in their order, as batches; the last may be smaller.

    Parameters
    ----------
    samples : Samples
    batch_size : int
    encoder : Encoder
    rng : numpy.random.Generator

    Yields
    ------
    Batch
    """
    for start in range(0, len(samples), batch_size):
        yield encode_batch(samples, slice(start, start + batch_size), encoder, rng)
