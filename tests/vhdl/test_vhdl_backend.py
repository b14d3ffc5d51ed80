"""What the VHDL of a small rule looks like; that it is right is proven in tests/evidence."""

from __future__ import annotations

import re

from sc_core import registry
from sc_hardware.lane import build_lane
from sc_hardware.rules import Bit, Parameter, Signed, rule, saturate, select, shift_right


@rule(
    state={"level": Signed("bits")},
    inputs={"gain": Signed("bits"), "spike": Bit},
    parameters={"bits": Parameter(1, 16, default=8), "amount": Parameter(0, 20, default=2)},
)
def leaky(state, inputs, params):
    """Leaks β·level, rises by the gain."""
    leaked = state.level - shift_right(state.level, params.amount, "toward_zero")  # τ
    raised = leaked + select(inputs.spike, inputs.gain, 0)
    return state.replace(level=saturate(raised, Signed(params.bits)))


BACKEND = registry.create("hdl", "vhdl")
DESIGN = build_lane(leaky)
FILES = BACKEND.emit(DESIGN)


def test_one_entity_per_file():
    assert list(FILES) == [f"{module.name}.vhd" for module in DESIGN.modules]
    for name, text in FILES.items():
        assert re.findall(r"^entity (\w+) is", text, re.MULTILINE) == [name.removesuffix(".vhd")]


def test_generics_have_the_legal_ranges():
    assert "BITS : integer range 1 to 16 := 8;" in FILES["sc_leaky.vhd"]
    assert "AMOUNT : integer range 0 to 20 := 2" in FILES["sc_leaky.vhd"]


def test_signed_values_are_not_shifted_by_the_library():
    """GHDL 2.0 synthesises the signed `shift_right` as a logical shift."""
    stage = FILES["sc_leaky_stage_0.vhd"]
    assert "shift_right(" not in re.sub("--.*", "", stage)
    assert "minimum(AMOUNT" in stage


def test_only_characters_that_vhdl_has():
    assert all(text.isascii() for text in FILES.values())


def test_names_are_those_of_the_verilog_design():
    stage = DESIGN.stages[0]
    declared = set(re.findall(r"^    (?:signal|constant) (\w+) :", FILES[f"{stage.name}.vhd"], re.MULTILINE))
    assert declared == {item.name for item in (*stage.signals, *stage.widths, *stage.constants)}


def test_the_testbench_reads_the_same_vectors():
    vectors = [{"level": -1, "gain": 3, "spike": 1, "next_level": 2}]
    files = BACKEND.testbench(DESIGN, vectors, parameters={"bits": 8, "amount": 2}, target="step")
    # ff 03 1 02: 25 bits, seven digits
    assert files["sc_leaky_step_tb.hex"] == f"{(0xFF << 17) | (3 << 9) | (1 << 8) | 2:07x}\n"
    assert "constant NEXT_LEVEL_AT : natural := 0;" in files["sc_leaky_step_tb.vhd"]
