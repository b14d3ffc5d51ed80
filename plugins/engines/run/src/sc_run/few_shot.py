"""Tasks of a few classes each, made of a data set with labels (specs/run.md)."""

from __future__ import annotations

from typing import ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Batch, Task, TaskBatch
from sc_core.errors import ConfigurationError
from sc_run.data import Dataset
from sc_run.encoders import Encoder
from sc_run.samples import Samples

_ge = attrs.validators.ge


@attrs.frozen(kw_only=True)
class FewShotTable:
    """The section ``[few_shot]``.

    Parameters
    ----------
    ways, shots, queries : int
        Classes of a task, and samples of each of them in its support and its query set.
    train_tasks, validation_tasks, test_tasks : int
        Tasks of an epoch, of each validation and of the test.
    validation_classes, test_classes : list of int
        Labels of the data set that are held out of training; without any there is no such part.
    """

    ways: int = attrs.field(validator=_ge(2))
    shots: int = attrs.field(validator=_ge(1))
    queries: int = attrs.field(default=15, validator=_ge(1))
    train_tasks: int = attrs.field(default=400, validator=_ge(1))
    validation_tasks: int = attrs.field(default=100, validator=_ge(1))
    test_tasks: int = attrs.field(default=400, validator=_ge(1))
    validation_classes: list[int] = attrs.field(factory=list)
    test_classes: list[int] = attrs.field(factory=list)


@attrs.frozen(eq=False)
class FewShotPool:
    """What tasks are drawn from.

    Parameters
    ----------
    samples : Samples
        With labels.
    members : list of ndarray of int
        The samples of each class that a task may ask about.
    table : FewShotTable
    n_tasks : int
        How many tasks an epoch, or an evaluation, has; 0 where there are no classes.
    """

    unit: ClassVar[str] = "tasks"

    samples: Samples
    members: list[NDArray[np.int64]]
    table: FewShotTable
    n_tasks: int

    def __len__(self) -> int:
        return self.n_tasks

    def draw(self, chosen: NDArray[np.int64], encoder: Encoder, rng: np.random.Generator) -> TaskBatch:
        """Return as many new tasks as `chosen` has entries.

        Parameters
        ----------
        chosen : ndarray of int
        encoder : Encoder
        rng : numpy.random.Generator
            Draws the tasks and is the encoder's randomness.

        Returns
        -------
        TaskBatch
        """
        return TaskBatch(self._draw_task(encoder, rng) for _ in chosen)

    def of_task(self, task: int) -> FewShotPool:
        """Return itself: these tasks do not follow each other."""
        return self

    def _draw_task(self, encoder: Encoder, rng: np.random.Generator) -> Task:
        table = self.table
        classes = rng.permutation(len(self.members))[: table.ways]
        drawn = np.stack(
            [rng.choice(self.members[c], table.shots + table.queries, replace=False) for c in classes]
        )
        labels = np.repeat(np.arange(table.ways)[:, None], drawn.shape[1], axis=1)
        n_support = table.ways * table.shots
        order = np.concatenate([drawn[:, : table.shots].ravel(), drawn[:, table.shots :].ravel()])
        targets = np.concatenate([labels[:, : table.shots].ravel(), labels[:, table.shots :].ravel()])
        inputs = encoder.encode(self.samples.inputs[order], rng, self.samples.dt)
        return Task(
            Batch(inputs[:, :n_support], targets[:n_support]),
            Batch(inputs[:, n_support:], targets[n_support:]),
        )


def make_few_shot_pools(dataset: Dataset, table: FewShotTable, dt: float) -> list[FewShotPool]:
    """Divide the classes of a data set and return the pools of training, validation and test tasks.

    Parameters
    ----------
    dataset : Dataset
    table : FewShotTable
    dt : float
        Length of a step of the network, ms.

    Returns
    -------
    list of FewShotPool

    Raises
    ------
    ConfigurationError
        If the data set has no labels, classes are unknown or used twice, or there are too few classes or samples.
    """
    if dataset.n_classes is None:
        raise ConfigurationError(
            "few_shot", f"need a data set with labels, {dataset.name!r} has target sequences"
        )
    held_out = {
        "few_shot.validation_classes": table.validation_classes,
        "few_shot.test_classes": table.test_classes,
    }
    used: set[int] = set()
    for path, classes in held_out.items():
        for label in classes:
            if not 0 <= label < dataset.n_classes:
                raise ConfigurationError(
                    path, f"{dataset.name!r} has the labels 0 to {dataset.n_classes - 1}, got {label}"
                )
            if label in used:
                raise ConfigurationError(path, f"label {label} is named twice")
            used.add(label)
    rest = [label for label in range(dataset.n_classes) if label not in used]
    samples = Samples(dataset.inputs, dataset.targets, dt)
    pools = [_pool(samples, rest, table, table.train_tasks, "few_shot.ways")]
    for (path, classes), n_tasks in zip(
        held_out.items(), (table.validation_tasks, table.test_tasks), strict=True
    ):
        pools.append(_pool(samples, classes, table, n_tasks if classes else 0, path))
    return pools


def _pool(samples: Samples, classes: list[int], table: FewShotTable, n_tasks: int, path: str) -> FewShotPool:
    if n_tasks and len(classes) < table.ways:
        raise ConfigurationError(
            path, f"a task takes {table.ways} classes, but there are {len(classes)}: {classes}"
        )
    members = [np.flatnonzero(samples.targets == label) for label in classes]
    for label, mine in zip(classes, members, strict=True):
        if mine.size < table.shots + table.queries:
            raise ConfigurationError(
                "few_shot.queries",
                f"a task takes {table.shots} + {table.queries} samples of a class, but label {label} has {mine.size}",
            )
    return FewShotPool(samples, members, table, n_tasks)
