"""Which synapses there are, which could be, and whose fan-in and fan-out allow it.

A pair (i, j) is written as its key ``i * n_target + j``: keys ascend in the order of CSR.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]


def rows_of(projection: Any) -> NDArray[np.int64]:
    """Return the presynaptic neuron of each synapse."""
    return np.repeat(np.arange(len(projection.indptr) - 1, dtype=np.int64), np.diff(projection.indptr))


def keys_of(projection: Any) -> Keys:
    """Return the key of each synapse, ascending."""
    keys: Keys = rows_of(projection) * projection.target.n + projection.indices
    return keys


def draw_absent(occupied: Keys, n_pairs: int, n: int, rng: np.random.Generator) -> Keys:
    """Return up to `n` different keys below `n_pairs` that are not occupied, all equally likely, ascending.

    Parameters
    ----------
    occupied : ndarray of int64
        Ascending, without repetition.
    n_pairs : int
    n : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> import numpy as np
    >>> draw_absent(np.array([0, 2, 3]), 6, 5, np.random.default_rng(1)).tolist()
    [1, 4, 5]
    """
    n_absent = n_pairs - occupied.size
    ranks = np.sort(rng.choice(n_absent, min(n, n_absent), replace=False, shuffle=False)).astype(np.int64)
    # The occupied key number k has (key - k) absent ones before it, so it lies before the absent one of rank r
    # where that is at most r.
    return ranks + np.searchsorted(occupied - np.arange(occupied.size), ranks, side="right")


@attrs.define(eq=False)
class Degrees:
    """Counts of synapses by presynaptic and by postsynaptic neuron, with bounds.

    Parameters
    ----------
    fan_out, fan_in : ndarray of int64
        Synapses of each presynaptic, of each postsynaptic neuron; changed by `remove` and `add`.
    """

    fan_out: NDArray[np.int64]
    fan_in: NDArray[np.int64]

    @classmethod
    def of(cls, projection: Any) -> Degrees:
        """Count a projection's."""
        return cls(
            np.diff(projection.indptr).astype(np.int64),
            np.bincount(projection.indices, minlength=projection.target.n).astype(np.int64),
        )

    def remove(
        self, rows: NDArray[Any], columns: NDArray[Any], min_fan_out: int, min_fan_in: int
    ) -> NDArray[np.bool_]:
        """Take pairs away in the order given, but leave every neuron its minimum; return which went."""
        if not min_fan_out and not min_fan_in:
            np.subtract.at(self.fan_out, rows, 1)
            np.subtract.at(self.fan_in, columns, 1)
            return np.ones(len(rows), bool)
        went = np.zeros(len(rows), bool)
        for place, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
            if self.fan_out[i] > min_fan_out and self.fan_in[j] > min_fan_in:
                went[place] = True
                self.fan_out[i] -= 1
                self.fan_in[j] -= 1
        return went

    def add(
        self,
        rows: NDArray[Any],
        columns: NDArray[Any],
        n: int,
        max_fan_out: int | None,
        max_fan_in: int | None,
    ) -> NDArray[np.bool_]:
        """Add up to `n` pairs in the order given, as the maxima allow; return which were added."""
        n_pairs = self.fan_out.size * self.fan_in.size
        most_out = n_pairs if max_fan_out is None else max_fan_out
        most_in = n_pairs if max_fan_in is None else max_fan_in
        added = np.zeros(len(rows), bool)
        for place, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
            if not n:
                break
            if self.fan_out[i] < most_out and self.fan_in[j] < most_in:
                added[place] = True
                self.fan_out[i] += 1
                self.fan_in[j] += 1
                n -= 1
        return added
