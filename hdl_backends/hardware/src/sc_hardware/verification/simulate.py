"""Simulate a lane or its step against test vectors, by any of three simulators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sc_core import registry
from sc_hardware.lane.design import LaneDesign
from sc_hardware.lane.vectors import Vectors, tested_module
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.programs import ProgramFailed, run_program

SIMULATORS = ("icarus", "verilator", "ghdl")


def simulate_vectors(
    simulator: str,
    design: LaneDesign,
    vectors: Vectors,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    target: str = "step",
    runtime: Path | None = None,
) -> int:
    """Apply vectors to emitted sources and compare every output.

    Parameters
    ----------
    simulator : {"icarus", "verilator", "ghdl"}
        Icarus and Verilator simulate the Verilog, GHDL the VHDL.
    design : LaneDesign
        The design.
    vectors : sequence of mapping of str to int, or mapping of str to ndarray
        Values and expected values of every port but the clock.
    parameters : mapping of str to int
        All parameters of the rule.
    folder : pathlib.Path
        Where the sources were emitted; the testbench is put there too.
    target : {"step", "lane"}
        Which module.
    runtime : pathlib.Path, optional
        A folder that keeps what Verilator's programs have in common, from one to the next.

    Returns
    -------
    int
        How many vectors were applied, without a mismatch.

    Raises
    ------
    ProgramFailed
        With the first mismatches.
    """
    module = tested_module(design, target)
    language = "vhdl" if simulator == "ghdl" else "verilog"
    backend = registry.create("hdl", language)
    files = backend.testbench(design, vectors, parameters=parameters, target=target)
    sources = [f"{each.name}{backend.file_suffix}" for each in design.modules]
    top = f"{module.name}_tb"
    if simulator == "verilator":
        files |= backend.harness(design, parameters=parameters, target=target)
    for name, text in files.items():
        (folder / name).write_text(text)
    own = {parameter.name: parameters[parameter.name.lower()] for parameter in module.parameters}
    if simulator == "icarus":
        output = icarus.simulate([*sources, f"{top}.v"], folder, top=top)
    elif simulator == "ghdl":
        output = ghdl.simulate([*sources, f"{top}.vhd"], folder, top=top)
    else:
        harness = f"{module.name}_harness.cpp"
        program = verilator.build(
            sources, folder, top=module.name, harness=harness, parameters=own, runtime=runtime
        )
        output = run_program([program], folder)
    passed = re.search(r"PASS: (\d+) vectors", output)
    if passed is None:
        raise ProgramFailed(simulator, output)
    return int(passed[1])
