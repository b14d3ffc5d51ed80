"""Numbers as multiples of a power of two, which a secure sum adds exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError

LARGEST_FRACTION = 40


def quantise(values: NDArray[np.float64], fractional_bits: int) -> NDArray[np.int64]:
    """Return values as multiples of ``2**-fractional_bits``, rounded to the nearest, halves to even.

    Parameters
    ----------
    values : ndarray of float64
    fractional_bits : int
        0 to 40.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ConfigurationError
        If a value is not finite or too large for 63 bits, or `fractional_bits` is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> quantise(np.array([0.5, -0.3, 2.0]), fractional_bits=2)
    array([ 2, -1,  8])
    """
    if not 0 <= fractional_bits <= LARGEST_FRACTION:
        raise ConfigurationError(
            "fractional_bits", f"must be from 0 to {LARGEST_FRACTION}, got {fractional_bits}"
        )
    scaled = np.rint(np.ldexp(values, fractional_bits))
    if not np.all(np.abs(scaled) < 2.0**63):  # false for NaN, too
        raise ConfigurationError(
            "values",
            f"must be finite and below 2**{63 - fractional_bits} to be summed with {fractional_bits} bits",
        )
    return scaled.astype(np.int64)
