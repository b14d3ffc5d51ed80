"""A projection with the signature of existing scripts."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

import sc_core
from sc_core import topology as graphs
from sc_core.errors import ConfigurationError

_NEIGHBOURS = 4
_REWIRING_PROBABILITY = 0.1
_ATTACHMENTS = 2


class Projection(sc_core.Projection):
    """Synapses of one initial weight; everything else is as in `sc_core.Projection`.

    Parameters
    ----------
    source, target : Population
    weight : float
        The initial weight of every synapse.
    probability : float, default 1
        Of each synapse of the topology ``"random"``.
    delay : float, default 0
        Steps, rounded, at least 1 unless 0. In existing scripts a spike acts in the step after that in which it is
        emitted, also without delay; so the projection of ours has one step more.
    topology : str or (indptr, indices, data), default "random"
        ``"random"``: the synapses where ``default_rng(seed).random((n_source, n_target)) < probability``;
        ``"all_to_all"``; ``"ring"`` (each neuron to its 4 nearest), ``"small_world"`` (the same, rewired with
        probability 0.1), ``"scale_free"`` (2 attachments), for populations of one size; or the three CSR arrays.
    plasticity : str, optional
        A plasticity by its name in the registry, at work while the network runs.
    seed : int, default 42
        Of the topology.
    weight_threshold : float, default 0
        Synapses whose initial weight is not above it in magnitude are left out; 0 leaves out none.

    Raises
    ------
    ConfigurationError, ShapeError
        If an argument is impossible; the message names it.
    """

    def __init__(
        self,
        source: sc_core.Population,
        target: sc_core.Population,
        weight: float,
        probability: float = 1.0,
        delay: float = 0.0,
        topology: str | tuple[Any, Any, Any] = "random",
        plasticity: str | None = None,
        seed: int = 42,
        weight_threshold: float = 0.0,
    ) -> None:
        if not 0 <= probability <= 1:
            raise ConfigurationError("probability", f"must lie between 0 and 1, got {probability!r}")
        if not delay >= 0:
            raise ConfigurationError("delay", f"must be >= 0 (steps), got {delay!r}")
        matrix = _connect(source.n, target.n, float(weight), probability, topology, seed)
        if weight_threshold > 0:
            kept = matrix.tocoo()
            strong = np.abs(kept.data) > weight_threshold
            matrix = csr_array((kept.data[strong], (kept.row[strong], kept.col[strong])), shape=matrix.shape)
        steps = 1 + (max(1, round(delay)) if delay else 0)
        super().__init__(source, target, matrix, steps)
        self.plasticity = plasticity


def _connect(
    n_source: int,
    n_target: int,
    weight: float,
    probability: float,
    topology: str | tuple[Any, Any, Any],
    seed: int,
) -> csr_array:
    shape, rng = (n_source, n_target), np.random.default_rng(seed)
    if not isinstance(topology, str):
        indptr, indices, data = topology
        return csr_array((np.array(data, dtype=np.float64), indices, indptr), shape=shape)
    if topology in ("random", "all_to_all"):
        chosen = rng.random(shape) < (probability if topology == "random" else 1.0)
        rows, columns = np.nonzero(chosen)
        return csr_array((np.full(rows.size, weight), (rows, columns)), shape=shape)
    if topology not in ("ring", "small_world", "scale_free"):
        raise ConfigurationError(
            "topology",
            f"must be 'random', 'all_to_all', 'ring', 'small_world', 'scale_free' or a tuple, got {topology!r}",
        )
    if n_source != n_target:
        raise ConfigurationError("topology", f"{topology!r} needs populations of one size, got {shape}")
    if topology == "ring":
        return graphs.ring(n_source, _NEIGHBOURS, weight=weight, dtype=np.float64)
    if topology == "small_world":
        return graphs.small_world(
            n_source, _NEIGHBOURS, _REWIRING_PROBABILITY, rng=rng, weight=weight, dtype=np.float64
        )
    return graphs.scale_free(n_source, _ATTACHMENTS, rng=rng, weight=weight, dtype=np.float64)
