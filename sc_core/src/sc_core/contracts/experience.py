"""What learners learn from: a learner names one of these types in `consumes`, the run adapts its data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts.environment import Environment


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


def _as_tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(items)


@attrs.frozen(eq=False)
class TaskBatch:
    """Tasks that are learned from together.

    Parameters
    ----------
    tasks : sequence of Task
        At least one.
    """

    tasks: tuple[Task, ...] = attrs.field(converter=_as_tuple, validator=attrs.validators.min_len(1))


@attrs.frozen(eq=False)
class ClientBatches:
    """What one client of a federation learns from in a round.

    Parameters
    ----------
    client : int
        Its number, from 0.
    batches : sequence of Batch
        At least one, of its own samples.
    """

    client: int = attrs.field(validator=attrs.validators.ge(0))
    batches: tuple[Batch, ...] = attrs.field(converter=_as_tuple, validator=attrs.validators.min_len(1))

    @property
    def n_samples(self) -> int:
        """The number of samples of all batches."""
        return sum(int(batch.inputs.shape[1]) for batch in self.batches)


@attrs.frozen(eq=False)
class ClientRound:
    """The clients that take part in a round.

    Parameters
    ----------
    clients : sequence of ClientBatches
        At least one, none twice.
    """

    clients: tuple[ClientBatches, ...] = attrs.field(
        converter=_as_tuple, validator=attrs.validators.min_len(1)
    )

    @clients.validator
    def _check_numbers(
        self, attribute: attrs.Attribute[tuple[ClientBatches, ...]], clients: tuple[ClientBatches, ...]
    ) -> None:
        numbers = [client.client for client in clients]
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{attribute.name} must have no client twice, got the numbers {numbers}")


def _as_seeds(seeds: Iterable[int]) -> NDArray[np.int64]:
    return np.array([int(seed) for seed in seeds], np.int64)


def _at_least_one(
    instance: object, attribute: attrs.Attribute[NDArray[np.int64]], seeds: NDArray[np.int64]
) -> None:
    if not seeds.size or seeds.min() < 0:
        raise ValueError(f"{attribute.name} must be at least one integer >= 0, got {seeds.tolist()}")


@attrs.frozen(eq=False)
class Episodes:
    """Episodes of an environment, from their beginnings to their ends.

    Parameters
    ----------
    environment : Environment
    seeds : sequence of int
        One for each episode.
    n_steps : int
        Steps of the network for each of the environment's.
    """

    environment: Environment
    seeds: NDArray[np.int64] = attrs.field(converter=_as_seeds, validator=_at_least_one)
    n_steps: int = attrs.field(default=1, validator=attrs.validators.ge(1))


@attrs.frozen(eq=False)
class Generation:
    """What all individuals of a generation are judged by.

    Parameters
    ----------
    trial : Batch or Episodes
        The same for all of them.
    """

    trial: Batch | Episodes
