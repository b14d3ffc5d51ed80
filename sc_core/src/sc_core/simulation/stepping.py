"""Stepping a network with live plasticities: any rule that follows the contract takes part (specs/simulation.md)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts.state import State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.model.network import Network
from sc_core.simulation.arrays import checked_inputs
from sc_core.simulation.compiled import CompiledLoop
from sc_core.simulation.interruption import Interruption
from sc_core.simulation.modulator import Modulator, Reward, checked_modulator
from sc_core.simulation.plain import PlainLoop
from sc_core.simulation.progress import Reporter
from sc_core.simulation.recorders import Recorder, Recording, Sampler, SpikeSink
from sc_core.simulation.recording import ActiveRecorders
from sc_core.simulation.rules import bind
from sc_core.simulation.stimuli import ArrayStimulus, Events, Stimulus
from sc_core.simulation.wiring import Wiring

_WINDOW = 100_000_000  # neurons times steps made at a time, at most: a tenth of a second or two


class Simulation:
    """A network, what drives it from outside, and the plasticities that change it while it runs.

    Parameters
    ----------
    network : Network
        Or an object with `populations` and `projections` that offer the documented attributes.
    plasticities : mapping of str to (sequence of) Plasticity, optional
        Rules by the name of the projection that they change; they are bound here.
    rng : numpy.random.Generator, optional
        Source of the rules' randomness; needed if there are rules.
    stimuli : mapping of str to (sequence of) stimulus, optional
        By the name of the population that they drive: `ArrayStimulus`, `SpikeStimulus`, `PoissonStimulus`, what
        `load_stimulus` reads, or an array (n_steps, n).
    dt : float, optional
        Length of a step in ms, for a network that has no `dt` of its own (default 1.0).

    Attributes
    ----------
    n_steps : int
        Steps made since the simulation's beginning.

    Raises
    ------
    ConfigurationError, ShapeError
        If a name is no projection's or population's, rules come without `rng`, or a delay is below dt.

    Notes
    -----
    The order within a step stands in specs/simulation.md.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Input, Network, Population, Projection, Simulation
    >>> from sc_core.simulation import PoissonStimulus, SpikeRecorder
    >>> rng = np.random.default_rng(7)
    >>> source, target = Population("in", 100, Input()), Population("out", 1, LIF())
    >>> network = Network([source, target], [Projection(source, target, np.full((100, 1), 0.8))])
    >>> simulation = Simulation(network, stimuli={"in": PoissonStimulus(20.0, rng)})
    >>> recording = simulation.advance(1000.0, record=[SpikeRecorder("out")])
    >>> recording.spikes["out"].times[:3]
    array([33., 54., 70.])
    """

    def __init__(
        self,
        network: Any,
        plasticities: Mapping[str, Any] | None = None,
        rng: np.random.Generator | None = None,
        *,
        stimuli: Mapping[str, Any] | None = None,
        dt: float | None = None,
    ) -> None:
        self.network = network
        self.dt = _step_length(network, dt)
        self.n_steps = 0
        self._wiring = Wiring.of(network, self.dt)
        self._rng = rng
        self._stimuli = self._checked_stimuli(stimuli)
        self._rules = bind(plasticities, self._wiring, self.dt, rng)
        self._plain = PlainLoop(self._wiring, self._rules)
        self._compiled = CompiledLoop(network, self._wiring, self._rules, self._plain)

    def _checked_stimuli(self, stimuli: Mapping[str, Any] | None) -> list[list[Stimulus]]:
        found: list[list[Stimulus]] = [[] for _ in self._wiring.populations]
        for name, given in (stimuli or {}).items():
            place = self._wiring.place(name, "stimuli")
            for each in given if isinstance(given, list | tuple) else [given]:
                found[place].append(ArrayStimulus(each) if isinstance(each, np.ndarray) else each)
                if not hasattr(found[place][-1], "events"):
                    raise ConfigurationError(f"stimuli[{name!r}]", f"{each!r} is no stimulus")
        return found

    def advance(
        self,
        duration: float,
        *,
        record: Sequence[Recorder] = (),
        modulator: Modulator = 0.0,
        progress: Callable[[float, float], None] | None = None,
    ) -> Recording:
        """Go on for some time.

        Parameters
        ----------
        duration : float
            ms, a multiple of dt.
        record : sequence of SpikeRecorder, StateRecorder or WeightRecorder
        modulator : float, array_like of shape (n_steps,), or callable
            The third factor (reward): a callable is given the time of each step in ms and returns its value.
        progress : callable, optional
            Called with the time simulated so far and the duration, in ms, about ten times a second and at the end.

        Returns
        -------
        Recording

        Raises
        ------
        ConfigurationError, ShapeError
            Before the first step: for a duration off the grid, a stimulus that is too short, a modulator that is
            not finite, a recorder of what does not exist. A callable modulator is checked when it is asked.
        """
        n_steps = round(duration / self.dt) if math.isfinite(duration) else 0
        if n_steps < 1 or abs(duration - n_steps * self.dt) > 1e-6 * self.dt:
            raise ConfigurationError(
                "duration", f"must be a positive multiple of dt = {self.dt} ms, got {duration!r}"
            )
        self._check_stimuli(n_steps)
        reward = checked_modulator(modulator, n_steps)
        active = ActiveRecorders.of(record, self._wiring, self.dt)
        report = Reporter(progress, n_steps, self.dt)
        begin, end = self.n_steps, self.n_steps + n_steps
        compiled = self._compiled.usable()
        with Interruption() as interruption:
            while self.n_steps < end and not interruption.requested:
                length = self._window(end, active.samplers.values(), callable(reward))
                self._advance(length, begin, reward, active.sinks, compiled, interruption)
                for sampler in active.samplers.values():
                    sampler.after(self.n_steps - 1)
                report(self.n_steps - begin)
        return active.recording(self.n_steps - begin, interruption.requested, self._wiring, self.dt)

    def run(self, inputs: ArrayLike, modulator: Modulator = 0.0) -> dict[str, NDArray[np.float64]]:
        """Run one sequence from the network's reset state, rules at work.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input)
            What drives the network's input population, beside the stimuli.
        modulator : float, array_like of shape (n_steps,), or callable
            As in `advance`.

        Returns
        -------
        dict of str to ndarray, shape (n_steps, n), float64
            Every population's output by name.
        """
        n_steps, events, reward = self._begin_run(inputs, modulator)
        outputs = [np.zeros((n_steps, population.n)) for population in self._wiring.populations]
        begin, row, compiled = self.n_steps, 0, self._compiled.usable()
        while row < n_steps:
            rows = slice(row, row + self._window(begin + n_steps, (), callable(reward)))
            window = [[each.window(rows.start, rows.stop) for each in given] for given in events]
            self._run_window(window, self._rewards(reward, begin, rows), [o[rows] for o in outputs], compiled)
            row = rows.stop
        return dict(zip(self._wiring.names, outputs, strict=True))

    def steps(self, inputs: ArrayLike, modulator: Modulator = 0.0) -> Iterator[int]:
        """Run one sequence as `run` does, and let the caller look at the network after each step.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input)
            What drives the network's input population, beside the stimuli.
        modulator : float, array_like of shape (n_steps,), or callable
            As in `advance`.

        Yields
        ------
        int
            The number of the step in the sequence, from 0.
        """
        n_steps, events, reward = self._begin_run(inputs, modulator)
        begin = self.n_steps
        for row in range(n_steps):
            t = begin + row
            self._plain.step(t, row, events, float(reward(t * self.dt) if callable(reward) else reward[row]))
            self._passed(1)
            yield row

    def _begin_run(self, inputs: ArrayLike, modulator: Modulator) -> tuple[int, list[list[Events]], Reward]:
        if not isinstance(self.network, Network):
            raise ConfigurationError("network", "run needs a Network; use advance with stimuli")
        drive = checked_inputs(self.network, inputs)[:, 0]
        if np.ndim(inputs) != 2:
            raise ConfigurationError(
                "inputs", "a simulation steps one sequence (n_steps, n_input), not a batch"
            )
        self._check_stimuli(len(drive))
        reward = checked_modulator(modulator, len(drive))
        self.reset()
        driven = self._wiring.place(self.network.input_population.name, "inputs")
        events = self._events(len(drive))
        events[driven].insert(0, ArrayStimulus(drive).events(0, len(drive), drive.shape[1], self.dt, False))
        return len(drive), events, reward

    def _run_window(
        self,
        events: list[list[Events]],
        rewards: NDArray[np.float64],
        outputs: list[NDArray[np.float64]],
        compiled: bool,
    ) -> None:
        t = self.n_steps
        if compiled and self._compiled.advance(t, events, rewards, outputs) is not None:
            self._passed(len(rewards))
            return
        for row, value in enumerate(rewards.tolist()):
            self._plain.step(t + row, row, events, value)
            self._passed(1)
            for output, sent in zip(outputs, self._plain.sent, strict=True):
                output[row] = sent[(t + row) % len(sent)]

    def _rewards(self, reward: Reward, begin: int, rows: slice) -> NDArray[np.float64]:
        """Return the modulator of steps counted from `begin`; a function is asked: there is one step then."""
        return np.array([reward((begin + rows.start) * self.dt)]) if callable(reward) else reward[rows]

    def reset(self) -> None:
        """Return every population to the state before the first step, with nothing under way; the rules go on."""
        for population in self._wiring.populations:
            population.reset_all()
        self._plain.forget()

    def _window(self, end: int, samplers: Iterable[Sampler], live: bool) -> int:
        """Return how many steps can be made before somebody wants to look: at the state, the weights, the time."""
        if live:
            return 1
        lengths = [end - self.n_steps, max(1, _WINDOW // sum(int(p.n) for p in self._wiring.populations))]
        lengths += [sampler.interval - self.n_steps % sampler.interval for sampler in samplers]
        lengths += [due for bound in self._rules if (due := bound.steps_to_consolidation()) is not None]
        return min(lengths)

    def _advance(
        self,
        length: int,
        begin: int,
        reward: Reward,
        sinks: Mapping[int, SpikeSink],
        compiled: bool,
        interruption: Interruption,
    ) -> None:
        t, events = self.n_steps, self._events(length)
        rewards = self._rewards(reward, begin, slice(t - begin, t - begin + length))
        emitted = self._compiled.advance(t, events, rewards) if compiled else None
        if emitted is not None:
            self._passed(length)
            for place, sink in sinks.items():
                sink.take(emitted[place].steps, emitted[place].neurons)
            return
        for row, value in enumerate(rewards.tolist()):
            self._plain.step(t + row, row, events, value)
            self._passed(1)
            for place, sink in sinks.items():
                ring = self._plain.sent[place]
                neurons = np.flatnonzero(ring[(t + row) % len(ring)])
                sink.take(np.full(neurons.size, t + row), neurons.astype(np.int32))
            if interruption.requested:
                return

    def _passed(self, steps: int) -> None:
        for bound in self._rules:
            bound.passed(steps)
        self.n_steps += steps

    def _check_stimuli(self, n_steps: int) -> None:
        for name, population, stimuli in zip(
            self._wiring.names, self._wiring.populations, self._stimuli, strict=True
        ):
            for stimulus in stimuli:
                stimulus.check(name, population.n, self.n_steps + n_steps, self.dt)

    def _events(self, n_steps: int) -> list[list[Events]]:
        return [
            [
                stimulus.events(self.n_steps, n_steps, population.n, self.dt, self._wiring.is_input(place))
                for stimulus in stimuli
            ]
            for place, (population, stimuli) in enumerate(
                zip(self._wiring.populations, self._stimuli, strict=True)
            )
        ]

    def state_dict(self) -> State:
        """Return all that the future depends on beside ``network.state_dict()``."""
        return {
            "n_steps": self.n_steps,
            "rules": {
                str(place): {"rule": bound.rule.state_dict(), "steps": bound.steps}
                for place, bound in enumerate(self._rules)
            },
            "sent": dict(zip(self._wiring.names, self._plain.sent, strict=True)),
            "travelling": {
                connection.name: ring
                for connection, ring in zip(self._wiring.connections, self._plain.travelling, strict=True)
                if ring is not None
            },
            "stimuli": {
                f"{name}[{i}]": stimulus.state_dict()
                for name, stimuli in zip(self._wiring.names, self._stimuli, strict=True)
                for i, stimulus in enumerate(stimuli)
            },
            "rng": None if self._rng is None else self._rng.bit_generator.state,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, for the same network, rules and stimuli in the same order.

        Raises
        ------
        CheckpointError
            If it belongs to a simulation with other parts.
        """
        here = self.state_dict()
        for part in ("rules", "sent", "travelling", "stimuli"):
            if set(state[part]) != set(here[part]):
                raise CheckpointError(
                    f"the saved simulation has the {part} {sorted(state[part])}, this one has {sorted(here[part])}"
                )
            for name, mine in here[part].items():
                if isinstance(mine, np.ndarray) and np.shape(state[part][name]) != mine.shape:
                    raise CheckpointError(
                        f"{part}[{name!r}] was saved with shape {np.shape(state[part][name])}, expected {mine.shape}"
                    )
                if isinstance(mine, np.ndarray):
                    mine[...] = state[part][name]
        self.n_steps = int(state["n_steps"])
        for place, bound in enumerate(self._rules):
            bound.rule.load_state_dict(state["rules"][str(place)]["rule"])
            bound.steps = int(state["rules"][str(place)]["steps"])
        for name, stimuli in zip(self._wiring.names, self._stimuli, strict=True):
            for i, stimulus in enumerate(stimuli):
                stimulus.load_state_dict(state["stimuli"][f"{name}[{i}]"])
        if self._rng is not None and state["rng"] is not None:
            self._rng.bit_generator.state = state["rng"]


def _step_length(network: Any, dt: float | None) -> float:
    own = getattr(network, "dt", None)
    if dt is not None and own is not None and dt != own:
        raise ConfigurationError("dt", f"the network has dt = {own} ms of its own, got {dt!r}")
    length = float(own if own is not None else 1.0 if dt is None else dt)
    if not math.isfinite(length) or length <= 0:
        raise ConfigurationError("dt", f"must be > 0 (ms), got {length!r}")
    return length
