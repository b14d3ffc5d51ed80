"""One update of those of many clients: their weighted sum, in the open or masked (specs/federated.md, eq. 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_plugin_federated.quantisation import quantise
from sc_plugin_federated.secure_sum import Identities, run_session

Arrays: TypeAlias = Sequence[NDArray[np.floating[Any]]]
"""One array for each parameter."""


def weighted_sum(clients: Sequence[Arrays], weights: Sequence[int]) -> list[NDArray[np.float64]]:
    """Return the sum of what clients have, each times its weight, in the order of the clients.

    Parameters
    ----------
    clients : sequence of sequences of ndarray
    weights : sequence of int

    Returns
    -------
    list of ndarray, float64
    """
    sums = [np.zeros(array.shape) for array in clients[0]]
    for arrays, weight in zip(clients, weights, strict=True):
        for total, array in zip(sums, arrays, strict=True):
            total += weight * array.astype(np.float64)
    return sums


def weighted_mean(clients: Sequence[Arrays], weights: Sequence[int]) -> list[NDArray[np.floating[Any]]]:
    """Return the weighted mean of what clients have, in the type of theirs; where all agree, exactly what they have.

    Parameters
    ----------
    clients : sequence of sequences of ndarray
    weights : sequence of int

    Returns
    -------
    list of ndarray

    Examples
    --------
    >>> import numpy as np
    >>> weighted_mean([[np.array([1.0, 0.1])], [np.array([4.0, 0.1])]], weights=[2, 1])
    [array([2. , 0.1])]
    """
    means = []
    for place, total in enumerate(weighted_sum(clients, weights)):
        first = clients[0][place]
        # Without this a rounding error would move what nobody has changed: the weights of frozen projections.
        agreed = np.all([arrays[place] == first for arrays in clients], axis=0)
        means.append(np.where(agreed, first, (total / sum(weights)).astype(first.dtype)))
    return means


def secure_weighted_sum(
    clients: Sequence[Arrays], weights: Sequence[int], fractional_bits: int
) -> tuple[list[NDArray[np.float64]], int]:
    """Return the weighted sum and the sum of the weights as a server learns them that sees masked values alone.

    Parameters
    ----------
    clients : sequence of sequences of ndarray
    weights : sequence of int
    fractional_bits : int
        Every client rounds its weighted values to multiples of ``2**-fractional_bits``.

    Returns
    -------
    list of ndarray, float64
    int
    """
    values = [
        np.append(_quantised(arrays, weight, fractional_bits), weight)
        for arrays, weight in zip(clients, weights, strict=True)
    ]
    server, parties = Identities.draw(len(values)).open_session(values[0].size)
    total = run_session(server, parties, values)
    ends = np.cumsum([array.size for array in clients[0]])
    scaled = np.ldexp(total[:-1].astype(np.float64), -fractional_bits)
    parts = np.split(scaled, ends[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, clients[0], strict=True)], int(total[-1])


def _quantised(arrays: Arrays, weight: int, fractional_bits: int) -> NDArray[np.int64]:
    flat = np.concatenate([array.reshape(-1).astype(np.float64) for array in arrays])
    return quantise(weight * flat, fractional_bits)
