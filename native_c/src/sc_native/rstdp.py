"""R-STDP on NumPy arrays: the state of one projection's rule as the kernel sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import lib
from sc_native.buffers import SUFFIXES, Buffers
from sc_native.rules import Meeting, address, fill_pattern

_DOUBLE = np.dtype(np.float64)
GLOBALS = ("reward", "baseline", "reached", "sign")
"""The columns of ``global``, in the kernel's order."""


class RSTDPArrays:
    """The synapses of a projection and its neurons' traces (csrc/rstdp.cdef): checked once, held for many calls.

    Parameters
    ----------
    sizes : (n_source, n_target)
    data : ndarray, shape (n_synapses,), float32 or float64
        Changed by the kernel.
    pattern : mapping of ndarray, int32
        ``indptr``, ``indices`` (CSR), ``column_start``, ``column_synapse``, ``column_source``.
    arrays : mapping of ndarray, float64
        ``eligibility`` (n_synapses), ``state`` (n_synapses, 2), ``r`` (n_parts, n_source), ``o`` (n_target),
        ``global`` (n_parts, 4). Changed by the kernel.
    parameters : mapping
        ``w_min``, ``w_max``, ``a_plus``, ``a_minus``, ``gain``, ``decay_reward``, ``follow_baseline``; three each:
        ``rate``, ``period``.
    """

    def __init__(
        self,
        sizes: tuple[int, int],
        data: NDArray[Any],
        pattern: Mapping[str, NDArray[np.int32]],
        arrays: Mapping[str, NDArray[np.float64]],
        parameters: Mapping[str, Any],
    ) -> None:
        n_source, n_target = sizes
        self._buffers, suffix = Buffers(), SUFFIXES[data.dtype]
        self.struct = self._buffers.new(f"rstdp_{suffix}[]", 1)
        self._arrive = getattr(lib, f"sc_rstdp_arrive_{suffix}")
        self._step = getattr(lib, f"sc_rstdp_step_{suffix}")
        fill_pattern(self.struct[0], sizes, data, pattern, self._buffers)
        n_parts = len(arrays["global"])
        counts = {
            "eligibility": data.size,
            "state": 2 * data.size,
            "r": n_parts * n_source,
            "o": n_target,
            "global": n_parts * len(GLOBALS),
        }
        for name, count in counts.items():
            setattr(self.struct[0], name, self._buffers.pointer(arrays[name], _DOUBLE, count, name))
        for name, value in parameters.items():
            setattr(self.struct[0], name, value)
        self._meeting = Meeting(sizes, pattern["indptr"])

    @property
    def rule(self) -> tuple[int, int, int]:
        """Addresses of the ``synapse_rule`` after a step, of its state, and of the one before delivery."""
        return address(self._step), address(self.struct), address(self._arrive)

    def begin(self, number: int, n_steps: int) -> None:
        """Let a window of `n_steps` begin with step `number`."""
        self.struct[0].first_step, self.struct[0].n_steps = number, n_steps

    def step(self, number: int, pre: NDArray[np.int32], post: NDArray[np.int32], modulator: float) -> None:
        """Make one step, in one part: the neurons `pre` and `post` (ascending) spiked."""
        self.begin(number, 1)
        met = self._meeting.take(pre, post, modulator)
        self._arrive(self.struct, met)
        self._step(self.struct, met)
