"""What all topologies share: checked arguments, initial weights, the canonical sparse array."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from sc_core.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

DEFAULT_GAIN = 3.0
"""Standard deviation of a target neuron's summed weights: each weight has gain / sqrt(fan-in)."""

_LARGEST_INDEX = 2**31 - 1  # indices and row pointers are int32


def positive_integer(name: str, value: int) -> int:
    """Return `value` as an int from 1 to the largest index, or raise `ConfigurationError`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if not 1 <= number <= _LARGEST_INDEX or isinstance(value, bool):
        raise ConfigurationError(name, f"must be an integer from 1 to 2**31 - 1, got {value!r}")
    return number


def probability(name: str, value: float) -> float:
    """Return `value` as a float in [0, 1], or raise `ConfigurationError`."""
    number = _finite(name, value)
    if not 0.0 <= number <= 1.0:
        raise ConfigurationError(name, f"must lie in [0, 1], got {value!r}")
    return number


def neighbours_on_ring(neighbours: int, n: int) -> int:
    """Return how many neighbours there are on either side, or raise `ConfigurationError`."""
    count = positive_integer("neighbours", neighbours)
    if count % 2 or count >= n:
        raise ConfigurationError("neighbours", f"must be even and less than n = {n}, got {neighbours!r}")
    return count // 2


def generator(rng: np.random.Generator | None) -> np.random.Generator:
    """Return `rng`, or raise `ConfigurationError` if it is not a generator."""
    if not isinstance(rng, np.random.Generator):
        raise ConfigurationError(
            "rng", f"must be a numpy.random.Generator, as numpy.random.default_rng(7) makes, got {rng!r}"
        )
    return rng


def check_synapse_count(count: float) -> None:
    """Raise `ConfigurationError` if `count` synapses are more than int32 indices can address."""
    if count > _LARGEST_INDEX:
        raise ConfigurationError(
            "n_target", f"a projection holds at most 2**31 - 1 synapses, not {count:.3g}"
        )


def initial_weights(
    n_synapses: int,
    fan_in: float | NDArray[np.integer[Any]],
    *,
    weight: float | None,
    gain: float,
    rng: np.random.Generator | None,
    dtype: DTypeLike,
) -> NDArray[np.floating[Any]]:
    """Return one weight for each synapse.

    Parameters
    ----------
    n_synapses : int
    fan_in : float or ndarray, shape (n_synapses,)
        Number of synapses of the target neuron.
    weight : float or None
        The constant weight; None draws normal ones with standard deviation gain / sqrt(max(fan_in, 1)).
    gain : float
    rng : numpy.random.Generator or None
        May be None where `weight` is given.
    dtype : dtype
        float32 or float64.
    """
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ConfigurationError("dtype", f"must be float32 or float64, got {kind}")
    if weight is not None:
        return np.full(n_synapses, _finite("weight", weight), kind)
    if _finite("gain", gain) <= 0:
        raise ConfigurationError("gain", f"must be > 0, got {gain!r}")
    weights = np.empty(n_synapses, kind)
    generator(rng).standard_normal(dtype="f4" if kind == np.float32 else "f8", out=weights)
    weights *= (gain / np.sqrt(np.maximum(fan_in, 1))).astype(kind)
    return weights


def row_pointers(rows: NDArray[np.integer[Any]], n_rows: int) -> NDArray[np.int32]:
    """Return the CSR row pointers, shape (n_rows + 1,), of synapses in the rows `rows`."""
    pointers = np.zeros(n_rows + 1, np.int32)
    np.cumsum(np.bincount(rows, minlength=n_rows), out=pointers[1:])
    return pointers


def sparse(
    weights: NDArray[np.floating[Any]],
    columns: NDArray[np.integer[Any]],
    pointers: NDArray[np.int32],
    n_target: int,
) -> csr_array:
    """Return the CSR array of synapses that are sorted by row and column and occur once each."""
    indices = columns.astype(np.int32, copy=False)
    return csr_array((weights, indices, pointers), shape=(pointers.size - 1, n_target))


def _finite(name: str, value: float) -> float:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        raise ConfigurationError(name, f"must be a finite number, got {value!r}")
    return float(value)
