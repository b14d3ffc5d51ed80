"""A network with the signature of existing scripts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

import sc_core
from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_core.simulation import Simulation, SpikeRecorder
from sc_neurocore.network.population import Population
from sc_neurocore.network.projection import Projection
from sc_neurocore.network.stimulus import PoissonInput


class Network(sc_core.Network):
    """Populations, projections and stimuli that run together; a `sc_core.Network` for every learner.

    Parameters
    ----------
    *objects : Population, Projection or PoissonInput
    seed : int, default 42
        Of the populations' noise, where their models have no seed, and of plasticities.

    Raises
    ------
    TypeError
        If an object is none of these.
    ConfigurationError
        If the populations' steps differ in length, or a projection or stimulus names another population.

    Examples
    --------
    >>> from sc_neurocore.network import Network, PoissonInput, Population, Projection
    >>> source, target = Population("LapicqueNeuron", 5), Population("LapicqueNeuron", 2)
    >>> network = Network(source, target, Projection(source, target, weight=6.0), PoissonInput(5, 200.0, 25.0))
    >>> spikes = network.run(duration=0.1)
    >>> list(spikes)
    ['LapicqueNeuron', 'LapicqueNeuron-2']
    >>> spikes["LapicqueNeuron"].times[:3]
    array([0., 1., 3.])
    """

    def __init__(self, *objects: Population | Projection | PoissonInput, seed: int = 42) -> None:
        populations = [item for item in objects if isinstance(item, Population)]
        projections = [item for item in objects if isinstance(item, Projection)]
        self.stimuli = [item for item in objects if isinstance(item, PoissonInput)]
        for item in objects:
            if not isinstance(item, Population | Projection | PoissonInput):
                raise TypeError(
                    f"must be a Population, Projection or PoissonInput, got {type(item).__name__}"
                )
        lengths = {population.model.dt for population in populations}
        if len(lengths) > 1:
            raise ConfigurationError("dt", f"of all populations must be the same, got {sorted(lengths)}")
        _number(populations)
        for projection in projections:
            projection.name = f"{projection.source.name}->{projection.target.name}"
        _number(projections)
        super().__init__(populations, projections, *lengths)
        self.seed = seed
        self._simulation: Simulation | None = None
        for population, rng in zip(
            populations, np.random.default_rng(seed).spawn(len(populations)), strict=True
        ):
            if population.model.seed is None:
                population.rng = rng

    def run(self, duration: Any, dt: float = 0.001) -> Any:
        """Go on for `duration` seconds with all stimuli, noise and plasticities at work.

        Parameters
        ----------
        duration : float
            Seconds. An array, as learners give it, is the input of `sc_core.Network.run`.
        dt : float, default 0.001
            Seconds from step to step: there are round(duration / dt). The models' own dt says what a step does.

        Returns
        -------
        dict of str to spikes
            Of every population by label: ``times`` (ms since the first run's beginning, in steps of the models' dt)
            and ``neurons``, arrays of one length.
        """
        if np.ndim(duration):
            return super().run(duration)
        if self._simulation is None:
            self._simulation = self._begin()
        recorders = [SpikeRecorder(population.name) for population in self.populations]
        return self._simulation.advance(round(duration / dt) * self.dt, record=recorders).spikes

    def _begin(self) -> Simulation:
        stimuli: dict[str, list[PoissonInput]] = defaultdict(list)
        for stimulus in self.stimuli:
            stimuli[(stimulus.target or self.populations[0]).name].append(stimulus)
        rules = {
            projection.name: registry.create("plasticity", projection.plasticity)
            for projection in self.projections
            if isinstance(projection, Projection) and projection.plasticity is not None
        }
        return Simulation(self, rules, np.random.default_rng(self.seed), stimuli=stimuli)


def _number(parts: Iterable[Population | Projection]) -> None:
    """Tell parts of one name apart: name, name-2, name-3."""
    seen: Counter[str] = Counter()
    for part in parts:
        seen[part.name] += 1
        if seen[part.name] > 1:
            part.name = f"{part.name}-{seen[part.name]}"
