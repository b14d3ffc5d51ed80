"""Who was active together: the latest steps of both populations, as bits (specs/structural.md, eq. 1)."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State

_CHUNK = 1 << 16  # pairs whose bits are looked at together


def _packed(raster: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return the bits of each neuron over time, shape (n, ceil(n_steps / 64))."""
    bits = np.packbits(np.ascontiguousarray(raster.T), axis=1)
    padded = np.zeros((bits.shape[0], -(-bits.shape[1] // 8) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


@attrs.define(eq=False)
class Activity:
    """The latest steps of a projection's two populations.

    Parameters
    ----------
    n_steps : int
        How many steps it remembers.
    window : int
        Steps for which a presynaptic spike counts as recent.
    n_source, n_target : int
    """

    n_steps: int
    window: int
    n_source: int
    n_target: int
    seen: int = 0
    recent: NDArray[np.bool_] = attrs.field(init=False)
    spiking: NDArray[np.bool_] = attrs.field(init=False)
    age: NDArray[np.int64] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.recent = np.zeros((self.n_steps, self.n_source), bool)
        self.spiking = np.zeros((self.n_steps, self.n_target), bool)
        self.age = np.full(
            self.n_source, self.window, np.int64
        )  # steps since the last spike, up to the window

    def observe(self, pre: NDArray[Any], post: NDArray[Any]) -> None:
        """Take note of a step: the spikes that arrive and those that are emitted."""
        np.minimum(self.age + 1, self.window, out=self.age)
        self.age[pre > 0] = 0
        place = self.seen % self.n_steps
        self.recent[place] = self.age < self.window
        self.spiking[place] = post > 0
        self.seen += 1

    def active(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the presynaptic and the postsynaptic neurons that were neither silent nor active throughout."""
        filled = min(self.seen, self.n_steps)
        return tuple(  # type: ignore[return-value]
            np.flatnonzero((counts > 0) & (counts < filled))
            for counts in (self.recent[:filled].sum(axis=0), self.spiking[:filled].sum(axis=0))
        )

    def correlations(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return rho of each pair of active neurons (eq. 1)."""
        filled = min(self.seen, self.n_steps)
        pre, post = _packed(self.recent[:filled]), _packed(self.spiking[:filled])
        p = self.recent[:filled].mean(axis=0)[rows]
        q = self.spiking[:filled].mean(axis=0)[columns]
        together = np.empty(len(rows))
        for begin in range(0, len(rows), _CHUNK):
            chosen = slice(begin, begin + _CHUNK)
            both = pre[rows[chosen]] & post[columns[chosen]]
            together[chosen] = np.bitwise_count(both).sum(axis=1, dtype=np.int64) / filled
        rho: NDArray[np.float64] = (together - p * q) / np.sqrt(p * (1 - p) * q * (1 - q))
        return rho

    def state_dict(self) -> State:
        """Return everything that it remembers."""
        return {"seen": self.seen, "recent": self.recent, "spiking": self.spiking, "age": self.age}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.seen = int(state["seen"])
        for name in ("recent", "spiking", "age"):
            getattr(self, name)[...] = state[name]
