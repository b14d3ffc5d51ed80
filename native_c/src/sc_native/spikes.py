"""Lists of spikes on NumPy arrays (csrc/spikes.cdef)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import lib
from sc_native.buffers import Buffers

_INTEGER, _OFFSET = np.dtype(np.int32), np.dtype(np.int64)


def merge(
    start: NDArray[np.int64], spike: NDArray[np.int32], skipped: int, first_step: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Put the lists of spikes that the parts of a population made together.

    Parameters
    ----------
    start : ndarray, shape (n_parts, n_steps + 1), int64
        Part p spiked in step t with ``spike[start[p, t]:start[p, t + 1]]``.
    spike : ndarray, int32
        Neurons.
    skipped : int
        How many steps at the beginning to leave out.
    first_step : int
        The number of the first that is not left out.

    Returns
    -------
    step : ndarray, shape (n_spikes,), int64
        Ascending.
    neuron : ndarray, shape (n_spikes,), int32
    """
    n_parts, stride = start.shape
    count = int((start[:, -1] - start[:, skipped]).sum())
    step, neuron = np.empty(count, _OFFSET), np.empty(count, _INTEGER)
    buffers = Buffers()
    lib.sc_merge_spikes(
        buffers.pointer(start, _OFFSET, start.size, "start") + skipped,
        buffers.pointer(spike, _INTEGER, spike.size, "spike"),
        n_parts,
        stride,
        stride - 1 - skipped,
        first_step,
        buffers.pointer(step, _OFFSET, count, "step"),
        buffers.pointer(neuron, _INTEGER, count, "neuron"),
    )
    return step, neuron
