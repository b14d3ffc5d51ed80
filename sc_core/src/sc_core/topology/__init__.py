"""Which neurons are connected, and with what initial weights: patterns as sparse arrays.

Every function returns a canonical ``scipy.sparse.csr_array`` of shape (n_source, n_target), rows =
presynaptic. ``specs/topology.md`` defines the patterns and the weights.
"""

from __future__ import annotations

from sc_core.topology.assembly import DEFAULT_GAIN
from sc_core.topology.random_graphs import random, scale_free, small_world
from sc_core.topology.regular import dense, one_to_one, ring

__all__ = ["DEFAULT_GAIN", "dense", "one_to_one", "random", "ring", "scale_free", "small_world"]
