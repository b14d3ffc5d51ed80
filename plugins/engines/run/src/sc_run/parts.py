"""What a configuration describes, built: data, network, learner, scheduler, plasticities, callbacks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core import registry
from sc_core.contracts import Batch, Callback, ClientRound, Learner, Scheduler, TaskBatch
from sc_core.errors import ConfigurationError
from sc_core.model import Network
from sc_core.simulation import Simulation
from sc_run.builder import build_network, measure_drive
from sc_run.clients import make_client_pool
from sc_run.config import Config
from sc_run.data import Dataset, load, split
from sc_run.encoders import Encoder
from sc_run.few_shot import make_few_shot_pools
from sc_run.random_streams import STREAMS, random_stream
from sc_run.samples import Pool, Samples

_MEASURED_SAMPLES = 256

_REMEDIES = {
    TaskBatch: " a section [few_shot] makes tasks of a data set",
    ClientRound: " a section [clients] divides a data set among clients",
}


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
    train, validation, test : Pool
    n_tasks : int
        The number of tasks that samples belong to, one after the other or together.
    stages : list of ndarray of int64
        The training samples that are learned from at one time: those of each task in turn, or all of them.
    n_steps : int
        The number of updates of the whole run.
    encoder : Encoder
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
    train: Pool
    validation: Pool
    test: Pool
    n_tasks: int
    stages: list[NDArray[np.int64]]
    n_steps: int
    encoder: Encoder
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
            f"data: {self.config.data.name}{tasks}, {len(self.train)} {self.train.unit} to train on, "
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
    data = config.data
    dataset = load(data.name, base_folder=data.base_folder, **data.options)
    parts = _split(dataset, config, streams["split"])
    _check_experience(config)
    encoder: Encoder = data.encoder.options
    measured = np.arange(min(_MEASURED_SAMPLES, len(parts[0])))
    sample = parts[0].draw(measured, encoder, random_stream(config.seed, "evaluation"))
    network = build_network(config.network, measure_drive(sample.inputs), streams["network"])
    _check_sizes(network, sample, dataset, config)
    n_tasks = 1
    if data.tasks is not None:
        n_tasks = data.tasks.options.n_tasks
        parts = data.tasks.options.divide(parts, streams["tasks"])
    train, validation, test = _pools(dataset, config, parts, streams["clients"])
    if n_tasks == 1 or config.training.tasks == "together":
        stages = [np.arange(len(train))]
    else:
        stages = [np.flatnonzero(parts[0].tasks == task) for task in range(n_tasks)]
    n_steps = config.training.epochs * sum(_n_batches(stage, _units_per_step(config)) for stage in stages)
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
        train=train,
        validation=validation,
        test=test,
        n_tasks=n_tasks,
        stages=stages,
        n_steps=n_steps,
        encoder=encoder,
        streams=streams,
        identity={
            "configuration": hashlib.sha256(config_text.encode()).hexdigest(),
            "data set": _digest_of_data(parts),
        },
    )


def _pools(
    dataset: Dataset, config: Config, parts: Sequence[Samples], rng: np.random.Generator
) -> Sequence[Pool]:
    if config.few_shot is not None:
        _require_learner_alone(config, "few_shot", "tasks are", "makes tasks of its own")
        return make_few_shot_pools(dataset, config.few_shot, config.network.dt)
    if config.clients is not None:
        _require_learner_alone(config, "clients", "clients are", "divides the samples of one task")
        train, validation, test = parts
        return make_client_pool(train, config.clients, config.training.batch_size, rng), validation, test
    return parts


def _require_learner_alone(config: Config, section: str, they_are: str, why: str) -> None:
    if any(projection.plasticity is not None for projection in config.network.projections):
        raise ConfigurationError(section, f"{they_are} for a learner alone: a projection has a plasticity")
    if config.data.tasks is not None:
        raise ConfigurationError(section, f"{why}: leave out data.tasks")


def _split(dataset: Dataset, config: Config, rng: np.random.Generator) -> list[Samples]:
    data = config.data
    indices = split(
        dataset,
        rng,
        test_fraction=data.test_fraction,
        validation_fraction=data.validation_fraction,
        fold=data.fold,
        n_folds=data.n_folds,
    )
    return [
        Samples(dataset.inputs[chosen], dataset.targets[chosen], config.network.dt)
        for chosen in (indices.train, indices.validation, indices.test)
    ]


def _units_per_step(config: Config) -> int:
    return config.training.batch_size if config.clients is None else 1  # a round is one unit


def _n_batches(stage: NDArray[np.int64], units_per_step: int) -> int:
    return math.ceil(len(stage) / units_per_step)


def _check_sizes(network: Network, sample: Batch, dataset: Dataset, config: Config) -> None:
    populations = list(network.populations)
    n_input, driven = int(sample.inputs.shape[-1]), network.input_population
    if driven.n != n_input:
        raise ConfigurationError(
            f"network.populations[{populations.index(driven)}].n",
            f"population {driven.name!r} has {driven.n} neurons, but the data set {dataset.name!r} has "
            f"{n_input} features for each step",
        )
    tasks = config.data.tasks
    n_classes = dataset.n_classes if tasks is None else tasks.options.n_classes(dataset)
    labelled = n_classes is not None
    n_output = n_classes if labelled else int(sample.targets.shape[-1])
    if config.few_shot is not None:
        n_output = config.few_shot.ways
    read = network.output_population
    if read.n != n_output:
        raise ConfigurationError(
            f"network.populations[{populations.index(read)}].n",
            f"population {read.name!r} has {read.n} neurons, but "
            f"{'a task' if config.few_shot is not None else f'the data set {dataset.name!r}'} has "
            f"{n_output} {'classes' if labelled else 'target values for each step'}",
        )
    if not labelled and sample.targets.shape[0] != sample.inputs.shape[0]:
        raise ConfigurationError(
            "data.encoder",
            f"makes {sample.inputs.shape[0]} steps of a sample, but the targets of {dataset.name!r} have "
            f"{sample.targets.shape[0]}",
        )


def _check_experience(config: Config) -> None:
    """Refuse a learner that does not learn from what the run offers."""
    if config.few_shot is not None and config.clients is not None:
        raise ConfigurationError("clients", "and few_shot are two ways to train; leave out one of them")
    choice = config.learner
    if choice is None:
        return
    made = registry.get("learner", choice.name)
    consumes, few_shot = made.consumes, config.few_shot
    offered: type = Batch
    if few_shot is not None:
        offered = TaskBatch
    elif config.clients is not None:
        offered = ClientRound
    if not (isinstance(consumes, type) and issubclass(offered, consumes)):
        remedy = _REMEDIES.get(consumes, "")
        raise ConfigurationError(
            "learner.name",
            f"{choice.name!r} learns from {getattr(consumes, '__name__', consumes)}; this run offers: "
            f"{offered.__name__}{remedy and ';' + remedy}",
        )
    held_out = few_shot is not None and bool(few_shot.validation_classes or few_shot.test_classes)
    if held_out and not hasattr(made, "evaluate"):
        raise ConfigurationError(
            "learner.name", f"{choice.name!r} has no evaluate, which tasks of held-out classes need"
        )


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


def _digest_of_data(parts: Iterable[Samples]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for array in (part.inputs, part.targets) + (() if part.tasks is None else (part.tasks,)):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
