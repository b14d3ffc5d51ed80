"""Patterns without chance: dense, one-to-one and ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sc_core.topology.assembly import (
    DEFAULT_GAIN,
    check_synapse_count,
    initial_weights,
    neighbours_on_ring,
    positive_integer,
    sparse,
)

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from scipy.sparse import csr_array


def dense(
    n_source: int,
    n_target: int,
    *,
    rng: np.random.Generator | None = None,
    weight: float | None = None,
    gain: float = DEFAULT_GAIN,
    dtype: DTypeLike = np.float32,
) -> csr_array:
    """Connect every source neuron with every target neuron.

    Parameters
    ----------
    n_source, n_target : int
        Numbers of neurons.
    rng : numpy.random.Generator, optional
        Draws the weights; not needed where `weight` is given.
    weight : float, optional
        The weight of every synapse. By default weights are normal with mean 0 and standard deviation
        gain / sqrt(n_source).
    gain : float
        Scale of drawn weights.
    dtype : dtype
        float32 (the default) or float64.

    Returns
    -------
    scipy.sparse.csr_array, shape (n_source, n_target)

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; its path is the argument's name.

    Examples
    --------
    >>> from sc_core import topology
    >>> topology.dense(2, 3, weight=0.5).toarray()
    array([[0.5, 0.5, 0.5],
           [0.5, 0.5, 0.5]], dtype=float32)
    """
    rows, columns = positive_integer("n_source", n_source), positive_integer("n_target", n_target)
    check_synapse_count(rows * columns)
    weights = initial_weights(rows * columns, rows, weight=weight, gain=gain, rng=rng, dtype=dtype)
    pointers = np.arange(0, rows * columns + 1, columns, dtype=np.int32)
    return sparse(weights, np.tile(np.arange(columns, dtype=np.int32), rows), pointers, columns)


def one_to_one(n: int, weight: float = 1.0, *, dtype: DTypeLike = np.float32) -> csr_array:
    """Connect neuron *i* of the source with neuron *i* of the target, and no others.

    Parameters
    ----------
    n : int
        Number of neurons on either side.
    weight : float
        The weight of every synapse.
    dtype : dtype
        float32 (the default) or float64.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; its path is the argument's name.

    Examples
    --------
    >>> from sc_core import topology
    >>> topology.one_to_one(2, weight=3).toarray()
    array([[3., 0.],
           [0., 3.]], dtype=float32)
    """
    size = positive_integer("n", n)
    weights = initial_weights(size, 1, weight=weight, gain=DEFAULT_GAIN, rng=None, dtype=dtype)
    return sparse(weights, np.arange(size), np.arange(size + 1, dtype=np.int32), size)


def ring(
    n: int,
    neighbours: int,
    *,
    rng: np.random.Generator | None = None,
    weight: float | None = None,
    gain: float = DEFAULT_GAIN,
    dtype: DTypeLike = np.float32,
) -> csr_array:
    """Connect each neuron of a ring with its nearest neighbours, half of them on either side.

    Parameters
    ----------
    n : int
        Number of neurons.
    neighbours : int
        How many neighbours a neuron connects to: even, at least 2, less than `n`.
    rng : numpy.random.Generator, optional
        Draws the weights; not needed where `weight` is given.
    weight : float, optional
        The weight of every synapse. By default weights are normal with mean 0 and standard deviation
        gain / sqrt(neighbours).
    gain : float
        Scale of drawn weights.
    dtype : dtype
        float32 (the default) or float64.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        No neuron connects to itself.

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; its path is the argument's name.

    Examples
    --------
    >>> from sc_core import topology
    >>> topology.ring(4, 2, weight=1.0).toarray()
    array([[0., 1., 0., 1.],
           [1., 0., 1., 0.],
           [0., 1., 0., 1.],
           [1., 0., 1., 0.]], dtype=float32)
    """
    size = positive_integer("n", n)
    reach = neighbours_on_ring(neighbours, size)
    check_synapse_count(2 * reach * size)
    columns = np.sort(ring_targets(size, reach), axis=1).ravel()
    weights = initial_weights(columns.size, 2 * reach, weight=weight, gain=gain, rng=rng, dtype=dtype)
    return sparse(weights, columns, np.arange(0, columns.size + 1, 2 * reach, dtype=np.int32), size)


def ring_targets(n: int, reach: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return the targets of each neuron on a ring, shape (n, 2 · reach), in no particular order."""
    distances = np.concatenate([np.arange(-reach, 0), np.arange(1, reach + 1)])
    targets: np.ndarray[tuple[int, int], np.dtype[np.int64]] = (np.arange(n)[:, None] + distances) % n
    return targets
