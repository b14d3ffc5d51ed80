"""The step in Python: any population, any delay, any rule (specs/simulation.md, "The order within step t")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sc_core.simulation.rules import BoundRule
from sc_core.simulation.stimuli import Events
from sc_core.simulation.wiring import Array, Connection, Wiring


class PlainLoop:
    """Steps a network, and remembers what is under way.

    Parameters
    ----------
    wiring : Wiring
    rules : sequence of BoundRule

    Attributes
    ----------
    sent : list of ndarray, shape (depth, n)
        What every population emitted, in row t modulo depth.
    travelling : list of ndarray, shape (depth, source.n), or None
        For each connection whose synapses have delays of their own and whose rules scale: the same times the
        factors that it was emitted with.
    """

    def __init__(self, wiring: Wiring, rules: Sequence[BoundRule]) -> None:
        self.wiring, self.rules = wiring, rules
        depth = [1] * len(wiring.populations)
        for connection in wiring.connections:
            depth[connection.source] = max(depth[connection.source], connection.delay + 1)
        self.sent = [np.zeros((d, p.n)) for d, p in zip(depth, wiring.populations, strict=True)]
        self._scaling = [
            [bound.rule for bound in rules if bound.connection is connection and hasattr(bound.rule, "scale")]
            for connection in wiring.connections
        ]
        self.travelling = [
            np.zeros_like(self.sent[connection.source]) if connection.per_synapse and scaling else None
            for connection, scaling in zip(wiring.connections, self._scaling, strict=True)
        ]
        self._number = {id(connection): i for i, connection in enumerate(wiring.connections)}

    def forget(self) -> None:
        """Drop what is under way."""
        for ring in [*self.sent, *self.travelling]:
            if ring is not None:
                ring[...] = 0

    def step(self, t: int, row: int, stimuli: Sequence[Sequence[Events]], modulator: float) -> None:
        """Make step `t`, whose values the stimuli have in `row`; `consolidate` is the caller's."""
        for place, population in enumerate(self.wiring.populations):
            current = np.zeros(population.n)
            for events in stimuli[place]:
                events.add_to(row, current)
            for connection in self.wiring.incoming[place]:
                self._deliver(connection, t, current)
            ring = self.sent[place]
            ring[t % len(ring)] = population.step_all(current)
        for connection, scaling, ring_or_none in zip(
            self.wiring.connections, self._scaling, self.travelling, strict=True
        ):
            if ring_or_none is not None:
                emitted = self._sent(connection.source, t, 0)
                ring_or_none[t % len(ring_or_none)] = _scaled(emitted, scaling)
        for bound in self.rules:
            if hasattr(bound.rule, "after_step"):
                connection = bound.connection
                delay = 0 if bound.sees_emission else connection.delay
                pre, post = self._sent(connection.source, t, delay), self._sent(connection.target, t, 0)
                # A rule may keep what it is given; the rows are written again.
                bound.rule.after_step(pre.copy(), post.copy(), modulator)

    def _sent(self, place: int, t: int, delay: int) -> Array:
        ring = self.sent[place]
        row: Array = ring[(t - delay) % len(ring)]
        return row

    def _deliver(self, connection: Connection, t: int, current: Array) -> None:
        number = self._number[id(connection)]
        travelling = self.travelling[number]
        if travelling is not None:
            connection.deliver(lambda delay: travelling[(t - delay) % len(travelling)], current)
        elif connection.per_synapse:
            connection.deliver(lambda delay: self._sent(connection.source, t, delay), current)
        else:
            arriving = self._sent(connection.source, t, connection.delay)
            scaled = _scaled(arriving, self._scaling[number])
            connection.deliver(lambda delay: scaled, current)


def _scaled(activity: Array, rules: Sequence[object]) -> Array:
    """Return the activity times every rule's factors, which all see the activity itself."""
    scaled = activity
    for rule in rules:
        scaled = scaled * rule.scale(activity)  # type: ignore[attr-defined]
    return scaled
