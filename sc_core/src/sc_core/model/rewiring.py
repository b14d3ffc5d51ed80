"""Changing a sparsity pattern in one compaction, carrying per-synapse arrays along."""

from __future__ import annotations

from typing import Any, Self

import attrs
import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError, NumericalError, ShapeError


def _kept(prune: ArrayLike | None, n_synapses: int, name: str) -> NDArray[np.bool_]:
    kept = np.ones(n_synapses, dtype=bool)
    if prune is None:
        return kept
    chosen = np.asarray(prune)
    if chosen.dtype == bool:
        if chosen.shape != kept.shape:
            raise ShapeError(f"{name}: the prune mask has shape {chosen.shape}, expected {kept.shape}")
        return ~chosen
    if chosen.size and (chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= n_synapses):
        raise ConfigurationError(f"{name}.prune", f"must be a mask or indices in 0..{n_synapses - 1}")
    kept[chosen.astype(np.int64)] = False
    return kept


@attrs.frozen(eq=False)
class Rewiring:
    """Where each synapse of the new pattern comes from.

    Parameters
    ----------
    origin : ndarray, shape (n_new,), int64
        Index of the synapse in the old pattern, or -1 for one that grows.
    indptr, indices : ndarray, int32
        The new pattern.
    grown_weights : ndarray
        Weights of the growing synapses, in the new pattern's order.
    shape : (int, int)
    """

    origin: NDArray[np.int64]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    grown_weights: NDArray[Any]
    shape: tuple[int, int]

    @classmethod
    def plan(
        cls,
        weights: scipy.sparse.csr_array,
        prune: ArrayLike | None,
        grow: tuple[ArrayLike, ArrayLike, ArrayLike] | None,
        name: str,
    ) -> Self:
        """Check the request and work out the new pattern; see `Projection.rewire`."""
        n_source, n_target = weights.shape
        kept = np.flatnonzero(_kept(prune, weights.nnz, name))
        presynaptic = np.repeat(np.arange(n_source, dtype=np.int64), np.diff(weights.indptr))
        keys = presynaptic[kept] * n_target + weights.indices[kept]
        new_keys, new_weights = _growing(grow, weights, name)
        place = np.searchsorted(keys, new_keys)
        taken = place < keys.size
        taken[taken] = keys[place[taken]] == new_keys[taken]
        if taken.any():
            row, column = divmod(int(new_keys[taken][0]), n_target)
            raise ConfigurationError(f"{name}.grow", f"synapse ({row}, {column}) exists already")
        keys = np.insert(keys, place, new_keys)
        rows, columns = np.divmod(keys, n_target)
        indptr = np.zeros(n_source + 1, dtype=np.int32)
        np.cumsum(np.bincount(rows, minlength=n_source), out=indptr[1:])
        origin = np.insert(kept.astype(np.int64), place, -1)
        return cls(origin, indptr, columns.astype(np.int32), new_weights, (n_source, n_target))

    def carry(self, array: NDArray[Any], fill: Any) -> NDArray[Any]:
        """Return `array` (one value per old synapse) for the new synapses; grown ones get `fill`."""
        if not array.size:
            return np.full(self.origin.shape, fill, dtype=array.dtype)
        carried = array[self.origin]
        carried[self.origin < 0] = fill
        return carried

    def matrix(self, data: NDArray[Any]) -> scipy.sparse.csr_array:
        """Return the new matrix, given the old weights."""
        return scipy.sparse.csr_array(
            (self.carry(data, self.grown_weights.astype(data.dtype)), self.indices, self.indptr),
            shape=self.shape,
        )


def _growing(
    grow: tuple[ArrayLike, ArrayLike, ArrayLike] | None, weights: scipy.sparse.csr_array, name: str
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    if grow is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=weights.dtype)
    rows, columns = (np.atleast_1d(np.asarray(part)) for part in grow[:2])
    values = np.broadcast_to(np.asarray(grow[2], dtype=weights.dtype), rows.shape)
    if rows.shape != columns.shape or rows.ndim != 1:
        raise ShapeError(f"{name}: grow needs arrays of equal length, got {rows.shape} and {columns.shape}")
    for what, part, limit in (
        ("presynaptic", rows, weights.shape[0]),
        ("postsynaptic", columns, weights.shape[1]),
    ):
        if part.size and (part.dtype.kind not in "iu" or part.min() < 0 or part.max() >= limit):
            raise ConfigurationError(f"{name}.grow", f"{what} neurons must be integers in 0..{limit - 1}")
    if not np.all(np.isfinite(values)):
        raise NumericalError(f"{name}: weights of growing synapses contain NaN or infinity")
    keys = rows.astype(np.int64) * weights.shape[1] + columns
    order = np.argsort(keys, kind="stable")
    if np.any(np.diff(keys[order]) == 0):
        raise ConfigurationError(f"{name}.grow", "names a synapse twice")
    return keys[order], values[order]
