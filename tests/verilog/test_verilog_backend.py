"""What the Verilog of a small rule looks like; that it is right is proven in tests/evidence."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.lane import build_lane
from sc_hardware.rules import Bit, Parameter, Unsigned, rule, saturate, select


@rule(
    state={"count": Unsigned("count_bits")},
    inputs={"spike": Bit},
    parameters={"count_bits": Parameter(1, 16, default=8)},
)
def spike_counter(state, inputs, params):
    """Counts spikes."""
    raised = state.count + select(inputs.spike, 1, 0)
    return state.replace(count=saturate(raised, Unsigned(params.count_bits)))


BACKEND = registry.create("hdl", "verilog")
DESIGN = build_lane(spike_counter, load=("count",))
FILES = BACKEND.emit(DESIGN)


def test_one_module_per_file():
    assert list(FILES) == [f"{module.name}.v" for module in DESIGN.modules]
    for name, text in FILES.items():
        assert re.findall(r"^module (\w+)", text, re.MULTILINE) == [name.removesuffix(".v")]


def test_author_names_lines_and_derivations_are_kept():
    stage = FILES["sc_spike_counter_stage_0.v"]
    assert "// raised = state.count + select(inputs.spike, 1, 0)" in stage
    assert "// RAISED_BITS: one bit more than count and raised_chosen, for the carry" in stage
    assert "localparam integer RAISED_BITS = COUNT_BITS + 1;" in stage
    assert "wire [RAISED_BITS-1:0] raised =" in stage


def test_lines_are_short_enough_to_read():
    lines = [line for text in FILES.values() for line in text.splitlines()]
    assert max(map(len, lines)) <= 120
    assert [line for line in lines if line != line.rstrip()] == []


def test_the_lane_has_the_documented_control_ports():
    lane = FILES["sc_spike_counter.v"]
    assert "parameter integer COUNT_BITS = 8  // 1 to 16" in lane
    for port in ("clk", "rst_n", "step_en", "spike", "load_en", "load_count"):
        assert re.search(rf"input  wire .*\b{port}\b", lane)
    assert "output wire [COUNT_BITS-1:0] current_count" in lane
    assert "always @(posedge clk or negedge rst_n)" in lane


def test_vectors_are_packed_inputs_first():
    vectors = {
        "count": np.array([0x5A, 255]),
        "spike": np.array([True, False]),
        "next_count": np.array([0x5B, 255]),
    }
    files = BACKEND.testbench(DESIGN, vectors, parameters={"count_bits": 8}, target="step")
    # 8 + 1 + 8 bits: 5A, 1, 5B is 0_0101_1010_1_0101_1011 with three zeros in front
    assert files["sc_spike_counter_step_tb.hex"].splitlines() == ["0b55b", "1feff"]
    assert "parameter integer VECTORS = 2;" in files["sc_spike_counter_step_tb.v"]


def test_a_vector_without_a_port_is_refused():
    with pytest.raises(ConfigurationError, match="no value for the port 'spike'"):
        BACKEND.testbench(DESIGN, [{"count": 1}], parameters={"count_bits": 8}, target="step")
    with pytest.raises(ConfigurationError, match="target"):
        BACKEND.testbench(DESIGN, [], parameters={"count_bits": 8}, target="stage")


def test_the_lint_command_names_the_files():
    command = BACKEND.lint_command(list(FILES))
    assert command[:3] == ["verilator", "--lint-only", "-Wall"]
    assert command[-len(FILES) :] == list(FILES)
    assert BACKEND.memory_images(DESIGN) == {}
