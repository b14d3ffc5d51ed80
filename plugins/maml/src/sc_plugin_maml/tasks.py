"""Tasks as a user hands them to the learner, and the loss that suits their targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch, Task, TaskBatch
from sc_core.errors import ShapeError
from sc_gradient import as_batch, find_loss
from sc_gradient.losses import TwiceDifferentiable


def as_task(given: Task | Batch | tuple[ArrayLike, ArrayLike]) -> Task:
    """Return a task; a batch or a pair (inputs, targets) is both its support and its query set.

    Parameters
    ----------
    given : Task, Batch or (inputs, targets)
        A pair as `sc_gradient.as_batch` takes it.

    Raises
    ------
    ShapeError
        If it is none of these.
    """
    if isinstance(given, Task):
        return given
    if isinstance(given, Batch):
        return Task(given)
    if isinstance(given, tuple | list) and len(given) == 2:
        return Task(as_batch(*given))
    raise ShapeError(f"a task is a Task, a Batch or a pair (inputs, targets), got {type(given).__name__}")


def as_task_batch(given: TaskBatch | Iterable[Any]) -> TaskBatch:
    """Return tasks as a batch of them; each is what `as_task` takes.

    Raises
    ------
    ShapeError
        If there are none, or one is no task; the message gives its number.
    """
    if isinstance(given, TaskBatch):
        return given
    tasks = []
    for number, item in enumerate(given):
        try:
            tasks.append(as_task(item))
        except ShapeError as error:
            raise ShapeError(f"task {number}: {error}") from error
    if not tasks:
        raise ShapeError("there are no tasks: an outer step needs at least one")
    return TaskBatch(tasks)


def joined(task: Task) -> Batch:
    """Return the support and query set of a task as one batch; the one set of a task that has no other."""
    if task.query is task.support:
        return task.support
    sets = (task.support, task.query)
    axis = 0 if np.ndim(task.support.targets) == 1 else 1
    return Batch(
        np.concatenate([part.inputs for part in sets], axis=1),
        np.concatenate([part.targets for part in sets], axis=axis),
    )


def _half_squared_error(outputs: NDArray[Any], targets: NDArray[Any]) -> float:
    """Return what the documented error signal (outputs - targets) / n_steps is the gradient of."""
    sequences = outputs.shape[1] if outputs.ndim == 3 else 1
    squares = np.sum(np.square(outputs - targets), dtype=np.float64)
    return float(squares / (2 * outputs.shape[0] * sequences))


@attrs.frozen
class TargetsLoss:
    """Cross-entropy where targets are labels, the documented error signal where they are sequences."""

    _labels: Any = attrs.field(init=False, factory=lambda: find_loss("cross_entropy"))
    _sequences: Any = attrs.field(init=False, factory=lambda: find_loss(_half_squared_error))

    def _for(self, targets: NDArray[Any]) -> TwiceDifferentiable:
        chosen: TwiceDifferentiable = self._labels if targets.ndim == 1 else self._sequences
        return chosen

    def loss_and_gradient(self, outputs: NDArray[Any], targets: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the loss and its gradient."""
        return self._for(targets).loss_and_gradient(outputs, targets)

    def gradient_derivative(
        self, outputs: NDArray[Any], targets: NDArray[Any], direction: NDArray[Any]
    ) -> NDArray[Any]:
        """Return the derivative of the gradient along `direction`."""
        return self._for(targets).gradient_derivative(outputs, targets, direction)
