"""A projection's synapses in the order of their postsynaptic neurons, for rules in C."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray


def columns_of(projection: Any) -> dict[str, NDArray[np.int32]]:
    """Return the CSR pattern, and each postsynaptic neuron's synapses with their presynaptic neurons.

    Parameters
    ----------
    projection : Projection

    Returns
    -------
    dict of str to ndarray, int32
        ``indptr``, ``indices``; synapses of neuron j are ``column_synapse[k]``, from ``column_source[k]``, for
        ``column_start[j] <= k < column_start[j + 1]``.

    Examples
    --------
    >>> from sc_core import LIF, Input, Population, Projection
    >>> from sc_core.simulation import columns_of
    >>> source, target = Population("a", 2, Input()), Population("b", 2, LIF())
    >>> columns_of(Projection(source, target, [[1.0, 2.0], [3.0, 0.0]]))["column_synapse"]
    array([0, 2, 1], dtype=int32)
    """
    indptr, indices = (
        np.ascontiguousarray(getattr(projection, k), dtype=np.int32) for k in ("indptr", "indices")
    )
    places = scipy.sparse.csr_array(
        (np.arange(indices.size, dtype=np.int32), indices, indptr),
        shape=(projection.source.n, projection.target.n),
    ).tocsc()
    return {
        "indptr": indptr,
        "indices": indices,
        "column_start": places.indptr.astype(np.int32, copy=False),
        "column_synapse": places.data,
        "column_source": places.indices.astype(np.int32, copy=False),
    }
