"""Ways to divide samples among clients (specs/run.md)."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError

_ATTEMPTS = 1000


class ClientSplit(Protocol):
    """What says which samples are whose."""

    def divide(
        self, targets: NDArray[Any], n_clients: int, rng: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """Return the samples of each client, by number in ascending order: disjoint, together all of them."""
        ...


@attrs.frozen
class Uniform:
    """Every client has as many samples as the others, within one, at random."""

    def divide(
        self, targets: NDArray[Any], n_clients: int, rng: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """Return the samples of each client."""
        return [np.sort(part) for part in np.array_split(rng.permutation(len(targets)), n_clients)]


@attrs.frozen(kw_only=True)
class Label:
    """Every client has a few pieces of the samples in the order of their labels (McMahan et al. 2017).

    Parameters
    ----------
    shards : int
        Pieces of a client.
    """

    shards: int = attrs.field(default=2, validator=attrs.validators.ge(1))

    def divide(
        self, targets: NDArray[Any], n_clients: int, rng: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """Return the samples of each client.

        Raises
        ------
        ConfigurationError
            If there are no labels, or fewer samples than pieces.
        """
        _require_labels(targets)
        n_pieces = n_clients * self.shards
        if n_pieces > len(targets):
            raise ConfigurationError(
                "clients.split.shards", f"makes {n_pieces} pieces, but there are {len(targets)} samples"
            )
        shuffled = rng.permutation(len(targets))
        by_label = shuffled[np.argsort(targets[shuffled], kind="stable")]
        pieces = np.array_split(by_label, n_pieces)
        owned = rng.permutation(n_pieces).reshape(n_clients, self.shards)
        return [np.sort(np.concatenate([pieces[piece] for piece in mine])) for mine in owned]


@attrs.frozen(kw_only=True)
class Dirichlet:
    """The samples of each class are divided in proportions drawn from a Dirichlet distribution.

    Yurochkin et al. 2019.

    Parameters
    ----------
    alpha : float
        Large: all clients are alike. Small: every class belongs to few of them.
    """

    alpha: float = attrs.field(default=0.5, validator=attrs.validators.gt(0))

    def divide(
        self, targets: NDArray[Any], n_clients: int, rng: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """Return the samples of each client; drawn anew until every client has one.

        Raises
        ------
        ConfigurationError
            If there are no labels, or some client has no sample in a thousand attempts.
        """
        _require_labels(targets)
        for _ in range(_ATTEMPTS):
            owner = np.empty(len(targets), np.int64)
            for label in np.unique(targets):
                mine = rng.permutation(np.flatnonzero(targets == label))
                proportions = rng.dirichlet(np.full(n_clients, self.alpha))
                ends = np.rint(np.cumsum(proportions) * mine.size).astype(np.int64)
                owner[mine] = np.searchsorted(ends[:-1], np.arange(mine.size), side="right")
            if np.unique(owner).size == n_clients:
                return [np.flatnonzero(owner == client) for client in range(n_clients)]
        raise ConfigurationError(
            "clients.split.alpha",
            f"is so small, {self.alpha}, that some of {n_clients} clients had no sample in {_ATTEMPTS} attempts",
        )


CLIENT_SPLITS: dict[str, type[ClientSplit]] = {"uniform": Uniform, "label": Label, "dirichlet": Dirichlet}
"""The ways to divide samples, by the name that they have in a run's TOML."""


def _require_labels(targets: NDArray[Any]) -> None:
    if targets.ndim != 1:
        raise ConfigurationError("clients.split", "goes by labels, but the data set has target sequences")
