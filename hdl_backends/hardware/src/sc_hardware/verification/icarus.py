"""Icarus Verilog: check and simulate Verilog-2001."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sc_hardware.verification.programs import ProgramFailed, find_program, run_program

_COMPILE = ("-g2001", "-Wall")


def lint(
    files: Sequence[str], folder: Path, *, top: str, parameters: Mapping[str, int] | None = None
) -> None:
    """Refuse Verilog for which Icarus has an error or a warning.

    Parameters
    ----------
    files : sequence of str
        The sources, relative to `folder`.
    folder : pathlib.Path
        Where they are.
    top : str
        The module to elaborate.
    parameters : mapping of str to int, optional
        Its parameters, where they are not the defaults.

    Raises
    ------
    ProgramFailed
        With the first words that Icarus said.
    """
    output = run_program([*_compiler(top, parameters), "-t", "null", *files], folder)
    if output:
        raise ProgramFailed("iverilog", output)


def simulate(
    files: Sequence[str],
    folder: Path,
    *,
    top: str,
    parameters: Mapping[str, int] | None = None,
    arguments: Sequence[str] = (),
    time_limit: float | None = None,
) -> str:
    """Compile Verilog, run it to its end and return what it printed.

    Parameters
    ----------
    files : sequence of str
        The sources, relative to `folder`.
    folder : pathlib.Path
        Where they are, where the compiled simulation is put, and the working folder of the run.
    top : str
        The testbench's module.
    parameters : mapping of str to int, optional
        Its parameters, where they are not the defaults.
    arguments : sequence of str
        What the testbench asks for by ``$test$plusargs``: ``"+waveform"``.
    time_limit : float, optional
        Seconds after which the simulation is stopped.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    ProgramFailed
        If it does not compile without a warning, or the simulation stops with an error.
    """
    simulation = f"{top}.vvp"
    output = run_program([*_compiler(top, parameters), "-o", simulation, *files], folder)
    if output:
        raise ProgramFailed("iverilog", output)
    return run_program([find_program("vvp"), "-n", simulation, *arguments], folder, time_limit=time_limit)


def _compiler(top: str, parameters: Mapping[str, int] | None) -> list[str | Path]:
    overrides = [f"-P{top}.{name}={value}" for name, value in (parameters or {}).items()]
    return [find_program("iverilog"), *_COMPILE, "-s", top, *overrides]
