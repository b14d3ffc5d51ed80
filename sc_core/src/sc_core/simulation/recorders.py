"""What a simulation writes down: spikes, state and weights, at chosen places and intervals."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError


@attrs.frozen
class SpikeRecorder:
    """Record every spike of a population.

    Parameters
    ----------
    population : str
    """

    population: str


def _chosen(value: ArrayLike | None) -> NDArray[np.int64] | None:
    return None if value is None else np.asarray(value, dtype=np.int64)


@attrs.frozen(eq=False)
class StateRecorder:
    """Record a variable of a population's neurons.

    Parameters
    ----------
    population : str
    variable : str, default "membrane"
        ``membrane``, ``synaptic_current``, ``adaptation`` or ``refractory``, as the model has them; of a population
        of other people's making, an attribute (n,).
    interval : float, optional
        ms between two values, a multiple of dt: every step unless given.
    neurons : sequence of int, optional
        All unless given.
    """

    population: str
    variable: str = "membrane"
    interval: float | None = None
    neurons: NDArray[np.int64] | None = attrs.field(default=None, converter=_chosen)


@attrs.frozen(eq=False)
class WeightRecorder:
    """Record the weights of a projection.

    Parameters
    ----------
    projection : str
    interval : float, optional
        ms between two values, a multiple of dt: every step unless given.
    synapses : sequence of int, optional
        Places in ``projection.data``: all unless given. A projection that is rewired needs them all recorded.
    """

    projection: str
    interval: float | None = None
    synapses: NDArray[np.int64] | None = attrs.field(default=None, converter=_chosen)


Recorder: TypeAlias = SpikeRecorder | StateRecorder | WeightRecorder


@attrs.frozen(eq=False)
class SpikeRecord:
    """The spikes of a population.

    Parameters
    ----------
    times : ndarray, shape (n_spikes,), float64
        ms, ascending.
    neurons : ndarray, shape (n_spikes,), int32
    """

    times: NDArray[np.float64]
    neurons: NDArray[np.int32]


@attrs.frozen(eq=False)
class Samples:
    """Values taken at intervals.

    Parameters
    ----------
    times : ndarray, shape (n_samples,), float64
        The time of the step after which each was taken, ms.
    values : ndarray, shape (n_samples, n)
        A list of arrays where a projection was rewired meanwhile.
    """

    times: NDArray[np.float64]
    values: Any


@attrs.frozen(eq=False)
class Recording:
    """What `Simulation.advance` recorded.

    Parameters
    ----------
    n_steps : int
        How many steps were made.
    interrupted : bool
        Whether Ctrl-C ended it early.
    spikes : dict of str to SpikeRecord
        By population.
    states : dict of (str, str) to Samples
        By population and variable.
    weights : dict of str to Samples
        By projection.
    """

    n_steps: int
    interrupted: bool
    spikes: dict[str, SpikeRecord]
    states: dict[tuple[str, str], Samples]
    weights: dict[str, Samples]


def steps_of(interval: float | None, dt: float, name: str) -> int:
    """Return an interval in steps, refused by name unless it is a positive multiple of dt."""
    if interval is None:
        return 1
    steps = round(interval / dt)
    if steps < 1 or abs(interval - steps * dt) > 1e-6 * dt:
        raise ConfigurationError(name, f"must be a multiple of dt = {dt} ms, got {interval!r}")
    return steps


@attrs.define(eq=False)
class Sampler:
    """Takes samples of one array."""

    interval: int
    read: Any
    chosen: NDArray[np.int64] | None
    times: list[int] = attrs.field(factory=list)
    values: list[NDArray[Any]] = attrs.field(factory=list)

    def after(self, step: int) -> None:
        """Take a sample if step number `step` is one after which one is due."""
        if (step + 1) % self.interval == 0:
            array = self.read()
            self.times.append(step)
            self.values.append(np.array(array if self.chosen is None else array[self.chosen]))

    def samples(self, dt: float) -> Samples:
        """Return what was taken."""
        values: Any = self.values
        if len({len(each) for each in values}) == 1:
            values = np.stack(values)
        return Samples(np.array(self.times, dtype=np.float64) * dt, values)


@attrs.define(eq=False)
class SpikeSink:
    """Collects the spikes of one population, a few steps at a time."""

    steps: list[NDArray[np.int64]] = attrs.field(factory=list)
    neurons: list[NDArray[np.int32]] = attrs.field(factory=list)

    def take(self, steps: NDArray[np.int64], neurons: NDArray[np.int32]) -> None:
        """Keep spikes, later than those before."""
        self.steps.append(steps)
        self.neurons.append(neurons)

    def record(self, dt: float) -> SpikeRecord:
        """Return them all."""
        if len(self.steps) != 1:  # one window's need not be copied
            self.steps = [np.concatenate([np.zeros(0, np.int64), *self.steps])]
            self.neurons = [np.concatenate([np.zeros(0, np.int32), *self.neurons])]
        return SpikeRecord(np.multiply(self.steps[0], dt, dtype=np.float64), self.neurons[0])
