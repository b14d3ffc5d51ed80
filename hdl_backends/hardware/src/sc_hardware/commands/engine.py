"""``scn hdl`` on a folder: the network in whole numbers that it holds, as a projection engine."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
import numpy as np

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.integer_network.storage import load
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.projection_engine.folder import write_engine
from sc_hardware.projection_engine.operations import Operation, run_of
from sc_hardware.projection_engine.samples import operations_of_samples, random_sequence
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.programs import ProgramFailed
from sc_hardware.verification.simulate_engine import simulate_engine
from sc_hardware.verification.synthesise_engine import DEVICES, missing_block_rams, synthesise_engine

if TYPE_CHECKING:
    from sc_core.contracts import OpenedRun

DEFAULT_NAME = "engine"
_RANDOM_STEPS = 50
"""Of a folder that no run stands behind."""
_SLOW = ("icarus", "ghdl")
"""Simulators that play the first sample only."""


@attrs.frozen
class Check:
    """One check of an engine: what by which tool, over how much, and what it said where it failed."""

    what: str
    tool: str
    holds: bool
    samples: int
    operations: int
    seconds: float
    said: str = ""


@attrs.frozen
class NetworkFolder:
    """A network in whole numbers, and the run that it comes from, if there is one."""

    design: HardwareDesign
    run: Path | None


def open_folder(folder: Path, name: str | None) -> NetworkFolder:
    """Return the network of a folder that `scn quantise` or `sc_hardware.integer_network.storage.save` wrote.

    Parameters
    ----------
    folder : pathlib.Path
        The network's, or that of a run with a folder ``quantised``.
    name : str or None
        Of the engine.

    Raises
    ------
    ConfigurationError
        If there is no such network, or the engine cannot hold it.
    """
    place = next((each for each in (folder, folder / "quantised") if (each / "network.json").exists()), None)
    if place is None:
        raise ConfigurationError(
            "folder", f"{folder} holds no network in whole numbers; of a run, scn quantise {folder} makes one"
        )
    run = next((each for each in (place, place.parent) if (each / "config.toml").exists()), None)
    return NetworkFolder(HardwareDesign.from_network(load(place), name or DEFAULT_NAME), run)


def _operations(
    opened: NetworkFolder, open_run: Callable[[Path], OpenedRun], n_samples: int
) -> tuple[list[Operation], int]:
    """Return what a testbench does, and how many samples that is: held-out ones of the run, or one at random."""
    design = opened.design
    if opened.run is None or design.layout.learning:
        spikes, rewards = random_sequence(design, _RANDOM_STEPS, np.random.default_rng(1))
        return run_of(design, spikes, rewards), 1
    samples: list[Any] = []
    for batch in open_run(opened.run).batches("test"):
        if not np.isin(batch.inputs, (0, 1)).all():
            raise ConfigurationError("samples", "the run's encoder makes values; the engine takes spikes")
        samples += list(np.moveaxis(np.asarray(batch.inputs), 1, 0).astype(np.uint8))
        if len(samples) >= n_samples:
            break
    samples = samples[:n_samples]
    return operations_of_samples(design, samples), len(samples)


def emit_engine(
    opened: NetworkFolder,
    open_run: Callable[[Path], OpenedRun],
    output: Path | None,
    languages: Sequence[str],
    n_samples: int,
    as_json: bool,
) -> None:
    """Write the engine's folder."""
    operations, played = _operations(opened, open_run, n_samples)
    folder = output if output is not None else Path(opened.design.name)
    report = lambda line: click.echo(line, err=True)  # noqa: E731
    files = write_engine(opened.design, operations, folder, languages=languages, report=report)
    if as_json:
        table = {"folder": str(folder), "module": opened.design.name, "samples": played, "files": files}
        click.echo(json.dumps(table, indent=1))
    else:
        click.echo(f"written: {folder} ({len(files)} files; its testbenches play {played} samples)")


def verify_engine(
    opened: NetworkFolder, open_run: Callable[[Path], OpenedRun], n_samples: int, as_json: bool
) -> bool:
    """Lint and simulate the engine, print a table or JSON, and return whether all of it is as the model says."""
    design = opened.design
    checks: list[Check] = []

    def note(check: Check) -> None:
        checks.append(check)
        outcome = "holds" if check.holds else "FAILS"
        click.echo(f"{outcome:8} {check.seconds:6.1f} s  {check.tool:10} {check.what}", err=as_json)

    with tempfile.TemporaryDirectory(prefix="scn-hdl-") as place:
        folder = Path(place)
        for language, tool in (("verilog", "verilator"), ("vhdl", "ghdl")):
            lint = lambda language=language: _lint(language, design, folder)  # noqa: E731
            note(_checked(f"the {language} has no warning", tool, 0, 0, lint))
        for simulator in ("verilator", *_SLOW):
            operations, played = _operations(opened, open_run, 1 if simulator in _SLOW else n_samples)
            play = lambda s=simulator, o=operations: simulate_engine(s, design, o, folder)  # noqa: E731
            what = f"{played} samples, {len(operations)} operations: every spike is the model's"
            note(_checked(what, simulator, played, len(operations), play))
    holds = all(check.holds for check in checks)
    if as_json:
        rows = [attrs.asdict(check) for check in checks]
        click.echo(json.dumps({"module": design.name, "holds": holds, "checks": rows}, indent=1))
    else:
        for check in checks:
            if check.said:
                click.echo(check.said, err=True)
        click.echo(f"{'as the model says' if holds else 'NOT AS THE MODEL SAYS'}: {design.name}")
    return holds


def synth_engine(opened: NetworkFolder, devices: Sequence[str], as_json: bool) -> None:
    """Show what the engine takes of each device that holds it, as yosys and nextpnr estimate it."""
    design = opened.design
    rows: list[dict[str, Any]] = []
    for device in devices or tuple(DEVICES):
        missing = missing_block_rams(design, device)
        if missing:
            bits = sum(memory.total_bits for memory in design.memories)
            click.echo(f"{device:10} does not fit: {bits} bits, {missing} block RAMs too few", err=as_json)
            rows.append({"device": device, "memory_bits": bits, "block_rams_missing": missing})
            continue
        with tempfile.TemporaryDirectory(prefix="scn-hdl-") as place:
            cost = synthesise_engine(design, device, Path(place))
        used = cost.usage
        click.echo(
            f"{device:10} {used.luts} LUT, {used.flip_flops} FF, {used.multipliers} DSP, {used.block_rams} BRAM, "
            f"{cost.clocks_mhz[0]} MHz, at most {step_bound(design.layout)} clocks a step",
            err=as_json,
        )
        rows.append({"device": device, **attrs.asdict(used), "clock_mhz": cost.clocks_mhz[0]})
    if as_json:
        bound = step_bound(design.layout)
        table = {"module": design.name, "clocks_of_step_at_most": bound, "results": rows}
        click.echo(json.dumps({**table, "hardware_measurement_claimed": False}, indent=1))


def _lint(language: str, design: HardwareDesign, folder: Path) -> None:
    emitted = registry.create("hdl", language).emit(design)
    for name, text in emitted.items():
        (folder / name).write_text(text)
    if language == "vhdl":
        ghdl.lint(list(emitted), folder)
    else:
        verilator.lint(list(emitted), folder, top=design.name)
        icarus.lint(list(emitted), folder, top=design.name)


def _checked(what: str, tool: str, samples: int, operations: int, check: Callable[[], object]) -> Check:
    begin = time.monotonic()
    said = ""
    try:
        check()
    except ProgramFailed as error:
        said = str(error)
    return Check(what, tool, not said, samples, operations, round(time.monotonic() - begin, 2), said)
