"""Bits, 64 to a word (specs/federated.md, "Packing")."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError, ShapeError
from sc_plugin_federated.vote_kernels import vote_kernels


@attrs.frozen(eq=False)
class PackedBits:
    """Bits, packed: bit i is bit i % 64, counted from the least significant, of word i // 64.

    Parameters
    ----------
    words : ndarray, shape (ceil(n / 64),), uint64
        Bits beyond the last one are 0.
    n : int
        How many bits there are.

    Raises
    ------
    TypeError, ShapeError, ConfigurationError
        If the words are not uint64, do not hold `n` bits, or have bits set beyond.

    Examples
    --------
    >>> packed = PackedBits.pack([1, 1, 0, 1])
    >>> packed.words, packed.n
    (array([11], dtype=uint64), 4)
    >>> packed.unpack()
    array([1, 1, 0, 1], dtype=uint8)
    """

    words: NDArray[np.uint64] = attrs.field()
    n: int = attrs.field(validator=attrs.validators.ge(0))

    @words.validator
    def _check_dtype(self, attribute: attrs.Attribute[NDArray[np.uint64]], words: NDArray[np.uint64]) -> None:
        if not isinstance(words, np.ndarray) or words.dtype != np.uint64:
            raise TypeError(f"{attribute.name} must be an array of uint64")

    def __attrs_post_init__(self) -> None:
        if self.words.shape != ((self.n + 63) // 64,) or not self.words.flags.c_contiguous:
            raise ShapeError(
                f"{self.n} bits need contiguous words of shape ({(self.n + 63) // 64},), got {self.words.shape}"
            )
        if self.n % 64 and int(self.words[-1]) >> self.n % 64:
            raise ConfigurationError("words", f"has bits set beyond the last of its {self.n} bits")

    @classmethod
    def pack(cls, bits: ArrayLike) -> PackedBits:
        """Pack an array of bits, row by row where it has several axes.

        Parameters
        ----------
        bits : array_like of bool or integers
            0 or 1.

        Raises
        ------
        ConfigurationError
            If a value is neither 0 nor 1.
        """
        values = np.asarray(bits)
        if values.dtype.kind not in "bui":
            raise ConfigurationError("bits", f"must be bool or integers, got {values.dtype}")
        if values.dtype.itemsize > 1:
            if values.size and not 0 <= values.min() <= values.max() <= 1:
                raise _neither()
            values = values.astype(np.uint8)
        flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        words = vote_kernels().pack(flat)
        if words is None:
            raise _neither()
        return cls(words, flat.size)

    def unpack(self) -> NDArray[np.uint8]:
        """Return the bits, each a byte: shape (n,)."""
        bits: NDArray[np.uint8] = vote_kernels().unpack(self.words, self.n)
        return bits


def _neither() -> ConfigurationError:
    return ConfigurationError("bits", "must be 0 or 1")
