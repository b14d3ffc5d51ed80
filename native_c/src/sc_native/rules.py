"""What the rules at a projection's synapses share (csrc/rules.cdef): the pattern, and a single step of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi
from sc_native.buffers import Buffers

_INTEGER = np.dtype(np.int32)


def address(pointer: Any) -> int:
    """Return where a C function or structure is."""
    return int(ffi.cast("uintptr_t", pointer))


def fill_pattern(
    struct: Any,
    sizes: tuple[int, int],
    data: NDArray[Any],
    pattern: Mapping[str, NDArray[np.int32]],
    buffers: Buffers,
) -> None:
    """Hand the synapses of a projection to a rule's structure.

    Parameters
    ----------
    struct : stdp_* or rstdp_*
    sizes : (n_source, n_target)
    data : ndarray, shape (n_synapses,), float32 or float64
    pattern : mapping of ndarray, int32
        ``indices`` (CSR), ``column_start``, ``column_synapse``, ``column_source``.
    buffers : Buffers
    """
    n_source, n_target = sizes
    struct.n_source, struct.n_target = n_source, n_target
    struct.data = buffers.pointer(data, data.dtype, data.size, "data")
    for name in ("indices", "column_synapse", "column_source"):
        setattr(struct, name, buffers.pointer(pattern[name], _INTEGER, data.size, name))
    struct.column_start = buffers.pointer(pattern["column_start"], _INTEGER, n_target + 1, "column_start")


class Meeting:
    """The spikes that meet in one step, all in one part.

    Parameters
    ----------
    sizes : (n_source, n_target)
    indptr : ndarray, shape (n_source + 1,), int32
    """

    def __init__(self, sizes: tuple[int, int], indptr: NDArray[np.int32]) -> None:
        n_source, n_target = sizes
        self._buffers = Buffers()
        rows = self._buffers.pointer(indptr, _INTEGER, n_source + 1, "indptr")
        self.struct = self._buffers.new("met_spikes[]", 1)
        self.struct[0].last = n_target
        self.struct[0].row_begin, self.struct[0].row_end = rows, rows + 1

    def take(self, pre: NDArray[np.int32], post: NDArray[np.int32], modulator: float) -> Any:
        """Return the structure for the neurons `pre` and `post` (ascending), which must outlive its use."""
        met = self.struct[0]
        met.pre, met.n_pre = ffi.from_buffer("int32_t[]", pre), len(pre)
        met.post, met.n_post = ffi.from_buffer("int32_t[]", post), len(post)
        met.modulator = modulator
        return self.struct
