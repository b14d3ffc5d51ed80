"""Votes on packed bits: bit i of an array is bit i % 64 of its word i // 64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import Buffers, check

Words = NDArray[np.uint64]

_WORD, _COUNT, _BYTE = np.dtype(np.uint64), np.dtype(np.uint32), np.dtype(np.uint8)


def majority(voters: Sequence[Words], weights: NDArray[np.uint32], n_threads: int) -> Words:
    """Return the bits that are set in more than half of the voters, counted by weight.

    Parameters
    ----------
    voters : sequence of ndarray, shape (n_words,)
        At least one, all of the same size.
    weights : ndarray, shape (n_voters,)
        Each >= 1, their sum < 2**32.
    n_threads : int

    Returns
    -------
    ndarray, shape (n_words,)
    """
    result = np.empty_like(voters[0])
    buffers = Buffers()
    _count(
        buffers, voters, weights, buffers.pointer(result, _WORD, result.size, "result"), ffi.NULL, n_threads
    )
    return result


def counts(voters: Sequence[Words], weights: NDArray[np.uint32], n_threads: int) -> NDArray[np.uint32]:
    """Return how many of the voters have each bit set, counted by weight: shape (64 * n_words,).

    Parameters
    ----------
    voters, weights, n_threads
        As for `majority`.
    """
    result = np.empty(64 * voters[0].size, np.uint32)
    buffers = Buffers()
    _count(
        buffers, voters, weights, ffi.NULL, buffers.pointer(result, _COUNT, result.size, "result"), n_threads
    )
    return result


def multiplex(voters: Sequence[Words], chosen: NDArray[np.uint32], n_threads: int) -> Words:
    """Return words whose bit i is that of voter ``chosen[i]``.

    Parameters
    ----------
    voters : sequence of ndarray, shape (n_words,)
    chosen : ndarray, shape (64 * n_words,)
    n_threads : int

    Returns
    -------
    ndarray, shape (n_words,)
    """
    result = np.empty_like(voters[0])
    buffers = Buffers()
    pointers = [
        _voters(buffers, voters),
        buffers.pointer(chosen, _COUNT, 64 * result.size, "chosen"),
        len(voters),
        result.size,
        buffers.pointer(result, _WORD, result.size, "result"),
    ]
    check(lib.sc_multiplex_bits(*pointers, n_threads), "sc_multiplex_bits")
    return result


def pack(bits: NDArray[np.uint8]) -> Words | None:
    """Return bytes that are 0 or 1 as words, filled up with zeros; None if one of them is neither.

    Parameters
    ----------
    bits : ndarray, shape (n,)
    """
    result = np.empty((bits.size + 63) // 64, np.uint64)
    buffers = Buffers()
    code = lib.sc_pack_bits(
        buffers.pointer(bits, _BYTE, bits.size, "bits"),
        bits.size,
        buffers.pointer(result, _WORD, result.size, "result"),
    )
    return result if code == 0 else None


def unpack(words: Words, n: int) -> NDArray[np.uint8]:
    """Return the first `n` bits of words as bytes."""
    result = np.empty(n, np.uint8)
    buffers = Buffers()
    pointers = (
        buffers.pointer(words, _WORD, (n + 63) // 64, "words"),
        n,
        buffers.pointer(result, _BYTE, n, "result"),
    )
    check(lib.sc_unpack_bits(*pointers), "sc_unpack_bits")
    return result


def _count(
    buffers: Buffers,
    voters: Sequence[Words],
    weights: NDArray[np.uint32],
    majority_words: Any,
    count_words: Any,
    n_threads: int,
) -> None:
    pointers = (_voters(buffers, voters), buffers.pointer(weights, _COUNT, len(voters), "weights"))
    sizes = (len(voters), voters[0].size)
    code = lib.sc_count_votes(*pointers, *sizes, majority_words, count_words, n_threads)
    check(code, "sc_count_votes")


def _voters(buffers: Buffers, voters: Sequence[Words]) -> Any:
    size = voters[0].size
    return ffi.new("uint64_t *[]", [buffers.pointer(words, _WORD, size, "voter") for words in voters])
