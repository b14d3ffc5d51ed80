"""Clients that each have a part of the training samples, and rounds of them (specs/run.md)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import ClientBatches, ClientRound
from sc_core.errors import ConfigurationError
from sc_run.encoders import Encoder
from sc_run.samples import Samples

_ge, _optional = attrs.validators.ge, attrs.validators.optional


@attrs.frozen(kw_only=True)
class ClientsTable:
    """The section ``[clients]``.

    Parameters
    ----------
    n_clients : int
    split : Choice
        How the training samples are divided among them.
    clients_per_round : int, optional
        How many take part in a round; all unless given.
    local_epochs : int, optional
        How often a client goes through its samples in a round; it takes one batch unless given.
    """

    n_clients: int = attrs.field(validator=_ge(1))
    split: Any = "uniform"
    clients_per_round: int | None = attrs.field(default=None, validator=_optional(_ge(1)))
    local_epochs: int | None = attrs.field(default=None, validator=_optional(_ge(1)))

    @clients_per_round.validator
    def _check_clients_per_round(self, attribute: attrs.Attribute[int | None], number: int | None) -> None:
        if number is not None and number > self.n_clients:
            raise ValueError(f"{attribute.name} must be at most n_clients, {self.n_clients}, got {number}")

    @property
    def in_a_round(self) -> int:
        """The number of clients of a round."""
        return self.n_clients if self.clients_per_round is None else self.clients_per_round


@attrs.frozen(eq=False)
class ClientPool:
    """What rounds are drawn from.

    Parameters
    ----------
    samples : Samples
    members : list of ndarray of int
        The samples of each client.
    table : ClientsTable
    batch_size : int
        Of a client's batches.
    """

    unit: ClassVar[str] = "rounds an epoch"

    samples: Samples
    members: list[NDArray[np.int64]]
    table: ClientsTable
    batch_size: int

    def __len__(self) -> int:
        if self.table.local_epochs is not None:
            return math.ceil(self.table.n_clients / self.table.in_a_round)
        return math.ceil(len(self.samples) / (self.table.in_a_round * self.batch_size))

    def draw(self, chosen: NDArray[np.int64], encoder: Encoder, rng: np.random.Generator) -> ClientRound:
        """Return a new round, whatever its number.

        Parameters
        ----------
        chosen : ndarray of int, shape (1,)
        encoder : Encoder
        rng : numpy.random.Generator
            Draws clients and samples and is the encoder's randomness.

        Returns
        -------
        ClientRound
        """
        clients = np.sort(rng.permutation(self.table.n_clients)[: self.table.in_a_round])
        return ClientRound(
            ClientBatches(
                int(client),
                [self.samples.draw(batch, encoder, rng) for batch in self._batches(client, rng)],
            )
            for client in clients
        )

    def of_task(self, task: int) -> ClientPool:
        """Return itself: there is one task."""
        return self

    def _batches(self, client: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        own = self.members[client]
        if self.table.local_epochs is None:
            return [rng.permutation(own)[: self.batch_size]]
        orders = [rng.permutation(own) for _ in range(self.table.local_epochs)]
        return [
            order[start : start + self.batch_size]
            for order in orders
            for start in range(0, own.size, self.batch_size)
        ]


def make_client_pool(
    samples: Samples, table: ClientsTable, batch_size: int, rng: np.random.Generator
) -> ClientPool:
    """Divide samples among clients.

    Parameters
    ----------
    samples : Samples
        Those to train on.
    table : ClientsTable
    batch_size : int
    rng : numpy.random.Generator

    Returns
    -------
    ClientPool

    Raises
    ------
    ConfigurationError
        If there are fewer samples than clients, or the way to divide them does not fit.
    """
    if len(samples) < table.n_clients:
        raise ConfigurationError(
            "clients.n_clients", f"must be at most {len(samples)}, the number of training samples"
        )
    members = table.split.options.divide(samples.targets, table.n_clients, rng)
    return ClientPool(samples, members, table, batch_size)
