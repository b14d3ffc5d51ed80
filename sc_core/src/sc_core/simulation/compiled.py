"""Whole windows of steps in C, where all that takes part can be compiled: the same bits as the step in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.model.network import Network
from sc_core.model.neurons import Coefficients
from sc_core.model.population import Population
from sc_core.simulation.plain import PlainLoop
from sc_core.simulation.rules import BoundRule
from sc_core.simulation.spike_lists import Spikes, last_spikes, spike_lists
from sc_core.simulation.stimuli import Events
from sc_core.simulation.wiring import Connection, Wiring
from sc_core.simulation.working_state import WorkingState

_WORK_PER_PART = 4000  # neurons: with fewer, threads wait for each other longer than they work


class CompiledLoop:
    """Makes windows of steps with the compiled kernels.

    Between windows everything is where `PlainLoop` has it, too, so that each can go on where the other one stopped.

    Parameters
    ----------
    network : Network or another object
    wiring : Wiring
    rules : sequence of BoundRule
    plain : PlainLoop
    """

    def __init__(self, network: Any, wiring: Wiring, rules: Sequence[BoundRule], plain: PlainLoop) -> None:
        self._network, self._wiring, self._rules, self._plain = network, wiring, rules, plain
        self._stepping = [bound for bound in rules if hasattr(bound.rule, "after_step")]
        self._bounds: dict[int, tuple[Any, int, NDArray[np.int32]]] = {}
        self._coefficients: dict[int, tuple[Coefficients, bool]] = {}
        self._state = WorkingState(wiring.populations)
        self._room: dict[int, tuple[NDArray[np.int64], NDArray[np.int32]]] = {}
        self._order = {id(c): i for i, c in enumerate(c for each in wiring.incoming for c in each)}

    def usable(self) -> bool:
        """Whether this network with these rules can be compiled at all."""
        return (
            isinstance(self._network, Network)
            and all(
                type(population).step_all is Population.step_all for population in self._wiring.populations
            )
            and all(not c.per_synapse for c in self._wiring.connections)
            and all(c.projection.data.flags.c_contiguous for c in self._wiring.connections)
            and all(not hasattr(bound.rule, "scale") for bound in self._rules)
            and all(
                callable(getattr(bound.rule, "compiled_step", None)) and not bound.sees_emission
                for bound in self._stepping
            )
            and all(
                bound is other or bound.connection is not other.connection
                for bound in self._stepping
                if getattr(bound.rule, "defers_weights", False)
                for other in self._stepping
            )
            and kernels.native()
        )

    def advance(
        self,
        t: int,
        stimuli: Sequence[Sequence[Events]],
        modulator: NDArray[np.float64],
        outputs: Sequence[NDArray[np.float64]] | None = None,
    ) -> list[Spikes] | None:
        """Make the steps from `t` on, one for each value of `modulator`; None, with nothing done, if it cannot.

        Parameters
        ----------
        t : int
        stimuli : for each population, sequence of Events
        modulator : ndarray, shape (n_steps,)
        outputs : for each population, ndarray, shape (n_steps, n), optional
            Zeros, which the populations' outputs replace.

        Returns
        -------
        list of Spikes
            Every population's.
        """
        from sc_native import stepping  # exists only where the kernels were compiled

        n_steps = len(modulator)
        if not all(
            self._passes_spikes(place, events)
            for place, events in enumerate(stimuli)
            if self._wiring.is_input(place)
        ):
            return None
        n_parts = self._n_parts()
        rules = []
        for bound in self._stepping:
            compiled = bound.rule.compiled_step(n_steps, n_parts)
            place = self._order[id(bound.connection)]
            rules.append((stepping.AttachedRule(place, *attrs.astuple(compiled)), compiled))
        history = max((c.delay for c in self._wiring.connections), default=0)
        populations = [
            self._population(place, stimuli[place], (t, n_steps, history, n_parts))
            for place in range(len(self._wiring.populations))
        ]
        for population, output in zip(populations, outputs or (), strict=False):
            if population.model == "LI":
                population.arrays["output"] = output
        delays = [c.delay for c in self._wiring.connections if not self._wiring.is_input(c.source)]
        stepping.step(
            self._network.dtype,
            (n_steps, history, n_parts, min(delays, default=n_steps) if n_parts > 1 else n_steps),
            populations,
            [self._projection(c, n_parts) for each in self._wiring.incoming for c in each],
            [rule for rule, _ in rules],
            modulator,
            n_parts,
        )
        spikes = [
            self._take_back(place, population, (t, n_steps, history, n_parts))
            for place, population in enumerate(populations)
        ]
        for output, emitted in zip(outputs or (), spikes, strict=False):
            output[emitted.steps - t, emitted.neurons] = 1.0
        return spikes

    @staticmethod
    def _passes_spikes(place: int, events: Sequence[Events]) -> bool:
        return len(events) <= 1 and all(bool((each.value == 1).all()) for each in events)

    def _n_parts(self) -> int:
        """Return into how many parts the neurons are cut, one for each thread."""
        immediate = any(
            c.delay == 0 and not self._wiring.is_input(c.source) for c in self._wiring.connections
        )
        if immediate:
            return 1
        neurons = sum(
            int(p.n) for i, p in enumerate(self._wiring.populations) if not self._wiring.is_input(i)
        )
        return max(1, min(kernels.thread_count(), neurons // _WORK_PER_PART))

    def _population(self, place: int, events: Sequence[Events], window: tuple[int, int, int, int]) -> Any:
        from sc_native.stepping import Drive, SteppedPopulation

        t, n_steps, history, n_parts = window
        population = self._wiring.populations[place]
        n, is_input = population.n, self._wiring.is_input(place)
        coefficients, uniform = self._coefficients_of(place)
        # All that an Input emits is part 0's.
        first = np.array([0] + n_parts * [n]) if is_input else _parts(n, n_parts)
        past = last_spikes(self._plain.sent[place], t, history)
        if is_input and events:
            steps = np.repeat(np.arange(n_steps), np.diff(events[0].start)) + history
            past = Spikes(
                np.concatenate([past.steps, steps]), np.concatenate([past.neurons, events[0].neuron])
            )
        filled = history + n_steps if is_input else history
        arrays = {
            **coefficients.arrays,
            **population.state,
            **({} if is_input else self._state.lend(place, first)),
            **spike_lists(past, first, filled, self._rooms(place, n_parts, history + n_steps)),
        }
        if coefficients.refractory_steps:
            arrays |= _held(population.state["refractory"], first)
        return SteppedPopulation(
            coefficients.model,
            n,
            coefficients.reset_to_value,
            uniform,
            coefficients.refractory_steps,
            first,
            arrays,
            [] if is_input else [Drive(each.start, each.neuron, each.value) for each in events],
        )

    def _coefficients_of(self, place: int) -> tuple[Coefficients, bool]:
        """Return what a population computes with, and whether it is the same for all of its neurons."""
        population = self._wiring.populations[place]
        if place not in self._coefficients or population.learned_parameters:
            coefficients = population.coefficients(np.dtype(np.float64))
            uniform = all(bool((array == array[0]).all()) for array in coefficients.arrays.values())
            self._coefficients[place] = (coefficients, uniform)
        return self._coefficients[place]

    def _rooms(self, place: int, n_parts: int, steps: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return room for the lists of spikes, kept for the next window: new memory is slow."""
        size = self._wiring.populations[place].n * steps
        start, spike = self._room.get(place, (np.empty((0, 0), np.int64), np.empty(0, np.int32)))
        if start.shape != (n_parts, steps + 1):
            start = np.empty((n_parts, steps + 1), np.int64)
        if spike.size < size:
            spike = np.empty(size, np.int32)  # touched only as far as there are spikes
        self._room[place] = (start, spike)
        return start, spike[:size]

    def _projection(self, connection: Connection, n_parts: int) -> Any:
        from sc_native.stepping import SteppedProjection

        projection = connection.projection
        known = self._bounds.get(id(connection))
        if known is None or known[0] is not projection.indices or known[1] != n_parts:
            first = _parts(projection.target.n, n_parts)
            known = (projection.indices, n_parts, _bounds(projection, first))
            self._bounds[id(connection)] = known
        return SteppedProjection(
            connection.source,
            connection.target,
            connection.delay,
            known[2],
            projection.indices,
            projection.data,
        )

    def _take_back(self, place: int, stepped: Any, window: tuple[int, int, int, int]) -> Spikes:
        """Return the window's spikes, and leave the last of them where the step in Python looks for them."""
        from sc_native.spikes import merge

        t, n_steps, history, _ = window
        if not self._wiring.is_input(place):
            self._state.take_back(place, stepped.first)
        spikes = Spikes(*merge(stepped.arrays["spike_start"], stepped.arrays["spike"], history, t))
        population, ring = self._wiring.populations[place], self._plain.sent[place]
        recent = range(max(n_steps - len(ring), 0), n_steps)
        edges = np.searchsorted(spikes.steps, np.arange(t + recent.start, t + n_steps + 1))
        for row, begin, end in zip(recent, edges[:-1], edges[1:], strict=True):
            ring[(t + row) % len(ring)] = 0
            ring[(t + row) % len(ring), spikes.neurons[begin:end]] = 1
        if stepped.model == "LI":
            ring[(t + n_steps - 1) % len(ring)] = population.state["membrane"]
        population.spikes = ring[(t + n_steps - 1) % len(ring)].copy()
        return spikes


def _parts(n: int, n_parts: int) -> NDArray[np.int64]:
    """Return the parts' first neurons, and n: parts begin with a cache line."""
    lines = -(-n // 16)
    return np.minimum(np.arange(n_parts + 1) * lines // n_parts * 16, n).astype(np.int64)


def _bounds(projection: Any, first: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return where the synapses onto each part begin in every row, shape (n_parts + 1, n_source)."""
    indptr, n_target = projection.indptr.astype(np.int64), projection.target.n
    if len(first) == 2:
        return np.stack([indptr[:-1], indptr[1:]]).astype(np.int32)
    row = np.arange(len(indptr) - 1)
    key = np.repeat(row * n_target, np.diff(indptr)) + projection.indices
    bounds = np.stack([np.searchsorted(key, row * n_target + begin) for begin in first])
    return bounds.astype(np.int32)


def _held(refractory: NDArray[np.int32], first: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the queues of refractory neurons, each part's in its place, those first that are free first."""
    from sc_native.buffers import aligned
    from sc_native.stepping import APART

    n, n_parts = len(refractory), len(first) - 1
    queues: dict[str, NDArray[Any]] = {
        "held_neuron": np.zeros(n, np.int32),
        "held_value": np.zeros(n),
        "held_until": np.zeros(n, np.int64),
        "held_count": aligned(n_parts * APART, np.dtype(np.int64)).reshape(n_parts, APART),
    }
    for part, (begin, end) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True)):
        held = begin + np.flatnonzero(refractory[begin:end] != 0)
        held = held[np.argsort(refractory[held], kind="stable")]
        queues["held_neuron"][begin : begin + held.size] = held
        queues["held_until"][begin : begin + held.size] = refractory[held]
        queues["held_count"][part, 0] = held.size
    return queues
