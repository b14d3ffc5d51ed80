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
        is_kept = _kept(prune, weights.nnz, name)
        gone = np.flatnonzero(~is_kept)
        new_keys, new_weights = _growing(grow, weights, name)
        rows, columns = np.divmod(new_keys, n_target)
        columns = columns.astype(np.int32)
        before = _place_in_rows(weights, rows, columns)
        taken = before < weights.indptr[rows + 1]
        taken[taken] = (weights.indices[before[taken]] == columns[taken]) & is_kept[before[taken]]
        if taken.any():
            raise ConfigurationError(
                f"{name}.grow", f"synapse ({rows[taken][0]}, {columns[taken][0]}) exists already"
            )
        # Places count kept synapses only: the pruned ones before them are taken off.
        place = before - np.searchsorted(gone, before)
        origin = np.insert(np.flatnonzero(is_kept), place, -1)
        indices = _carried(weights.indices, origin, columns)
        gone_from = np.searchsorted(weights.indptr, gone, side="right") - 1
        per_row = np.diff(weights.indptr) - np.bincount(gone_from, minlength=n_source)
        indptr = np.zeros(n_source + 1, dtype=np.int32)
        np.cumsum(per_row + np.bincount(rows, minlength=n_source), out=indptr[1:])
        return cls(origin, indptr, indices, new_weights, (n_source, n_target))

    def carry(self, array: NDArray[Any], fill: Any) -> NDArray[Any]:
        """Return `array` (one value per old synapse) for the new synapses; grown ones get `fill`."""
        return _carried(array, self.origin, fill)

    def matrix(self, data: NDArray[Any]) -> scipy.sparse.csr_array:
        """Return the new matrix, given the old weights."""
        return scipy.sparse.csr_array(
            (self.carry(data, self.grown_weights.astype(data.dtype)), self.indices, self.indptr),
            shape=self.shape,
        )


def _carried(array: NDArray[Any], origin: NDArray[np.int64], fill: Any) -> NDArray[Any]:
    if not array.size:
        return np.full(origin.shape, fill, dtype=array.dtype)
    carried: NDArray[Any] = array[origin]
    carried[origin < 0] = fill
    return carried


def _place_in_rows(
    weights: scipy.sparse.csr_array, rows: NDArray[np.int64], columns: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return the first synapse of each row whose target is not before the column: all binary searches at once."""
    low = weights.indptr[rows].astype(np.int64)
    high = weights.indptr[rows + 1].astype(np.int64)
    while (searching := low < high).any():
        middle = (low + high) // 2
        before = np.zeros(len(rows), dtype=bool)
        before[searching] = weights.indices[middle[searching]] < columns[searching]
        low = np.where(before, middle + 1, low)
        high = np.where(searching & ~before, middle, high)
    return low


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
