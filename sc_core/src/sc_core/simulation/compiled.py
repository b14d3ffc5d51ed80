"""Whole windows of steps in C, where all that takes part can be compiled: the same bits as the step in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from sc_core.simulation.stimuli import Events
from sc_core.simulation.wiring import Connection, Wiring

_WORK_PER_PART = 4000  # neurons: with fewer, threads wait for each other longer than they work


@attrs.define(eq=False)
class _Spikes:
    """What a population emitted in consecutive steps: step and neuron of each spike, in this order."""

    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]


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
        self._current = [_on_cache_lines(p.n) for p in wiring.populations]
        self._state: dict[tuple[int, str], NDArray[np.float64]] = {}
        self._room: dict[int, NDArray[np.int32]] = {}
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
    ) -> list[_Spikes] | None:
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
        list of _Spikes
            For every population, steps counted from `t`.
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
            output[emitted.steps, emitted.neurons] = 1.0
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
        first = _parts(n, n_parts)
        past = self._past(place, t, history)
        if is_input and events:
            steps = np.repeat(np.arange(n_steps), np.diff(events[0].start)) + history
            past = _Spikes(
                np.concatenate([past.steps, steps]), np.concatenate([past.neurons, events[0].neuron])
            )
        arrays = {
            **coefficients.arrays,
            **population.state,
            **self._working_state(place),
            **_lists(
                past, first, (history, history + n_steps), self._spike(place, history + n_steps), is_input
            ),
        }
        if coefficients.refractory_steps:
            arrays |= _held(population.state["refractory"], first)
        if not is_input:
            arrays["current"] = self._current[place]
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

    def _working_state(self, place: int) -> dict[str, NDArray[np.float64]]:
        """Return copies of a population's state on whole cache lines, which take a third less time."""
        working = {}
        for name, values in self._wiring.populations[place].state.items():
            if values.dtype == np.float64:
                working[name] = self._state.setdefault((place, name), _on_cache_lines(values.size))
                working[name][:] = values
        return working

    def _keep_state(self, place: int, working: Mapping[str, NDArray[Any]]) -> None:
        for name, values in self._wiring.populations[place].state.items():
            values[...] = working[name]

    def _coefficients_of(self, place: int) -> tuple[Coefficients, bool]:
        """Return what a population computes with, and whether it is the same for all of its neurons."""
        population = self._wiring.populations[place]
        if place not in self._coefficients or population.learned_parameters:
            coefficients = population.coefficients(np.dtype(np.float64))
            uniform = all(bool((array == array[0]).all()) for array in coefficients.arrays.values())
            self._coefficients[place] = (coefficients, uniform)
        return self._coefficients[place]

    def _past(self, place: int, t: int, history: int) -> _Spikes:
        """Return the spikes of the last `history` steps from the rings, their steps counted from t - history."""
        ring = self._plain.sent[place]
        steps, neurons = [], []
        for back in range(min(history, len(ring) - 1), 0, -1):
            # Booleans are searched many times faster than numbers.
            fired = np.flatnonzero(ring[(t - back) % len(ring)] != 0)
            steps.append(np.full(fired.size, history - back))
            neurons.append(fired.astype(np.int32))
        return _Spikes(
            np.concatenate([np.zeros(0, np.int64), *steps]), np.concatenate([np.zeros(0, np.int32), *neurons])
        )

    def _spike(self, place: int, steps: int) -> NDArray[np.int32]:
        """Return room for the spikes of all neurons in all steps, kept for the next window: new memory is slow."""
        n = self._wiring.populations[place].n
        if place not in self._room or self._room[place].size < n * steps:
            self._room[place] = np.empty(n * steps, np.int32)  # touched only as far as there are spikes
        return self._room[place][: n * steps]

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

    def _take_back(self, place: int, stepped: Any, window: tuple[int, int, int, int]) -> _Spikes:
        """Return the window's spikes, and leave the last of them where the step in Python looks for them."""
        t, n_steps, history, n_parts = window
        self._keep_state(place, stepped.arrays)
        start = stepped.arrays["spike_start"][:, history:]
        # Step by step, and in a step part by part.
        count, step = np.diff(start).T.ravel(), np.repeat(np.arange(n_steps), n_parts)
        ends = np.cumsum(count)
        entries = np.repeat(start[:, :-1].T.ravel() - (ends - count), count) + np.arange(ends[-1])
        spikes = _Spikes(np.repeat(step, count), stepped.arrays["spike"][entries])
        population, ring = self._wiring.populations[place], self._plain.sent[place]
        recent = range(max(n_steps - len(ring), 0), n_steps)
        edges = np.searchsorted(spikes.steps, np.arange(recent.start, n_steps + 1))
        for row, begin, end in zip(recent, edges[:-1], edges[1:], strict=True):
            ring[(t + row) % len(ring)] = 0
            ring[(t + row) % len(ring), spikes.neurons[begin:end]] = 1
        if stepped.model == "LI":
            ring[(t + n_steps - 1) % len(ring)] = population.state["membrane"]
        population.spikes = ring[(t + n_steps - 1) % len(ring)].copy()
        return spikes


def _on_cache_lines(n: int) -> NDArray[np.float64]:
    """Return n zeros that begin where a cache line does, which NumPy leaves to chance."""
    room = np.zeros(n + 8)
    first = -room.ctypes.data % 64 // 8
    return room[first : first + n]


def _parts(n: int, n_parts: int) -> NDArray[np.int64]:
    """Return the parts' first neurons, and n: parts begin with a cache line."""
    lines = -(-n // 16)
    return np.minimum(np.arange(n_parts + 1) * lines // n_parts * 16, n).astype(np.int64)


def _lists(
    past: _Spikes,
    first: NDArray[np.int64],
    sizes: tuple[int, int],
    spike: NDArray[np.int32],
    is_input: bool,
) -> dict[str, NDArray[Any]]:
    history, kept = sizes
    n_parts, n = len(first) - 1, int(first[-1])
    start = np.zeros((n_parts, kept + 1), np.int64)
    filled = kept if is_input else history
    for part in range(n_parts):
        # All that an Input emits is in part 0's list.
        low, high = (0, n if part == 0 else 0) if is_input else (first[part], first[part + 1])
        mine = (past.neurons >= low) & (past.neurons < high)
        begin = int(first[part]) * kept
        spike[begin : begin + int(mine.sum())] = past.neurons[mine]
        start[part, : filled + 1] = begin + np.searchsorted(past.steps[mine], np.arange(filled + 1))
    return {"spike_start": start, "spike": spike}


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
    from sc_native.stepping import APART

    n, n_parts = len(refractory), len(first) - 1
    queues: dict[str, NDArray[Any]] = {
        "held_neuron": np.zeros(n, np.int32),
        "held_value": np.zeros(n),
        "held_until": np.zeros(n, np.int64),
        "held_count": np.zeros((n_parts, APART), np.int64),
    }
    for part, (begin, end) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True)):
        held = begin + np.flatnonzero(refractory[begin:end])
        held = held[np.argsort(refractory[held], kind="stable")]
        queues["held_neuron"][begin : begin + held.size] = held
        queues["held_until"][begin : begin + held.size] = refractory[held]
        queues["held_count"][part, 0] = held.size
    return queues
