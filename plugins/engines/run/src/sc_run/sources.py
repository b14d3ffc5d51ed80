"""What a run learns from: a data set and the experiences made of it, or an environment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core import registry
from sc_core.contracts import Batch, ClientRound, Generation, TaskBatch
from sc_core.errors import ConfigurationError
from sc_core.model import Network
from sc_run.builder import Drive, measure_drive
from sc_run.clients import make_client_pool
from sc_run.config import Config, DataTable
from sc_run.data import Dataset, load, split
from sc_run.encoders import Encoder
from sc_run.environments import EnvironmentTable, load_environment, make_episode_pools, observe_at_random
from sc_run.few_shot import make_few_shot_pools
from sc_run.random_streams import random_stream
from sc_run.samples import Pool, SampleGenerations, Samples

_MEASURED_SAMPLES = 256

_REMEDIES = {
    TaskBatch: "; a section [few_shot] makes tasks of a data set",
    ClientRound: "; a section [clients] divides a data set among clients",
}


@attrs.frozen(kw_only=True)
class Size:
    """How many neurons a population needs.

    Parameters
    ----------
    n : int
    reason : str
        In words: ``"the data set 'digits' has 10 classes"``.
    """

    n: int
    reason: str


@attrs.frozen(eq=False, kw_only=True)
class Source:
    """What a run learns from.

    Parameters
    ----------
    name : str
        Of the data set or the environment.
    pools : sequence of Pool
        To train on, to validate and to test.
    n_tasks : int
        The number of tasks that samples belong to.
    stages : list of ndarray of int64
        The training samples that are learned from at one time.
    encoder : Encoder or None
        None where nothing is encoded.
    drive : Drive
        How strongly it drives the network.
    input_size, output_size : Size
        Of the network.
    digest : str
        Of what a resumed run must find unchanged.
    """

    name: str
    pools: Sequence[Pool]
    n_tasks: int
    stages: list[NDArray[np.int64]]
    encoder: Any
    drive: Drive
    input_size: Size
    output_size: Size
    digest: str

    def check_sizes(self, network: Network) -> None:
        """Refuse a network of other sizes.

        Raises
        ------
        ConfigurationError
        """
        ends = ((network.input_population, self.input_size), (network.output_population, self.output_size))
        for population, size in ends:
            if population.n != size.n:
                raise ConfigurationError(
                    f"network.populations[{network.populations.index(population)}].n",
                    f"population {population.name!r} has {population.n} neurons, but {size.reason}",
                )


def choose_experience(config: Config) -> type[Any]:
    """Return the kind of experience that the learner takes and the run offers: `Batch` without a learner.

    Raises
    ------
    ConfigurationError
        If the run offers none that the learner takes.
    """
    if config.few_shot is not None and config.clients is not None:
        raise ConfigurationError("clients", "and few_shot are two ways to train; leave out one of them")
    if config.learner is None:
        return Batch
    learner = registry.get("learner", config.learner.name)
    consumes, offered = learner.consumes, _offered(config)
    fitting = [kind for kind in offered if isinstance(consumes, type) and issubclass(kind, consumes)]
    if not fitting:
        raise ConfigurationError(
            "learner.name",
            f"{config.learner.name!r} learns from {getattr(consumes, '__name__', consumes)}; this run offers: "
            f"{', '.join(kind.__name__ for kind in offered)}{_REMEDIES.get(consumes, '')}",
        )
    if (reason := _needs_evaluate(config)) and not hasattr(learner, "evaluate"):
        raise ConfigurationError("learner.name", f"{config.learner.name!r} has no evaluate, which {reason}")
    if fitting[0] is Generation:
        _require_learner_alone(config, "learner.name", "generations are")
    return fitting[0]


def _require_learner_alone(config: Config, path: str, they_are: str) -> None:
    if any(projection.plasticity is not None for projection in config.network.projections):
        raise ConfigurationError(path, f"{they_are} for a learner alone: a projection has a plasticity")


def _offered(config: Config) -> tuple[type[Any], ...]:
    if config.few_shot is not None:
        return (TaskBatch,)
    if config.clients is not None:
        return (ClientRound,)
    return (Batch, Generation) if config.environment is None else (Generation,)


def _needs_evaluate(config: Config) -> str:
    if config.environment is not None:
        return "episodes need"
    few_shot = config.few_shot
    if few_shot is not None and (few_shot.validation_classes or few_shot.test_classes):
        return "tasks of held-out classes need"
    return ""


def source_of(config: Config, streams: Mapping[str, np.random.Generator]) -> Source:
    """Load what the configuration names and divide it into parts.

    Parameters
    ----------
    config : Config
    streams : mapping of str to numpy.random.Generator
        Those of the run.

    Returns
    -------
    Source

    Raises
    ------
    ConfigurationError
        If it cannot be loaded, or does not suit the learner.
    """
    experience = choose_experience(config)
    if config.environment is not None:
        return _from_environment(config.environment, random_stream(config.seed, "evaluation"))
    assert config.data is not None  # checked when the configuration was parsed  # noqa: S101
    return _from_data_set(config, config.data, experience, streams)


def _from_environment(table: EnvironmentTable, rng: np.random.Generator) -> Source:
    environment = load_environment(table.name, table.base_folder, table.options)
    pools = make_episode_pools(environment, table)
    has = f"the environment {table.name!r} has"
    n_observations, n_actions = environment.n_observations, environment.n_actions
    return Source(
        name=table.name,
        pools=pools,
        n_tasks=1,
        stages=[np.arange(len(pools[0]))],
        encoder=None,
        drive=measure_drive(observe_at_random(environment, rng)),
        input_size=Size(n=n_observations, reason=f"{has} {n_observations} observations"),
        output_size=Size(n=n_actions, reason=f"{has} {n_actions} actions"),
        digest="",
    )


def _from_data_set(
    config: Config, data: DataTable, experience: type[Any], streams: Mapping[str, np.random.Generator]
) -> Source:
    dataset = load(data.name, base_folder=data.base_folder, **data.options)
    parts = _split(dataset, data, config.network.dt, streams["split"])
    encoder: Encoder = data.encoder.options
    measured = np.arange(min(_MEASURED_SAMPLES, len(parts[0])))
    sample = parts[0].draw(measured, encoder, random_stream(config.seed, "evaluation"))
    output_size = _output_size(config, data, dataset, sample)
    n_tasks = 1
    if data.tasks is not None:
        n_tasks = data.tasks.options.n_tasks
        parts = data.tasks.options.divide(parts, streams["tasks"])
    pools = (
        [SampleGenerations(part) for part in parts]
        if experience is Generation
        else _pools(dataset, config, data, parts, streams["clients"])
    )
    if n_tasks == 1 or config.training.tasks == "together":
        stages = [np.arange(len(pools[0]))]
    else:
        stages = [np.flatnonzero(parts[0].tasks == task) for task in range(n_tasks)]
    n_input = int(sample.inputs.shape[-1])
    reason = f"the data set {dataset.name!r} has {n_input} features for each step"
    return Source(
        name=data.name,
        pools=pools,
        n_tasks=n_tasks,
        stages=stages,
        encoder=encoder,
        drive=measure_drive(sample.inputs),
        input_size=Size(n=n_input, reason=reason),
        output_size=output_size,
        digest=_digest_of_data(parts),
    )


def _pools(
    dataset: Dataset, config: Config, data: DataTable, parts: Sequence[Samples], rng: np.random.Generator
) -> Sequence[Pool]:
    if config.few_shot is not None:
        _require_learner_alone(config, "few_shot", "tasks are")
        _refuse_tasks(data, "few_shot", "makes tasks of its own")
        return make_few_shot_pools(dataset, config.few_shot, config.network.dt)
    if config.clients is not None:
        _require_learner_alone(config, "clients", "clients are")
        _refuse_tasks(data, "clients", "divides the samples of one task")
        train, validation, test = parts
        return make_client_pool(train, config.clients, config.training.batch_size, rng), validation, test
    return parts


def _refuse_tasks(data: DataTable, section: str, why: str) -> None:
    if data.tasks is not None:
        raise ConfigurationError(section, f"{why}: leave out data.tasks")


def _split(dataset: Dataset, data: DataTable, dt: float, rng: np.random.Generator) -> list[Samples]:
    indices = split(
        dataset,
        rng,
        test_fraction=data.test_fraction,
        validation_fraction=data.validation_fraction,
        fold=data.fold,
        n_folds=data.n_folds,
    )
    return [
        Samples(dataset.inputs[chosen], dataset.targets[chosen], dt)
        for chosen in (indices.train, indices.validation, indices.test)
    ]


def _output_size(config: Config, data: DataTable, dataset: Dataset, sample: Batch) -> Size:
    if config.few_shot is not None:
        ways = config.few_shot.ways
        return Size(n=ways, reason=f"a task has {ways} classes")
    has = f"the data set {dataset.name!r} has"
    n_classes = dataset.n_classes if data.tasks is None else data.tasks.options.n_classes(dataset)
    if n_classes is not None:
        return Size(n=n_classes, reason=f"{has} {n_classes} classes")
    if sample.targets.shape[0] != sample.inputs.shape[0]:
        raise ConfigurationError(
            "data.encoder",
            f"makes {sample.inputs.shape[0]} steps of a sample, but the targets of {dataset.name!r} have "
            f"{sample.targets.shape[0]}",
        )
    n_output = int(sample.targets.shape[-1])
    return Size(n=n_output, reason=f"{has} {n_output} target values for each step")


def _digest_of_data(parts: Iterable[Samples]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for array in (part.inputs, part.targets) + (() if part.tasks is None else (part.tasks,)):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
