"""Tasks: several made of one data set, for a network that learns them one after the other (specs/run.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError
from sc_run.data import Dataset
from sc_run.samples import Samples


class Tasks(Protocol):
    """What makes tasks of a data set that has been split already, so that no task's test sample trains another's."""

    @property
    def n_tasks(self) -> int:
        """The number of tasks."""
        ...

    def n_classes(self, dataset: Dataset) -> int | None:
        """Return the number of classes that all tasks together have; None for target sequences."""
        ...

    def divide(self, parts: Sequence[Samples], rng: np.random.Generator) -> list[Samples]:
        """Return the parts with the samples of every task, each telling which by its `tasks`."""
        ...


@attrs.frozen(kw_only=True)
class Permuted:
    """Every task has all samples, with its own fixed permutation of the features; the first has them as they are.

    Parameters
    ----------
    n_tasks : int
    """

    n_tasks: int = attrs.field(validator=attrs.validators.ge(2))

    def n_classes(self, dataset: Dataset) -> int | None:
        """Return the data set's number of classes."""
        return dataset.n_classes

    def divide(self, parts: Sequence[Samples], rng: np.random.Generator) -> list[Samples]:
        """Return every part once for each task."""
        n_features = parts[0].inputs.shape[-1]
        orders = [np.arange(n_features)]
        orders += [rng.permutation(n_features) for _ in range(1, self.n_tasks)]
        return [
            _joined([(part.inputs[..., order], part.targets) for order in orders], part) for part in parts
        ]


@attrs.frozen(kw_only=True)
class Classes:
    """Every task has the samples of some classes.

    Parameters
    ----------
    groups : tuple of tuple of int
        The classes of each task.
    shared_labels : bool
        Whether a label is a class's place within its group, the same for all tasks, or its place in all groups
        one after the other.
    """

    groups: tuple[tuple[int, ...], ...] = attrs.field(validator=attrs.validators.min_len(2))
    shared_labels: bool = False

    @groups.validator
    def _check_groups(self, attribute: attrs.Attribute[Any], groups: tuple[tuple[int, ...], ...]) -> None:
        if min(len(group) for group in groups) < 2:
            raise ValueError(f"{attribute.name} must have at least two classes each")
        label, count = Counter(label for group in groups for label in group).most_common(1)[0]
        if count > 1:
            raise ValueError(f"{attribute.name} must have no class twice, found {label} {count} times")

    @property
    def n_tasks(self) -> int:
        """The number of groups."""
        return len(self.groups)

    def n_classes(self, dataset: Dataset) -> int:
        """Return the number of labels that the samples will have.

        Raises
        ------
        ConfigurationError
            If the data set has no such classes.
        """
        if dataset.n_classes is None:
            raise ConfigurationError("data.tasks", f"{dataset.name!r} has no classes to make groups of")
        wanted = [label for group in self.groups for label in group]
        if not 0 <= min(wanted) <= max(wanted) < dataset.n_classes:
            raise ConfigurationError(
                "data.tasks.groups",
                f"the classes of {dataset.name!r} are 0 to {dataset.n_classes - 1}, "
                f"got {min(wanted)} to {max(wanted)}",
            )
        return max(len(group) for group in self.groups) if self.shared_labels else len(wanted)

    def divide(self, parts: Sequence[Samples], rng: np.random.Generator) -> list[Samples]:
        """Return the samples of the groups' classes with their new labels; those of other classes are left out."""
        return [_joined([self._task(part, task) for task in range(self.n_tasks)], part) for part in parts]

    def _task(self, part: Samples, task: int) -> tuple[NDArray[Any], NDArray[Any]]:
        group = np.array(self.groups[task])
        first = 0 if self.shared_labels else sum(len(before) for before in self.groups[:task])
        chosen = np.isin(part.targets, group)
        place = np.argsort(group)[np.searchsorted(np.sort(group), part.targets[chosen])]
        return part.inputs[chosen], first + place


TASKS: dict[str, type[Tasks]] = {"permuted": Permuted, "classes": Classes}
"""The ways to make tasks, by the name that they have in a run's TOML; the other keys there are the class's fields."""


def _joined(tasks: Sequence[tuple[NDArray[Any], NDArray[Any]]], part: Samples) -> Samples:
    return Samples(
        np.concatenate([inputs for inputs, _ in tasks]),
        np.concatenate([targets for _, targets in tasks]),
        part.dt,
        np.repeat(np.arange(len(tasks)), [len(inputs) for inputs, _ in tasks]),
    )
