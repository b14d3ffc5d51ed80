"""Recorders at work: what `Simulation.advance` was asked to record, checked, taken and handed over."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError
from sc_core.simulation.recorders import (
    Recorder,
    Recording,
    Sampler,
    SpikeRecorder,
    SpikeSink,
    StateRecorder,
    WeightRecorder,
    steps_of,
)
from sc_core.simulation.wiring import Wiring


@attrs.frozen(eq=False)
class ActiveRecorders:
    """The recorders of one call: a sink for every population's spikes, a sampler for every other one.

    Parameters
    ----------
    sinks : dict of int to SpikeSink
        By the place of the population.
    samplers : dict of recorder to Sampler
    """

    sinks: dict[int, SpikeSink]
    samplers: dict[StateRecorder | WeightRecorder, Sampler]

    @classmethod
    def of(cls, record: Sequence[Recorder], wiring: Wiring, dt: float) -> Self:
        """Check what is asked for, by name, and make ready to take it."""
        active = cls({}, {})
        for place, recorder in enumerate(record):
            path = f"record[{place}]"
            if isinstance(recorder, SpikeRecorder):
                active.sinks[wiring.place(recorder.population, path)] = SpikeSink()
            else:
                active.samplers[recorder] = _sampler(recorder, wiring, dt, path)
        return active

    def recording(self, n_steps: int, interrupted: bool, wiring: Wiring, dt: float) -> Recording:
        """Return what was taken in `n_steps` steps."""
        taken = {key: sampler.samples(dt) for key, sampler in self.samplers.items()}
        return Recording(
            n_steps,
            interrupted,
            {wiring.names[place]: sink.record(dt) for place, sink in self.sinks.items()},
            {(key.population, key.variable): taken[key] for key in taken if isinstance(key, StateRecorder)},
            {key.projection: taken[key] for key in taken if isinstance(key, WeightRecorder)},
        )


def _sampler(recorder: StateRecorder | WeightRecorder, wiring: Wiring, dt: float, path: str) -> Sampler:
    interval = steps_of(recorder.interval, dt, f"{path}.interval")
    if isinstance(recorder, StateRecorder):
        population = wiring.populations[wiring.place(recorder.population, path)]
        read, chosen = _state_of(population, recorder, path), recorder.neurons
    else:
        projection = wiring.connection(recorder.projection, path).projection
        read, chosen = functools.partial(getattr, projection, "data"), recorder.synapses
    if chosen is not None and chosen.size and not 0 <= chosen.min() <= chosen.max() < len(read()):
        raise ConfigurationError(path, f"there are {len(read())}, it asks for {chosen.max()}")
    return Sampler(interval, read, chosen)


def _state_of(population: Any, recorder: StateRecorder, path: str) -> Callable[[], NDArray[Any]]:
    name, state = recorder.variable, getattr(population, "state", None)
    if isinstance(state, Mapping) and name in state:
        return lambda: np.asarray(population.state[name])
    if np.shape(getattr(population, name, 0.0)) == (population.n,):
        return lambda: np.asarray(getattr(population, name))
    known = ", ".join(state) if isinstance(state, Mapping) else "voltages"
    raise ConfigurationError(
        f"{path}.variable", f"{recorder.population!r} has no {name!r}; there are: {known}"
    )
