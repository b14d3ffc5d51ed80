"""The runners on a lane written by hand in both languages: a decay and a product, with the known traps.

Signed values of one bit, a shift beyond the width, the most negative value, negation.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sc_hardware.verification import ghdl, icarus, verilator, yosys
from sc_hardware.verification.programs import ProgramFailed

LANES = Path(__file__).parent / "lanes"
WIDTHS = [
    {"VALUE_BITS": 8, "GAIN_BITS": 5, "SHIFT": 2},
    {"VALUE_BITS": 1, "GAIN_BITS": 1, "SHIFT": 0},
    {"VALUE_BITS": 6, "GAIN_BITS": 1, "SHIFT": 30},
    {"VALUE_BITS": 30, "GAIN_BITS": 30, "SHIFT": 30},
]
VERILOG = ("decay.v",)
COUNTER = """
module counter(input wire clk, input wire rst, output reg [3:0] count);
    initial count = 0;
    always @(posedge clk) count <= rst || count == 9 ? 0 : count + 1;
    always @* assert (count < {bound});
endmodule
"""


@pytest.fixture
def folder(tmp_path):
    for file in LANES.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path


def from_vhdl(folder, generics):
    (folder / "from_vhdl.v").write_text(
        ghdl.to_verilog(["decay.vhd"], folder, top="decay", generics=generics)
    )
    return yosys.Source(("from_vhdl.v",), "decay")


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_both_languages_are_proven_equal(folder, widths):
    gold, gate = yosys.Source(VERILOG, "decay", widths), from_vhdl(folder, widths)
    assert yosys.prove_by_yices(yosys.miter(gold, gate), "miter", folder, steps=1, time_limit=60)
    assert widths["VALUE_BITS"] == 30 or yosys.prove_by_sat(gold, gate, folder, time_limit=60)


def test_a_difference_is_found(folder):
    gold = yosys.Source(VERILOG, "decay", WIDTHS[0])
    gate = from_vhdl(folder, {**WIDTHS[0], "SHIFT": 3})
    assert yosys.prove_by_sat(gold, gate, folder, time_limit=60) is False
    assert yosys.prove_by_yices(yosys.miter(gold, gate), "miter", folder, steps=1, time_limit=60) is False


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_clean_sources_pass_every_lint(folder, widths):
    icarus.lint(VERILOG, folder, top="decay", parameters=widths)
    verilator.lint(VERILOG, folder, top="decay", parameters=widths)
    ghdl.lint(["decay.vhd"], folder)


def test_unclean_sources_are_refused(folder):
    (folder / "narrow.v").write_text(
        "module narrow(input wire [3:0] a, output wire [4:0] b); assign b = a; endmodule\n"
    )
    with pytest.raises(ProgramFailed, match="WIDTH"):
        verilator.lint(["narrow.v"], folder, top="narrow")
    (folder / "port.v").write_text("module port(output wire [4:0] b); narrow n(.a(5'd1), .b(b)); endmodule\n")
    with pytest.raises(ProgramFailed, match="expects 4 bits"):
        icarus.lint(["narrow.v", "port.v"], folder, top="port")
    text = (folder / "decay.vhd").read_text()
    (folder / "unused.vhd").write_text(
        text.replace(
            "begin\n", "    function idle return natural is begin return 0; end function;\nbegin\n", 1
        )
    )
    with pytest.raises(ProgramFailed, match="never"):
        ghdl.lint(["unused.vhd"], folder)


def test_a_sequential_property_is_proven_or_refuted(folder):
    for bound, holds in ((10, True), (9, False)):
        (folder / "counter.v").write_text(COUNTER.format(bound=bound))
        commands = yosys.elaborate(yosys.Source(("counter.v",), "counter"), "counter", formal=True)
        assert yosys.prove_by_yices(commands, "counter", folder, steps=12, time_limit=60) is holds
