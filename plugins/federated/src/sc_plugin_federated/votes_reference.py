"""Votes on packed bits in plain NumPy, with the functions of `sc_native.votes`; threads make no difference here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def pack(bits: NDArray[np.uint8]) -> Words | None:
    """Return bytes that are 0 or 1 as words, filled up with zeros; None if one of them is neither."""
    if np.any(bits > 1):
        return None
    padded = np.zeros((bits.size + 63) // 64 * 8, np.uint8)
    packed = np.packbits(bits, bitorder="little")
    padded[: packed.size] = packed
    return padded.view("<u8").astype(np.uint64)


def unpack(words: Words, n: int) -> NDArray[np.uint8]:
    """Return the first `n` bits of words as bytes."""
    return np.unpackbits(words.astype("<u8").view(np.uint8), count=n, bitorder="little")


def counts(voters: Sequence[Words], weights: NDArray[np.uint32], n_threads: int = 1) -> NDArray[np.uint32]:
    """Return how many of the voters have each bit set, counted by weight: shape (64 * n_words,) (eq. 1)."""
    total = np.zeros(64 * voters[0].size, np.uint32)
    for words, weight in zip(voters, weights, strict=True):
        total += weight * unpack(words, total.size)
    return total


def majority(voters: Sequence[Words], weights: NDArray[np.uint32], n_threads: int = 1) -> Words:
    """Return the bits that are set in more than half of the voters, counted by weight (eq. 2)."""
    half = weights.sum(dtype=np.uint64) // 2
    words = pack((counts(voters, weights) > half).astype(np.uint8))
    assert words is not None  # noqa: S101  a comparison gives 0 or 1
    return words


def multiplex(voters: Sequence[Words], chosen: NDArray[np.uint32], n_threads: int = 1) -> Words:
    """Return words whose bit i is that of voter ``chosen[i]`` (eq. 4)."""
    bits = np.stack([unpack(words, chosen.size) for words in voters])
    words = pack(np.take_along_axis(bits, chosen[None].astype(np.intp), axis=0)[0])
    assert words is not None  # noqa: S101  these were bits before
    return words
