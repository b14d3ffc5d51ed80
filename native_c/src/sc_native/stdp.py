"""STDP on NumPy arrays: the state of one projection's rule as the kernel sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import SUFFIXES, Buffers

_INTEGER, _DOUBLE = np.dtype(np.int32), np.dtype(np.float64)
TRACES = ("r1", "o1", "r2", "o2")
"""The traces by name, in the kernel's order."""


class STDPArrays:
    """The synapses of a projection and the traces of its neurons (csrc/stdp.cdef): checked once, held for many calls.

    Parameters
    ----------
    sizes : (n_source, n_target)
    data : ndarray, shape (n_synapses,), float32 or float64
        Changed by the kernel.
    pattern : mapping of ndarray, int32
        ``indptr``, ``indices`` (CSR), ``column_start``, ``column_synapse``, ``column_source``.
    traces : mapping of ndarray or None, float64
        By the names in `TRACES`: (n_parts, n_source) and (1, n_target). Changed by the kernel.
    parameters : mapping
        ``w_min``, ``w_max``, ``mu_plus``, ``mu_minus``, ``nearest``; four each: ``amplitude``, ``rate``, ``period``.
    """

    def __init__(
        self,
        sizes: tuple[int, int],
        data: NDArray[Any],
        pattern: Mapping[str, NDArray[np.int32]],
        traces: Mapping[str, NDArray[np.float64] | None],
        parameters: Mapping[str, Any],
    ) -> None:
        n_source, n_target = sizes
        self._buffers = Buffers()
        suffix = SUFFIXES[data.dtype]
        self.struct = self._buffers.new(f"stdp_{suffix}[]", 1)
        self._step = getattr(lib, f"sc_stdp_step_{suffix}")
        struct, pointer = self.struct[0], self._buffers.pointer
        struct.n_source, struct.n_target = n_source, n_target
        struct.data = pointer(data, data.dtype, data.size, "data")
        self._indptr = pointer(pattern["indptr"], _INTEGER, n_source + 1, "indptr")
        for name in ("indices", "column_synapse", "column_source"):
            setattr(struct, name, pointer(pattern[name], _INTEGER, data.size, name))
        struct.column_start = pointer(pattern["column_start"], _INTEGER, n_target + 1, "column_start")
        for place, name in enumerate(TRACES):
            trace = traces[name]
            size = n_target if name.startswith("o") else 0 if trace is None else len(trace) * n_source
            struct.trace[place] = pointer(trace, _DOUBLE, size, name)
        for name, value in parameters.items():
            setattr(struct, name, value)
        self._met = self._buffers.new("met_spikes[]", 1)
        met = self._met[0]
        met.last = n_target
        met.row_begin, met.row_end = self._indptr, self._indptr + 1

    @property
    def rule(self) -> tuple[int, int]:
        """Addresses of the C function (a ``synapse_rule``) and of its state."""
        return int(ffi.cast("uintptr_t", self._step)), int(ffi.cast("uintptr_t", self.struct))

    def begin(self, number: int) -> None:
        """Let a window begin with step `number`."""
        self.struct[0].first_step = number

    def step(self, number: int, pre: Sequence[int] | Any, post: Sequence[int] | Any) -> None:
        """Make one step, in one part: the neurons `pre` and `post` (int32, ascending) spiked."""
        met = self._met[0]
        self.struct[0].first_step = number
        met.pre, met.n_pre = ffi.from_buffer("int32_t[]", pre), len(pre)
        met.post, met.n_post = ffi.from_buffer("int32_t[]", post), len(post)
        self._step(self.struct, self._met)
