"""The README of an emitted engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.tables import memory_tables, network_tables, schedule_table, table

_MEANINGS = {
    "clk": "rising edge",
    "rst_n": "asynchronous reset, active low; memories keep their words",
    "idle": "waits for a start, and takes input spikes and the host's accesses",
    "done": "the first clock of `idle` after a start",
    "start_step": "take a step of the network; with `idle`",
    "start_flush": "take the outstanding step of the rules; with `idle`",
    "start_clear": "empty all memories but pattern and weights; with `idle`",
    "freeze": "with `start_step`: this step's learning is left out",
    "reward": "with `start_step` and `start_flush`: that of the step before",
    "aer_in_valid": "`aer_in_address` is an input spike of the next step",
    "aer_in_ready": "it is taken",
    "aer_in_address": "a neuron of the input population",
    "aer_out_valid": "a neuron has spiked; stays until `aer_out_ready`",
    "aer_out_ready": "the receiver takes it",
    "aer_out_address": "the population's first address + the neuron",
    "host_enable": "the host reads or writes a word; with `idle`",
    "host_write": "it writes",
    "host_address": "the memory's number over the word's, see the memory map",
    "host_write_data": "a word",
    "host_read_valid": "one clock after a read",
    "host_read_data": "a word",
}


def readme(design: HardwareDesign, sources: Mapping[str, Sequence[str]], *, pictured: bool) -> str:
    """Return the README: network, ports, schedule, memory map with bit fields, files, how to simulate.

    Parameters
    ----------
    design : HardwareDesign
    sources : mapping of str to sequence of str
        Files by HDL backend.
    pictured : bool
        Whether there is a waveform.
    """
    top = design.name
    lines = [f"# {top}", "", design.engine.summary, ""]
    lines += [
        "Each step computes what the integer model computes, bit for bit. Nothing here ran on a board.",
        "",
    ]
    lines += ["![Block diagram](block_diagram.svg)", ""]
    if pictured:
        lines += ["![The first synapses of the testbench](waveform.svg)", ""]
        lines += ["Values are those just before the rising edge that ends a clock's column.", ""]
    lines += network_tables(design)
    lines += ["## Ports", "", *table(["port", "direction", "bits", "meaning"], _ports(design)), ""]
    lines += schedule_table(design)
    lines += memory_tables(design)
    lines += ["## Files", "", *table(["file", "what"], _files(design)), "", *_commands(design, sources)]
    return "\n".join(lines) + "\n"


def _ports(design: HardwareDesign) -> list[list[object]]:
    return [
        [
            f"`{port.name}`",
            port.direction,
            port.shape.width.value({}),
            port.comment or _MEANINGS.get(port.name, ""),
        ]
        for port in design.engine.ports
    ]


def _files(design: HardwareDesign) -> list[list[str]]:
    top = design.name
    rows = [[f"`{module.name}`", module.summary] for module in design.modules]
    return [
        *rows,
        [f"`{top}_<memory>.hex`", "what a memory holds to begin with, a word a line"],
        [f"`{top}_tb`, `{top}_tb.hex`", "a self-checking testbench, and what it does and expects"],
        [f"`{top}.lpf`, `{top}.pcf`", "stubs of constraints for ECP5 and iCE40"],
        [f"`{top}.core`", "the list of files for FuseSoC and edalize"],
    ]


def _commands(design: HardwareDesign, sources: Mapping[str, Sequence[str]]) -> list[str]:
    top = design.name
    lines = ["## Simulate", "", "```sh"]
    if "verilog" in sources:
        verilog = " ".join(sources["verilog"])
        lines += [f"iverilog -g2001 -Wall -s {top}_tb -o engine.vvp {verilog} {top}_tb.v", "vvp engine.vvp"]
        lines += [f"verilator --lint-only -Wall --default-language 1364-2001 --top-module {top} {verilog}"]
    if "vhdl" in sources:
        vhdl = " ".join(sources["vhdl"])
        lines += [f"ghdl -a --std=08 {vhdl} {top}_tb.vhd"]
        lines += [f"ghdl -e --std=08 {top}_tb && ghdl -r --std=08 {top}_tb"]
    lines += ["```", "", "The testbenches of all languages read the same operations and print PASS or FAIL."]
    if "verilog" in sources:
        lines += [f"`vvp engine.vvp +waveform` writes all signals into `{top}_tb.vcd`."]
    targets = [
        target for language, target in (("verilog", "sim"), ("vhdl", "sim_vhdl")) if language in sources
    ]
    if targets:
        lines += ["", "With FuseSoC, in this folder:", "", "```sh"]
        lines += [f"fusesoc --cores-root . run --target {target} {top}" for target in targets]
        lines += ["```"]
    return lines
