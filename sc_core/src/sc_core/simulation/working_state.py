"""Populations' state laid out for the compiled steps: on whole cache lines, each thread's part by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.model.population import Population

Array = NDArray[np.float64]
_DOUBLE = np.dtype(np.float64)


class WorkingState:
    """Copies of the state, and room for the currents, kept from window to window.

    Parameters
    ----------
    populations : sequence of Population
    """

    def __init__(self, populations: Sequence[Population]) -> None:
        self._populations = populations
        self._rooms: dict[tuple[int, str], Array] = {}

    def lend(self, place: int, first: NDArray[np.int64]) -> dict[str, Array]:
        """Return copies of what a population keeps in doubles, and zeros for its ``current``.

        Parameters
        ----------
        place : int
        first : ndarray, shape (n_parts + 1,)
            The parts' first neurons, and n.

        Returns
        -------
        dict of str to ndarray, shape (n + gaps between the parts,)
        """
        lent = {"current": self._room(place, "current", first)}
        for name, values in self._doubles(place):
            lent[name] = self._room(place, name, first)
            for mine, working in _parts(values, lent[name], first):
                working[:] = mine
        return lent

    def take_back(self, place: int, first: NDArray[np.int64]) -> None:
        """Leave what was lent to the population, in the state that the steps left it in."""
        for name, values in self._doubles(place):
            for mine, working in _parts(values, self._rooms[place, name], first):
                mine[:] = working

    def _doubles(self, place: int) -> Iterator[tuple[str, Array]]:
        state: dict[str, NDArray[Any]] = self._populations[place].state
        return ((name, values) for name, values in state.items() if values.dtype == _DOUBLE)

    def _room(self, place: int, name: str, first: NDArray[np.int64]) -> Array:
        from sc_native.buffers import aligned  # exists only where the kernels were compiled
        from sc_native.stepping import GAP

        size = int(first[-1]) + (len(first) - 2) * GAP
        room = self._rooms.get((place, name))
        if room is None or room.size != size:
            room = self._rooms[place, name] = aligned(size, _DOUBLE)
        return room


def _parts(values: Array, working: Array, first: NDArray[np.int64]) -> Iterator[tuple[Array, Array]]:
    """Yield what each part has in the population's own array and in the copy with gaps."""
    from sc_native.stepping import GAP

    for part, (begin, end) in enumerate(pairwise(first.tolist())):
        yield values[begin:end], working[begin + part * GAP : end + part * GAP]
