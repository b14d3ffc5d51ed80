"""Handing NumPy arrays to C: checked once, held for as long as C may use them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib

SUFFIXES = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}
_C_TYPES: dict[np.dtype[Any], str] = {
    np.dtype(np.float32): "float[]",
    np.dtype(np.float64): "double[]",
}
_LINES = 128  # bytes: two cache lines, since processors fetch them in pairs
for _name in (f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)):
    _C_TYPES[np.dtype(_name)] = f"{_name}_t[]"


class KernelError(RuntimeError):
    """A kernel refused its arguments; a caller above should have."""


@cache
def kernel(name: str, dtype: np.dtype[Any]) -> Any:
    """Return the C function `name` for arrays of `dtype`."""
    return getattr(lib, f"{name}_{SUFFIXES[dtype]}")


def aligned(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return `size` zeros that have their cache lines, and those that are fetched along, to themselves.

    Where NumPy puts an array differs from process to process.
    """
    room = np.zeros(size * dtype.itemsize + 2 * _LINES, np.uint8)
    first = -room.ctypes.data % _LINES
    return room[first : first + size * dtype.itemsize].view(dtype)


def check(code: int, name: str) -> None:
    """Raise `KernelError` if a kernel returned an error code."""
    if code != 0:
        raise KernelError(f"{name} refused its arguments (code {code})")


class Buffers:
    """Pointers into NumPy arrays, with everything that keeps them valid.

    cffi's ``from_buffer`` reinterprets bytes silently, so dtype, size and contiguity are checked here.
    """

    def __init__(self) -> None:
        self._alive: list[Any] = []

    def pointer(self, array: NDArray[Any] | None, dtype: np.dtype[Any], size: int, name: str) -> Any:
        """Return a pointer to `array`, or NULL for None.

        Raises
        ------
        TypeError, ValueError
            If `array` is not a C-contiguous array of `dtype` with `size` elements.
        """
        if array is None:
            return ffi.NULL
        if array.dtype != dtype:
            raise TypeError(f"{name} must be {dtype}, got {array.dtype}")
        if array.size != size or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be C-contiguous with {size} elements, got shape {array.shape}")
        pointer = ffi.from_buffer(_C_TYPES[dtype], array)
        self._alive.append((array, pointer))
        return pointer

    def new(self, c_type: str, count: int) -> Any:
        """Return `count` zeroed C structs."""
        structs = ffi.new(c_type, count)
        self._alive.append(structs)
        return structs
