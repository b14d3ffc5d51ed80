"""Samples of a data set and the experiences that they become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Batch, Episodes, Generation, TaskBatch
from sc_run.encoders import Encoder


class Pool(Protocol):
    """What a part of a run draws experiences from.

    Attributes
    ----------
    unit : str
        What it counts, for people to read.
    """

    unit: ClassVar[str]

    def __len__(self) -> int:
        """Return how many units an epoch, or an evaluation, has."""
        ...

    def draw(self, chosen: NDArray[np.int64], encoder: Encoder, rng: np.random.Generator) -> Any:
        """Return the units that are `chosen` by number as one experience; all randomness comes from `rng`."""
        ...

    def of_task(self, task: int) -> Pool:
        """Return the part that belongs to one task of a sequence of them."""
        ...


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

    unit: ClassVar[str] = "samples"

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

    def draw(self, chosen: NDArray[np.int64], encoder: Encoder, rng: np.random.Generator) -> Batch:
        """Return some samples as a batch, time first.

        Parameters
        ----------
        chosen : ndarray of int
            Which of them.
        encoder : Encoder
        rng : numpy.random.Generator
            The encoder's randomness.

        Returns
        -------
        Batch
        """
        targets = self.targets[chosen]
        return Batch(
            inputs=encoder.encode(self.inputs[chosen], rng, self.dt),
            targets=targets if targets.ndim == 1 else np.ascontiguousarray(np.swapaxes(targets, 0, 1)),
        )


@attrs.frozen(eq=False)
class SampleGenerations:
    """Samples by which the individuals of a generation are judged.

    Parameters
    ----------
    samples : Samples
    """

    unit: ClassVar[str] = "samples"

    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    def of_task(self, task: int) -> SampleGenerations:
        """Return the samples of one task."""
        return SampleGenerations(self.samples.of_task(task))

    def draw(self, chosen: NDArray[np.int64], encoder: Encoder, rng: np.random.Generator) -> Generation:
        """Return some samples, as `Samples.draw` does, as what a generation is judged by."""
        return Generation(self.samples.draw(chosen, encoder, rng))


def draw_all(pool: Pool, batch_size: int, encoder: Encoder, rng: np.random.Generator) -> Iterator[Any]:
    """Yield all units of a pool in their order, `batch_size` at a time; the last experience may be smaller.

    Parameters
    ----------
    pool : Pool
    batch_size : int
    encoder : Encoder
    rng : numpy.random.Generator

    Yields
    ------
    Batch, TaskBatch or Generation
    """
    for start in range(0, len(pool), batch_size):
        yield pool.draw(np.arange(start, min(start + batch_size, len(pool))), encoder, rng)


def size_of(experience: Batch | TaskBatch | Generation) -> int:
    """Return how many samples, tasks or episodes an experience is of."""
    if isinstance(experience, TaskBatch):
        return len(experience.tasks)
    if isinstance(experience, Generation):
        trial = experience.trial
        return len(trial.seeds) if isinstance(trial, Episodes) else size_of(trial)
    return int(experience.inputs.shape[1])


def scored_batches(experience: Batch | TaskBatch | Generation) -> list[Batch]:
    """Return the batches by which a network is judged: of tasks their query sets, of episodes none."""
    if isinstance(experience, TaskBatch):
        return [task.query for task in experience.tasks]
    batch = experience.trial if isinstance(experience, Generation) else experience
    return [] if isinstance(batch, Episodes) else [batch]
