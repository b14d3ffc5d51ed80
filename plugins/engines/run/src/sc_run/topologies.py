"""The topologies that a configuration can name, with their options."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np
from scipy.sparse import csr_array

from sc_core import topology
from sc_core.errors import ConfigurationError


@attrs.frozen
class Weights:
    """How the initial weights of a projection are drawn.

    Parameters
    ----------
    gain : float
        Normal weights have the standard deviation gain / sqrt(fan-in).
    weight : float or None
        The constant weight of every synapse instead.
    """

    gain: float
    weight: float | None


class Topology(Protocol):
    """What makes the matrix of a projection."""

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        ...


@attrs.frozen
class Dense:
    """Every neuron with every neuron."""

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        return topology.dense(n_source, n_target, rng=rng, **_keywords(weights))


@attrs.frozen
class Random:
    """Synapses at random: each with probability `density`, or `in_degree` of them for each target."""

    density: float | None = None
    in_degree: int | None = None
    self_connections: bool = True

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        return topology.random(
            n_source,
            n_target,
            rng=rng,
            density=self.density,
            in_degree=self.in_degree,
            self_connections=self.self_connections,
            **_keywords(weights),
        )


@attrs.frozen
class OneToOne:
    """Neuron i with neuron i."""

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        n = _common_size("one_to_one", n_source, n_target)
        return topology.one_to_one(n, weights.gain if weights.weight is None else weights.weight)


@attrs.frozen
class Ring:
    """Each neuron of a ring with its `neighbours` nearest."""

    neighbours: int

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        n = _common_size("ring", n_source, n_target)
        return topology.ring(n, self.neighbours, rng=rng, **_keywords(weights))


@attrs.frozen
class SmallWorld:
    """A ring with some synapses rewired by chance."""

    neighbours: int
    rewiring_probability: float

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        n = _common_size("small_world", n_source, n_target)
        return topology.small_world(
            n, self.neighbours, self.rewiring_probability, rng=rng, **_keywords(weights)
        )


@attrs.frozen
class ScaleFree:
    """Preferential attachment."""

    attachments: int

    def connect(self, n_source: int, n_target: int, weights: Weights, rng: np.random.Generator) -> csr_array:
        """Return the matrix, shape (n_source, n_target)."""
        n = _common_size("scale_free", n_source, n_target)
        return topology.scale_free(n, self.attachments, rng=rng, **_keywords(weights))


TOPOLOGIES: dict[str, type[Topology]] = {
    "dense": Dense,
    "one_to_one": OneToOne,
    "random": Random,
    "ring": Ring,
    "scale_free": ScaleFree,
    "small_world": SmallWorld,
}
"""The topologies by name."""


def _keywords(weights: Weights) -> dict[str, Any]:
    return {"weight": weights.weight, "gain": weights.gain}


def _common_size(name: str, n_source: int, n_target: int) -> int:
    if n_source != n_target:
        raise ConfigurationError(
            "topology", f"{name} needs populations of one size, got {n_source} and {n_target}"
        )
    return n_source
