"""Spikes as the compiled steps take and leave them: of each part of a population a list, ordered by steps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Spikes:
    """What a population emitted in consecutive steps.

    Parameters
    ----------
    steps : ndarray, shape (n_spikes,), int64
        Ascending.
    neurons : ndarray, shape (n_spikes,), int32
    """

    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]


def last_spikes(ring: NDArray[np.float64], t: int, history: int) -> Spikes:
    """Return the spikes of the last `history` steps before `t`, as far as `ring` has them, counted from t - history.

    Parameters
    ----------
    ring : ndarray, shape (depth, n)
        What the population emitted, in row t modulo depth.
    t, history : int
    """
    steps = np.arange(history - min(history, len(ring) - 1), history)
    # Booleans are searched many times faster than numbers.
    fired = (ring != 0)[(t - history + steps) % len(ring)]
    row, neuron = np.divmod(np.flatnonzero(fired), ring.shape[1])
    return Spikes(steps[row], neuron.astype(np.int32))


def spike_lists(
    past: Spikes, first: NDArray[np.int64], filled: int, rooms: tuple[NDArray[np.int64], NDArray[np.int32]]
) -> dict[str, NDArray[Any]]:
    """Return the parts' lists, with the first `filled` steps in them.

    Parameters
    ----------
    past : Spikes
        Of the first `filled` steps.
    first : ndarray, shape (n_parts + 1,), int64
        The parts' first neurons, and n.
    filled : int
    rooms : (ndarray of shape (n_parts, n_steps + 1), ndarray of shape (n * n_steps,))
        For ``spike_start`` and ``spike``; the part's list begins where its neurons would with n_steps for each.
    """
    start, spike = rooms
    kept = start.shape[1] - 1
    for part, (low, high) in enumerate(pairwise(first.tolist())):
        mine = (past.neurons >= low) & (past.neurons < high)
        begin, neurons = low * kept, past.neurons[mine]
        spike[begin : begin + neurons.size] = neurons
        start[part, : filled + 1] = begin + np.searchsorted(past.steps[mine], np.arange(filled + 1))
    return {"spike_start": start, "spike": spike}
