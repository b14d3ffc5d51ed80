"""A run from its configuration to its result: what ``scn train`` and ``scn resume`` do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.model import Network
from sc_run.checkpoint import Checkpoint, read_checkpoint, remove_leftovers
from sc_run.config import Config, config_table, parse_config, read_toml
from sc_run.interruption import watch_signals
from sc_run.loop import TrainingLoop
from sc_run.parts import Parts, assemble
from sc_run.reporter import Reporter, format_metrics
from sc_run.run_folder import CONFIG_NAME, hold_run, make_run_folder


@attrs.frozen(eq=False, kw_only=True)
class RunResult:
    """What a finished run has come to.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder.
    network : Network
        The network that did best on the validation part.
    best_step : int
        The number of updates after which it stood.
    n_steps : int
        All updates that the run made.
    validation_metrics, test_metrics : mapping of str to float
        Of that network; empty where there is no such part.
    seconds : float
        How long this process trained and evaluated, setting up not counted.
    """

    folder: Path
    network: Network
    best_step: int
    n_steps: int
    validation_metrics: Mapping[str, float]
    test_metrics: Mapping[str, float]
    seconds: float


def train(
    config: str | Path | Mapping[str, Any], *, output: str | Path | None = None, progress: bool = True
) -> RunResult:
    """Train as a configuration says, in a new folder.

    Parameters
    ----------
    config : path or mapping
        A TOML file, or what one would hold (docs/runs.md); relative paths are meant within the file's folder,
        or the current one.
    output : path, optional
        The run's folder, which must not exist or be empty; ``runs/<name of the file>-<number>`` unless given.
    progress : bool, default True
        Whether to show how it goes; warnings are shown anyway.

    Returns
    -------
    RunResult

    Raises
    ------
    SCError
        If the configuration is wrong, or the training fails.
    RunInterrupted
        If SIGINT or SIGTERM stopped it; `resume` continues.

    Notes
    -----
    While it trains in the main thread, SIGINT and SIGTERM make it save its state and stop.
    """
    if isinstance(config, Mapping):
        table, stem, base = config, "run", Path.cwd()
    else:
        table, stem, base = read_toml(Path(config)), Path(config).stem, Path(config).resolve().parent
    parsed = parse_config(table, base)
    text = _config_text(parsed)
    parts = assemble(parsed, text)
    folder = make_run_folder(None if output is None else Path(output), stem, text)
    with hold_run(folder):
        return _run(folder, parts, None, Reporter(progress))


def resume(folder: str | Path, *, progress: bool = True) -> RunResult:
    """Continue a run that was interrupted or killed; it ends with the same bits as if it had not been.

    Parameters
    ----------
    folder : path
        The run's folder.
    progress : bool, default True
        Whether to show how it goes; warnings are shown anyway.

    Returns
    -------
    RunResult
        Of a run that was finished already, too.

    Raises
    ------
    CheckpointError
        If a file of the checkpoint is missing, truncated or edited, or `folder` is not a run's.
    RunInUse
        If another process works on the run.
    SCError
        As `train`.
    """
    folder = Path(folder)
    path = folder / CONFIG_NAME
    if not path.is_file():
        raise CheckpointError(f"{folder}: not the folder of a run: it has no {CONFIG_NAME}")
    with hold_run(folder):
        parsed = parse_config(read_toml(path), folder.resolve())
        checkpoint = read_checkpoint(folder)
        if checkpoint is not None:
            remove_leftovers(folder, checkpoint)
        parts = assemble(parsed, path.read_text(encoding="utf-8"))
        return _run(folder, parts, checkpoint, Reporter(progress))


def _config_text(config: Config) -> str:
    import tomli_w

    try:
        return tomli_w.dumps(config_table(config))
    except TypeError as error:
        raise ConfigurationError("", f"the configuration cannot be written as TOML: {error}") from None


def _run(folder: Path, parts: Parts, checkpoint: Checkpoint | None, reporter: Reporter) -> RunResult:
    from sc_core import kernels

    reporter.note(kernels.describe())
    reporter.note(parts.describe())
    start = time.perf_counter()
    with watch_signals() as interruption:
        loop = TrainingLoop(folder, parts, reporter, interruption)
        reporter.note(_beginning(folder, checkpoint))
        loop.run(checkpoint)
    assert loop.best is not None  # noqa: S101  every run that ends has stored one
    result = RunResult(
        folder=folder,
        network=parts.network,
        best_step=loop.best.step,
        n_steps=loop.step,
        validation_metrics=loop.best.metrics,
        test_metrics=loop.test_metrics,
        seconds=time.perf_counter() - start,
    )
    _report(result, reporter)
    return result


def _beginning(folder: Path, checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        return f"training in {folder}"
    if checkpoint.state["position"]["finished"]:
        return f"{folder} is finished already, after {checkpoint.step} updates; there is nothing to resume"
    return f"resuming {folder} after {checkpoint.step} updates"


def _report(result: RunResult, reporter: Reporter) -> None:
    if result.test_metrics:
        chosen = "best on validation" if result.validation_metrics else "last"
        reporter.note(
            f"test: {format_metrics(result.test_metrics)} "
            f"(the network of step {result.best_step} of {result.n_steps}, {chosen})"
        )
    reporter.note(f"run folder: {result.folder}")
    reporter.note(f"time: {result.seconds:.1f} s")
