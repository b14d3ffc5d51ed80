"""What a configuration describes, built: data, network, learner, scheduler, plasticities, callbacks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core import registry
from sc_core.contracts import Callback, Learner, Scheduler
from sc_core.errors import ConfigurationError
from sc_core.model import Network
from sc_core.simulation import Simulation
from sc_run.builder import build_network
from sc_run.config import Config
from sc_run.random_streams import STREAMS, random_stream
from sc_run.samples import Pool
from sc_run.sources import source_of


@attrs.frozen(eq=False, kw_only=True)
class Parts:
    """A run's parts.

    Parameters
    ----------
    config : Config
    network : Network
    learner : Learner or None
    scheduler : Scheduler or None
    simulation : Simulation or None
        Steps the network with its plasticities; None where it has none.
    callbacks : list of (str, Callback)
    source : str
        The name of the data set or environment.
    train, validation, test : Pool
    n_tasks : int
        The number of tasks that samples belong to, one after the other or together.
    stages : list of ndarray of int64
        The training samples that are learned from at one time: those of each task in turn, or all of them.
    n_steps : int
        The number of updates of the whole run.
    encoder : Encoder or None
        None where nothing is encoded.
    streams : dict of str to numpy.random.Generator
        The random streams by name.
    identity : mapping of str to str
        Digests of what a resumed run must find unchanged.
    """

    config: Config
    network: Network
    learner: Learner | None
    scheduler: Scheduler | None
    simulation: Simulation | None
    callbacks: list[tuple[str, Callback]]
    source: str
    train: Pool
    validation: Pool
    test: Pool
    n_tasks: int
    stages: list[NDArray[np.int64]]
    n_steps: int
    encoder: Any
    streams: dict[str, np.random.Generator]
    identity: Mapping[str, str]

    def n_batches(self, stage: int) -> int:
        """Return the number of batches of an epoch of a stage."""
        return _n_batches(self.stages[stage], self.units_per_step)

    @property
    def units_per_step(self) -> int:
        """How many units of the training pool make one update."""
        return _units_per_step(self.config)

    @property
    def n_epochs(self) -> int:
        """The number of epochs of all stages."""
        return self.config.training.epochs * len(self.stages)

    def describe(self) -> str:
        """Return the sizes of network and data in words."""
        network = self.network
        populations = ", ".join(
            f"{population.name} {population.n} {type(population.neuron).__name__}"
            for population in network.populations
        )
        synapses = sum(projection.n_synapses for projection in network.projections)
        tasks = f" of {self.n_tasks} tasks" if self.n_tasks > 1 else ""
        return (
            f"network: {populations}; {synapses} synapses in {len(network.projections)} projections\n"
            f"data: {self.source}{tasks}, {len(self.train)} {self.train.unit} to train on, "
            f"{len(self.validation)} to validate, {len(self.test)} to test"
        )


def assemble(config: Config, config_text: str) -> Parts:
    """Build all parts of a run.

    Parameters
    ----------
    config : Config
    config_text : str
        The resolved configuration as the run's folder holds it.

    Returns
    -------
    Parts

    Raises
    ------
    ConfigurationError
        If parts do not fit each other; the message names both.
    """
    streams = {name: random_stream(config.seed, name) for name in STREAMS if name != "evaluation"}
    source = source_of(config, streams)
    network = build_network(config.network, source.drive, streams["network"])
    source.check_sizes(network)
    n_steps = config.training.epochs * sum(
        _n_batches(stage, _units_per_step(config)) for stage in source.stages
    )
    learner = _make_learner(config, network)
    return Parts(
        config=config,
        network=network,
        learner=learner,
        scheduler=_make_scheduler(config, learner, n_steps),
        simulation=_make_simulation(config, network, streams["plasticity"]),
        callbacks=[
            (choice.name, registry.create("callback", choice.name, **choice.keywords()))
            for choice in config.callbacks
        ],
        source=source.name,
        train=source.pools[0],
        validation=source.pools[1],
        test=source.pools[2],
        n_tasks=source.n_tasks,
        stages=source.stages,
        n_steps=n_steps,
        encoder=source.encoder,
        streams=streams,
        identity={
            "configuration": hashlib.sha256(config_text.encode()).hexdigest(),
            "data set": source.digest,
        },
    )


def _units_per_step(config: Config) -> int:
    return config.training.batch_size if config.clients is None else 1  # a round is one unit


def _n_batches(stage: NDArray[np.int64], units_per_step: int) -> int:
    return math.ceil(len(stage) / units_per_step)


def _make_learner(config: Config, network: Network) -> Learner | None:
    choice = config.learner
    if choice is None:
        return None
    try:
        learner: Learner = registry.create("learner", choice.name, network, **choice.keywords())
    except ConfigurationError as error:
        raise ConfigurationError(_within("learner", error.path), error.problem) from error
    return learner


def _make_scheduler(config: Config, learner: Learner | None, n_steps: int) -> Scheduler | None:
    choice = config.scheduler
    if choice is None:
        return None
    try:
        scheduler: Scheduler = registry.get("scheduler", choice.name).from_run(
            learner, n_steps, **choice.keywords()
        )
    except ConfigurationError as error:
        raise ConfigurationError(_within("scheduler", error.path), error.problem) from error
    return scheduler


def _make_simulation(config: Config, network: Network, rng: np.random.Generator) -> Simulation | None:
    rules = {
        projection.name: registry.create("plasticity", row.plasticity.name, **row.plasticity.keywords())
        for projection, row in zip(network.projections, config.network.projections, strict=True)
        if row.plasticity is not None
    }
    return Simulation(network, rules, rng) if rules else None


def _within(section: str, path: str) -> str:
    return path if path.split(".")[0] == section else f"{section}.{path}"
