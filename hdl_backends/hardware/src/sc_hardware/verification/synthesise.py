"""Synthesis by yosys: how many cells of each kind a lane takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sc_core.errors import ConfigurationError
from sc_hardware.lane.design import LaneDesign
from sc_hardware.verification import yosys
from sc_hardware.verification.against_rule import module_source

# Without -nowidelut the number of LUTs of ECP5 is not monotone in the widths.
TARGETS = {
    "ice40": "synth_ice40 -dsp",
    "ecp5": "synth_ecp5 -nowidelut",
    "xilinx": "synth_xilinx -flatten -nowidelut -noiopad -noclkbuf",
}


def synthesise(
    design: LaneDesign, parameters: Mapping[str, int], target: str, folder: Path
) -> dict[str, int]:
    """Return how many cells of each kind the lane takes on an FPGA.

    Parameters
    ----------
    design : LaneDesign
        Its Verilog has been emitted into `folder`.
    parameters : mapping of str to int
        All parameters of the rule.
    target : {"ice40", "ecp5", "xilinx"}
        The family: iCE40 UltraPlus with its multipliers, ECP5, Xilinx 7.
    folder : pathlib.Path
        Where the sources are.

    Returns
    -------
    dict of str to int
        By the cells' names in the family's library. An estimate of yosys: nothing was placed, routed or run.

    Raises
    ------
    ConfigurationError
        If there is no such target.
    """
    if target not in TARGETS:
        raise ConfigurationError("target", f"must be one of {', '.join(TARGETS)}, got {target!r}")
    source = module_source(design, design.lane, parameters)
    overrides = [f"-chparam {name} {value}" for name, value in source.parameters.items()]
    script = [
        f"read_verilog {' '.join(source.files)}",
        " ".join(["hierarchy", "-check", "-top", source.top, *overrides]),
        f"{TARGETS[target]} -top {source.top}",
        "tee -q -o cells.json stat -json",
    ]
    yosys.run_script(script, folder)
    cells = json.loads((folder / "cells.json").read_text())["design"]["num_cells_by_type"]
    # What begins with $ is a note of yosys about the hierarchy, no cell.
    return {name: int(number) for name, number in sorted(cells.items()) if not name.startswith("$")}
