"""Simulate an engine and compare all that it does with the integer model, by any of three simulators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.operations import Operation
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.programs import ProgramFailed, run_program
from sc_hardware.verification.simulate import SIMULATORS


def simulate_engine(
    simulator: str,
    design: HardwareDesign,
    operations: Sequence[Operation],
    folder: Path,
    *,
    stalls: int = 0,
    runtime: Path | None = None,
    time_limit: float | None = None,
) -> int:
    """Emit an engine with its images and a testbench, and do the operations.

    Parameters
    ----------
    simulator : {"icarus", "verilator", "ghdl"}
        Icarus and Verilator simulate the Verilog, GHDL the VHDL.
    design : HardwareDesign
    operations : sequence of Operation
        As `sc_hardware.projection_engine.operations.run_of` makes them.
    folder : pathlib.Path
        Where everything is put.
    stalls : int
        Of 256 clocks, in how many the receiver of spikes is not ready.
    runtime : pathlib.Path, optional
        A folder that keeps what Verilator's programs have in common, from one to the next.
    time_limit : float, optional
        Seconds after which the simulation is stopped.

    Returns
    -------
    int
        How many operations were done, without a mismatch.

    Raises
    ------
    ProgramFailed
        With the first mismatches.
    """
    if simulator not in SIMULATORS:
        raise ConfigurationError("simulator", f"must be one of {', '.join(SIMULATORS)}, got {simulator!r}")
    backend = registry.create("hdl", "vhdl" if simulator == "ghdl" else "verilog")
    sources = backend.emit(design)
    testbench = backend.engine_testbench(design, operations, stalls=stalls)
    for name, text in {**sources, **testbench, **backend.memory_images(design)}.items():
        (folder / name).write_text(text)
    top = f"{design.name}_tb"
    if simulator == "icarus":
        output = icarus.simulate([*sources, f"{top}.v"], folder, top=top, time_limit=time_limit)
    elif simulator == "ghdl":
        output = ghdl.simulate([*sources, f"{top}.vhd"], folder, top=top, time_limit=time_limit)
    else:
        harness = f"{design.name}_harness.cpp"
        program = verilator.build(list(sources), folder, top=design.name, harness=harness, runtime=runtime)
        output = run_program([program], folder, time_limit=time_limit)
    passed = re.search(r"PASS: (\d+) operations", output)
    if passed is None:
        raise ProgramFailed(simulator, output)
    return int(passed[1])
