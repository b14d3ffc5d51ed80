"""GHDL: check and simulate VHDL-2008, and turn it into Verilog for the provers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sc_hardware.verification.programs import find_program, run_program

# GHDL has no flag for all of its warnings. "delayed-checks", which is not here, warns of functions that read a file.
_WARNINGS = (
    "binding",
    "default-binding",
    "port",
    "library",
    "reserved",
    "pure",
    "nested-comment",
    "parenthesis",
    "body",
    "specs",
    "port-bounds",
    "runtime-error",
    "shared",
    "hide",
    "unused",
    "others",
    "static",
)
# GHDL 2.0 writes constants of more than 32 bits as in VHDL, "0101": in Verilog that is text of 8 bits a letter.
_VECTOR_AS_STRING = re.compile(r'"([01]+)"')
_STANDARD = "--std=08"


def lint(files: Sequence[str], folder: Path) -> None:
    """Refuse VHDL for which GHDL has an error or a warning.

    Parameters
    ----------
    files : sequence of str
        The sources in the order of their dependence, relative to `folder`.
    folder : pathlib.Path
        Where they are; GHDL's library is put there too.

    Raises
    ------
    ProgramFailed
        With what GHDL said.
    """
    warnings = [f"-W{name}" for name in _WARNINGS]
    run_program([find_program("ghdl"), "-a", _STANDARD, *warnings, "-Werror", *files], folder)


def simulate(
    files: Sequence[str],
    folder: Path,
    *,
    top: str,
    generics: Mapping[str, int] | None = None,
    time_limit: float | None = None,
) -> str:
    """Compile VHDL, run it to its end and return what it printed.

    Parameters
    ----------
    files : sequence of str
        The sources in the order of their dependence, relative to `folder`.
    folder : pathlib.Path
        Where they are, where GHDL's library and the simulation are put, and the working folder of the run.
    top : str
        The testbench's entity.
    generics : mapping of str to int, optional
        Its generics, where they are not the defaults.
    time_limit : float, optional
        Seconds after which the simulation is stopped.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    ProgramFailed
        If it does not compile, or an assertion of severity error fails.
    """
    program = find_program("ghdl")
    run_program([program, "-a", _STANDARD, *files], folder)
    run_program([program, "-e", _STANDARD, top], folder)
    overrides = [f"-g{name}={value}" for name, value in (generics or {}).items()]
    run: list[str | Path] = [program, "-r", _STANDARD, top, *overrides, "--assert-level=error"]
    run.append("--ieee-asserts=disable-at-0")  # where nothing has a value yet
    return run_program(run, folder, time_limit=time_limit)


def to_verilog(
    files: Sequence[str], folder: Path, *, top: str, generics: Mapping[str, int] | None = None
) -> str:
    """Synthesise VHDL into Verilog that other programs can read.

    Parameters
    ----------
    files : sequence of str
        The sources in the order of their dependence, relative to `folder`.
    folder : pathlib.Path
        Where they are; GHDL's library is put there too.
    top : str
        The entity. Its module has its name.
    generics : mapping of str to int, optional
        Its generics, where they are not the defaults: Verilog has the values that they come to.

    Returns
    -------
    str
        The Verilog. GHDL's warnings are not in it.

    Raises
    ------
    ProgramFailed
        If GHDL refuses it.
    """
    program = find_program("ghdl")
    run_program([program, "-a", _STANDARD, *files], folder)
    overrides = [f"-g{name}={value}" for name, value in (generics or {}).items()]
    text = run_program([program, "synth", _STANDARD, "--out=verilog", *overrides, top], folder)
    return _VECTOR_AS_STRING.sub(lambda match: f"{len(match[1])}'b{match[1]}", text)
