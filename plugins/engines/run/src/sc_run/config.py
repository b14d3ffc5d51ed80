"""The configuration of a run: what a TOML file may say, checked before anything is trained."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from sc_core import options, registry
from sc_core.choice import Choice, choose_from, choose_plugin
from sc_core.errors import ConfigurationError
from sc_run.client_splits import CLIENT_SPLITS
from sc_run.clients import ClientsTable
from sc_run.encoders import ENCODERS
from sc_run.environments import EnvironmentTable
from sc_run.few_shot import FewShotTable
from sc_run.spreads import NeuronChoice, choose_neuron
from sc_run.tasks import TASKS
from sc_run.topologies import TOPOLOGIES

_ge, _gt = attrs.validators.ge, attrs.validators.gt
_optional = attrs.validators.optional


@attrs.frozen(kw_only=True)
class DataTable:
    """The section ``[data]``.

    Parameters
    ----------
    name : str
        A data set by name, a path ending in ``.npz``, or ``module:attribute``.
    encoder : Choice
        How values become the network's input.
    tasks : Choice, optional
        How the data set becomes several tasks.
    test_fraction, validation_fraction, fold, n_folds
        As `sc_run.data.split` takes them.
    base_folder : str
        What relative paths of data are relative to, and where modules are looked for.
    options : mapping
        What the data set itself takes.
    """

    name: str
    encoder: Any = "current"
    tasks: Any = None
    test_fraction: float = 0.25
    validation_fraction: float = 0.15
    fold: int | None = None
    n_folds: int | None = None
    base_folder: str = "."
    options: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class PopulationTable:
    """One of ``network.populations``; `neuron` is a `NeuronChoice`."""

    name: str
    n: int = attrs.field(validator=_gt(0))
    neuron: Any


@attrs.frozen(kw_only=True)
class ProjectionTable:
    """One of ``network.projections``.

    Parameters
    ----------
    source, target : str
        Names of populations.
    name : str, optional
    density, in_degree : optional
        Connect at random; without these and `topology` all neurons are connected.
    topology : Choice, optional
    weight : float, optional
        The initial weight of all synapses, instead of normal ones.
    gain : float, optional
        Normal weights have the standard deviation gain / sqrt(fan-in).
    delay : int
        Steps.
    trainable : bool
        Whether learners may change the weights.
    plasticity : Choice, optional
        A local rule that changes the projection while the network runs.
    """

    source: str
    target: str
    name: str | None = None
    density: float | None = None
    in_degree: int | None = None
    topology: Any = None
    weight: float | None = None
    gain: float | None = None
    delay: int = attrs.field(default=0, validator=_ge(0))
    trainable: bool = True
    plasticity: Any = None


@attrs.frozen(kw_only=True)
class NetworkTable:
    """The section ``[network]``."""

    populations: list[PopulationTable]
    projections: list[ProjectionTable] = attrs.field(factory=list)
    dt: float = attrs.field(default=1.0, validator=_gt(0))
    inputs: str | None = None
    outputs: str | None = None


@attrs.frozen(kw_only=True)
class TrainingTable:
    """The section ``[training]``.

    Parameters
    ----------
    epochs, batch_size : int
    checkpoint_every : int, optional
        Updates between checkpoints; after each epoch unless given.
    select : {"accuracy", "loss"}, optional
        Which validation metric selects the model: the accuracy where there are classes, else the loss.
    tasks : {"in_sequence", "together"}, optional
        Whether tasks are learned one after the other or as one data set; in sequence unless given.
    """

    epochs: int = attrs.field(default=20, validator=_gt(0))
    batch_size: int = attrs.field(default=32, validator=_gt(0))
    checkpoint_every: int | None = attrs.field(default=None, validator=_optional(_gt(0)))
    select: Literal["accuracy", "loss"] | None = None
    tasks: Literal["in_sequence", "together"] | None = None


@attrs.frozen(kw_only=True)
class Config:
    """A whole configuration, every choice resolved and every option checked."""

    seed: int
    data: DataTable | None
    network: NetworkTable
    learner: Choice | None
    scheduler: Choice | None
    callbacks: list[Choice]
    training: TrainingTable
    few_shot: FewShotTable | None = None
    clients: ClientsTable | None = None
    environment: EnvironmentTable | None = None


@attrs.frozen(kw_only=True)
class _Sections:
    """The top level of the file."""

    seed: int = attrs.field(default=0, validator=_ge(0))
    data: Any = None
    network: Any
    learner: Any = None
    scheduler: Any = None
    callbacks: Any = None
    few_shot: Any = None
    clients: Any = None
    environment: Any = None
    training: Any = attrs.field(factory=dict)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    dict

    Raises
    ------
    ConfigurationError
        If it cannot be read or is not TOML; the message names file, line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(str(path), "there is no such file") from None
    except OSError as error:
        raise ConfigurationError(str(path), f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(str(path), f"is not UTF-8 text (byte {error.start})") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = f"at line {text.count(chr(10)) + 1}, the end of the file"
        problem = str(error).replace("at end of document", last)
        raise ConfigurationError(str(path), f"is not valid TOML: {problem}") from None


def parse_config(table: Mapping[str, Any], base_folder: Path) -> Config:
    """Check a configuration.

    Parameters
    ----------
    table : mapping
        As the TOML file has it.
    base_folder : pathlib.Path
        The folder of the file: ``data.base_folder`` is relative to it, and becomes absolute if this is.

    Returns
    -------
    Config

    Raises
    ------
    ConfigurationError
        If a key, type or value is not allowed; its path is the full dotted key.
    PluginError
        If a plugin is not installed or does not work.
    """
    sections = options.structure(_Sections, table, "")
    config = Config(
        seed=sections.seed,
        data=None if sections.data is None else _parse_data(_as_table(sections.data, "data"), base_folder),
        network=_parse_network(sections.network),
        learner=_choose_optional("learner", sections.learner),
        scheduler=_choose_optional("scheduler", sections.scheduler),
        callbacks=_parse_callbacks(sections.callbacks),
        training=options.structure(TrainingTable, sections.training, "training"),
        few_shot=None
        if sections.few_shot is None
        else options.structure(FewShotTable, sections.few_shot, "few_shot"),
        clients=None if sections.clients is None else _parse_clients(sections.clients),
        environment=_parse_environment(sections.environment, base_folder),
    )
    _check_source(config)
    if config.learner is None:
        if config.scheduler is not None:
            raise ConfigurationError("scheduler", "sets a learner's rate, but there is no section [learner]")
        if all(projection.plasticity is None for projection in config.network.projections):
            raise ConfigurationError(
                "learner", "is missing, and no projection has a plasticity: nothing would learn"
            )
    _check_tasks(config)
    return config


def _parse_environment(value: object, base_folder: Path) -> EnvironmentTable | None:
    if value is None:
        return None
    table = options.structure(EnvironmentTable, value, "environment")
    return attrs.evolve(table, base_folder=str(base_folder / table.base_folder))


def _check_source(config: Config) -> None:
    if config.environment is None:
        if config.data is None:
            raise ConfigurationError("data", "is missing: a run needs a section [data] or [environment]")
        return
    for section in ("data", "few_shot", "clients"):
        if getattr(config, section) is not None:
            raise ConfigurationError(
                section, "has no place beside [environment]: a run learns from one of them"
            )
    if any(projection.plasticity is not None for projection in config.network.projections):
        raise ConfigurationError("environment", "is for a learner alone: a projection has a plasticity")


def _check_tasks(config: Config) -> None:
    if config.data is None or config.data.tasks is None:
        if config.training.tasks is not None:
            raise ConfigurationError("training.tasks", "needs several tasks, but data.tasks is missing")
    elif config.training.tasks != "together" and config.training.select is not None:
        raise ConfigurationError(
            "training.select", "has no meaning for tasks in sequence: the network goes on from task to task"
        )


def config_table(config: Config) -> dict[str, Any]:
    """Return a configuration as the table of a TOML file, with all defaults filled in.

    Parameters
    ----------
    config : Config

    Returns
    -------
    dict
        `parse_config` makes an equal configuration of it.
    """
    table = {
        "seed": config.seed,
        "data": None if config.data is None else _data_table(config.data),
        "environment": None if config.environment is None else _environment_table(config.environment),
        "network": _without_none(attrs.asdict(config.network, recurse=False)),
        "learner": config.learner,
        "scheduler": config.scheduler,
        "callbacks": config.callbacks,
        "training": _without_none(attrs.asdict(config.training)),
        "few_shot": None if config.few_shot is None else attrs.asdict(config.few_shot),
        "clients": None
        if config.clients is None
        else _without_none(attrs.asdict(config.clients, recurse=False)),
    }
    plain: dict[str, Any] = _plain(_without_none(table))
    return plain


def _data_table(data: DataTable) -> dict[str, Any]:
    table = _without_none(attrs.asdict(data, recurse=False))
    loader_options = table.pop("options")
    if not _has_files(data):
        del table["base_folder"]
    return {**table, **loader_options}


def _environment_table(environment: EnvironmentTable) -> dict[str, Any]:
    table = attrs.asdict(environment)
    if ":" not in environment.name:
        del table["base_folder"]
    return table


def _parse_data(table: dict[str, Any], base_folder: Path) -> DataTable:
    own = {field.name for field in attrs.fields(DataTable)} - {"options"}
    known = {key: value for key, value in table.items() if key in own}
    known["options"] = {key: value for key, value in table.items() if key not in own}
    data = options.structure(DataTable, known, "data")
    return attrs.evolve(
        data,
        encoder=choose_from(ENCODERS, "encoder", data.encoder, "data.encoder"),
        tasks=None
        if data.tasks is None
        else choose_from(TASKS, "way to make tasks", data.tasks, "data.tasks"),
        base_folder=str(base_folder / data.base_folder),
    )


def _parse_network(table: object) -> NetworkTable:
    network = options.structure(NetworkTable, table, "network")
    return attrs.evolve(
        network,
        populations=[
            attrs.evolve(
                row,
                neuron=choose_neuron(row.neuron, f"network.populations[{index}].neuron"),
            )
            for index, row in enumerate(network.populations)
        ],
        projections=[
            _parse_projection(row, f"network.projections[{index}]")
            for index, row in enumerate(network.projections)
        ],
    )


def _parse_projection(row: ProjectionTable, path: str) -> ProjectionTable:
    ways = [name for name in ("density", "in_degree", "topology") if getattr(row, name) is not None]
    if len(ways) > 1:
        raise ConfigurationError(
            f"{path}.{ways[1]}", f"is one of two ways to connect, the other being {ways[0]}"
        )
    if row.weight is not None and row.gain is not None:
        raise ConfigurationError(f"{path}.gain", "has no meaning beside a constant weight")
    if row.topology is not None:
        row = attrs.evolve(
            row, topology=choose_from(TOPOLOGIES, "topology", row.topology, f"{path}.topology")
        )
    if row.plasticity is not None:
        row = attrs.evolve(row, plasticity=choose_plugin("plasticity", row.plasticity, f"{path}.plasticity"))
    return row


def _parse_clients(table: object) -> ClientsTable:
    clients = options.structure(ClientsTable, table, "clients")
    split = choose_from(CLIENT_SPLITS, "way to divide samples", clients.split, "clients.split")
    return attrs.evolve(clients, split=split)


def _choose_optional(kind: str, value: object) -> Choice | None:
    return None if value is None else choose_plugin(kind, value, kind)


def _parse_callbacks(value: object) -> list[Choice]:
    if value is None:
        value = ["csv"] if "csv" in registry.names("callback") else []
    if not isinstance(value, list):
        raise ConfigurationError("callbacks", f"must be a list of tables, [[callbacks]], got {value!r}")
    return [choose_plugin("callback", item, f"callbacks[{index}]") for index, item in enumerate(value)]


def _has_files(data: DataTable) -> bool:
    return data.name.endswith(".npz") or ":" in data.name or "folder" in data.options


def _as_table(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(path, f"must be a table, got {value!r}")
    return dict(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Choice | NeuronChoice):
        return value.table()
    if isinstance(value, PopulationTable | ProjectionTable):
        return _plain(_without_none(attrs.asdict(value, recurse=False)))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}
