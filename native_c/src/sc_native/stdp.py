"""STDP on NumPy arrays: the state of one projection's rule as the kernel sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import lib
from sc_native.buffers import SUFFIXES, Buffers
from sc_native.rules import Meeting, address, fill_pattern

_DOUBLE = np.dtype(np.float64)
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
        fill_pattern(struct, sizes, data, pattern, self._buffers)
        for place, name in enumerate(TRACES):
            trace = traces[name]
            size = n_target if name.startswith("o") else 0 if trace is None else len(trace) * n_source
            struct.trace[place] = pointer(trace, _DOUBLE, size, name)
        for name, value in parameters.items():
            setattr(struct, name, value)
        self._meeting = Meeting(sizes, pattern["indptr"])

    @property
    def rule(self) -> tuple[int, int]:
        """Addresses of the C function (a ``synapse_rule``) and of its state."""
        return address(self._step), address(self.struct)

    def begin(self, number: int) -> None:
        """Let a window begin with step `number`."""
        self.struct[0].first_step = number

    def step(self, number: int, pre: NDArray[np.int32], post: NDArray[np.int32]) -> None:
        """Make one step, in one part: the neurons `pre` and `post` (ascending) spiked."""
        self.begin(number)
        self._step(self.struct, self._meeting.take(pre, post, 0.0))
