"""The arrays of a window of e-prop at the synapses of one projection, as the kernel sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native.buffers import SUFFIXES, Buffers


class EpropArrays:
    """What a window adds to eligibility states and sums (csrc/eprop.cdef): checked once, held for many calls.

    Results are the sums, then the states.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64, of every array.
    sizes : (n_steps * batch, batch, n_target, n_synapses)
    responses : sequence of ndarray, shape (n_steps, batch, n_target)
        For each result, what a unit of input in each step adds to it.
    transitions : sequence of sequences of ndarray or None, shape (batch, n_target)
        For each result and state, what a unit of the state at the beginning adds to the result; None for nothing.
    states : sequence of ndarray, shape (batch, n_synapses)
        One to three; changed by the kernel.
    sums : sequence of ndarray, shape (n_synapses,)
        One or two; added to by the kernel.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        sizes: tuple[int, int, int, int],
        responses: Sequence[NDArray[Any]],
        transitions: Sequence[Sequence[NDArray[Any] | None]],
        states: Sequence[NDArray[Any]],
        sums: Sequence[NDArray[Any]],
    ) -> None:
        rows, batch, n_target, n_synapses = sizes
        self._buffers = Buffers()
        self.struct = self._buffers.new(f"eprop_{SUFFIXES[dtype]}[]", 1)
        struct, pointer = self.struct[0], self._buffers.pointer
        struct.n_states, struct.n_sums = len(states), len(sums)
        for result, (response, row) in enumerate(zip(responses, transitions, strict=True)):
            struct.response[result] = pointer(response, dtype, rows * n_target, f"responses[{result}]")
            for place, transition in enumerate(row):
                name = f"transitions[{result}][{place}]"
                struct.transition[result][place] = pointer(transition, dtype, batch * n_target, name)
        for place, state in enumerate(states):
            struct.state[place] = pointer(state, dtype, batch * n_synapses, f"states[{place}]")
        for place, total in enumerate(sums):
            struct.sum[place] = pointer(total, dtype, n_synapses, f"sums[{place}]")
