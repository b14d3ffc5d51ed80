"""Block RAMs: as many as estimated, in yosys' result on both families."""

from __future__ import annotations

import json

import pytest

from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.lane.design import MemoryModule
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.block_ram import ECP5, ICE40, blocks, blocks_of
from sc_hardware.projection_engine.memories import Memory, packed
from sc_hardware.verification import icarus, yosys
from sc_hardware.verification.synthesise_engine import (
    DEVICES,
    between_registers,
    missing_block_rams,
    synthesise_engine,
)
from sc_plugin_verilog import backend

SIZES = [
    (64, 1),
    (192, 22),
    (9472, 7),
    (9472, 8),
    (138, 15),
    (205, 8),
    (1894, 17),
    (512, 33),
    (5000, 3),
    (13926, 8),
]
LARGE = [(69632, 17), (69632, 8), (69632, 12)]
FAMILIES = {
    "ecp5": ("synth_ecp5 -noflatten -run begin:map_ffram", "DP16KD", ECP5, SIZES + LARGE),
    "ice40": ("synth_ice40 -noflatten -run begin:map_ffram", "SB_RAM40_4K", ICE40, SIZES),
}


def memory(words, bits):
    return Memory("memory", words, packed([("field", "unsigned", bits, "")]), "", None)


def wrapped(words, bits):
    top = memory(words, bits).address_bits - 1
    return (
        f"module words{words}_bits{bits}(input wire clk, input wire re, input wire we, input wire [{top}:0] ra,\n"
        f"    input wire [{top}:0] wa, input wire [{bits - 1}:0] wd, output wire [{bits - 1}:0] rd);\n"
        f"    ram #(.BITS({bits}), .ADDRESS_BITS({top + 1}), .WORDS({words})) ram (.clk(clk), .read_enable(re),\n"
        "        .read_address(ra), .read_data(rd), .write_enable(we), .write_address(wa), .write_data(wd));\n"
        "endmodule\n"
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_memories_take_as_many_block_rams_as_estimated(family, tmp_path):
    synthesis, cell, shapes, sizes = FAMILIES[family]
    ram = backend.VerilogBackend().module_text(MemoryModule("ram", "A memory.", "old"))
    names = [f"words{words}_bits{bits}" for words, bits in sizes]
    parts = [f"    (* keep *) {name} {name}_();\n" for name in names]
    top = f"module top;\n{''.join(parts)}endmodule\n"
    (tmp_path / "all.v").write_text(ram + "".join(wrapped(*size) for size in sizes) + top)
    script = [
        "read_verilog all.v",
        "hierarchy -top top",
        f"{synthesis} -top top",
        "tee -q -o s.json stat -json",
    ]
    yosys.run_script(script, tmp_path)
    modules = {
        name.lstrip("\\"): {cell.lstrip("\\"): n for cell, n in module["num_cells_by_type"].items()}
        for name, module in json.loads((tmp_path / "s.json").read_text())["modules"].items()
    }
    for name, size in zip(names, sizes, strict=True):
        (inner,) = (kind for kind in modules[name] if kind in modules)
        assert modules[inner].get(cell, 0) == blocks_of(memory(*size), shapes), size


def test_what_does_not_fit_is_known_before_synthesis(tmp_path):
    lif = IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=100)
    network = IntegerNetwork(
        [IntegerPopulation("pixels", 64, IntegerInput()), IntegerPopulation("hidden", 256, lif)],
        [IntegerProjection(source="pixels", target="hidden", weights=[[1] * 256] * 64)],
    )
    design = HardwareDesign.from_network(network)
    assert missing_block_rams(design, "ecp5-85k") == 0
    assert missing_block_rams(design, "up5k") == blocks(design, ICE40) - 30 > 0
    files = backend.VerilogBackend().emit(design)
    files["around.v"] = between_registers(design, "around")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    icarus.lint(list(files), tmp_path, top="around")


@pytest.mark.parametrize("device", ["ecp5-85k", pytest.param("up5k", marks=pytest.mark.slow)])
def test_a_small_engine_is_placed(device, tmp_path):
    lif = IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=100)
    network = IntegerNetwork(
        [IntegerPopulation("pixels", 8, IntegerInput()), IntegerPopulation("hidden", 4, lif)],
        [IntegerProjection(source="pixels", target="hidden", weights=[[1, 0, 2, 3]] * 8)],
    )
    design = HardwareDesign.from_network(network)
    cost = synthesise_engine(design, device, tmp_path)
    assert cost.usage.block_rams == blocks(design, DEVICES[device].block_ram)
    assert cost.usage.flip_flops > 0
    assert min(cost.clocks_mhz) > 10
