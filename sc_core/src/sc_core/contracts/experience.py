"""What learners learn from: a learner names one of these types in `consumes`, the run adapts its data."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Batch:
    """Sequences that are learned from together.

    Parameters
    ----------
    inputs : ndarray, shape (n_steps, batch, n_input)
        Drives the network's input population: spikes (uint8) or values (float).
    targets : ndarray
        Class labels, shape (batch,), integers; or target sequences, shape (n_steps, batch, n_output).
    """

    inputs: NDArray[np.generic]
    targets: NDArray[np.generic]


@attrs.frozen(eq=False)
class Task:
    """Something to learn from a few samples.

    Parameters
    ----------
    support : Batch
        What a learner adapts to.
    query : Batch, optional
        What it is judged by then; the support set unless given.
    """

    support: Batch
    query: Batch = attrs.field(default=attrs.Factory(lambda task: task.support, takes_self=True))


def _as_tuple(tasks: Iterable[Task]) -> tuple[Task, ...]:
    return tuple(tasks)


@attrs.frozen(eq=False)
class TaskBatch:
    """Tasks that are learned from together.

    Parameters
    ----------
    tasks : sequence of Task
        At least one.
    """

    tasks: tuple[Task, ...] = attrs.field(converter=_as_tuple, validator=attrs.validators.min_len(1))
