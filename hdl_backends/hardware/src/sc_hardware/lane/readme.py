"""The README of a lane's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.lane.design import LaneDesign, Module
from sc_hardware.rules import Rule

_PIPELINE = (
    "Pipelined: the outputs show a step {0} clocks after its inputs were applied, {1} later than without pipeline. "
    "A step can begin in every clock, and it always finds the state that the step before leaves."
)


def readme(
    rule: Rule, design: LaneDesign, chosen: Mapping[str, int], languages: Sequence[str], *, pictured: bool
) -> str:
    """Return the README of a lane: its waveform, parameters, ports, the bit fields of its state, how to use it."""
    top = design.lane.name
    lines = [f"# {top}", "", design.lane.summary, ""]
    lines += [
        f"A lane of the rule `{rule.name}`: one step of one synapse per clock. Nothing here ran on a board.",
        "",
    ]
    if design.latency > 1:
        lines += [_PIPELINE.format(design.latency, design.latency - 1), ""]
    if pictured:
        lines += ["![The beginning of the testbench](waveform.svg)", ""]
        lines += ["Values are those just before the rising edge that ends a clock's column.", ""]
    lines += _parameter_lines(design)
    lines += ["## Ports", "", "| port | direction | bits | kind | meaning |", "|---|---|---|---|---|"]
    lines += _port_rows(design.lane, chosen)
    lines += ["", *_state_lines(rule, chosen), "## Files", "", "| file | what |", "|---|---|"]
    lines += [f"| `{module.name}` | {module.summary} |" for module in design.modules]
    lines += [
        f"| `{top}_tb`, `{top}_tb.hex` | a self-checking testbench, and the vectors that it applies and expects |"
    ]
    lines += [f"| `{top}.core` | the list of files for FuseSoC and edalize |", "", "## Simulate", "", "```sh"]
    sources = [module.name for module in design.modules]
    if "verilog" in languages:
        verilog = " ".join(f"{name}.v" for name in sources)
        lines.append(f"iverilog -g2001 -Wall -o lane.vvp {verilog} {top}_tb.v && vvp lane.vvp")
        lines.append(f"verilator --lint-only -Wall --default-language 1364-2001 --top-module {top} {verilog}")
    if "vhdl" in languages:
        vhdl = " ".join(f"{name}.vhd" for name in sources)
        lines.append(f"ghdl -a --std=08 {vhdl} {top}_tb.vhd")
        lines.append(f"ghdl -e --std=08 {top}_tb && ghdl -r --std=08 {top}_tb")
    lines += ["```", "", "The testbenches of all languages read the same vectors and print PASS or FAIL."]
    if "verilog" in languages:
        lines += [f"`vvp lane.vvp +waveform` writes all signals into `{top}_tb.vcd`."]
    if "vhdl" in languages:
        lines += [f"`ghdl -r --std=08 {top}_tb --vcd={top}_tb.vcd` writes those of the VHDL."]
    simulations = [
        target for language, target in (("verilog", "sim"), ("vhdl", "sim_vhdl")) if language in languages
    ]
    if simulations:
        lines += ["", "With FuseSoC, in this folder:", "", "```sh"]
        lines += [f"fusesoc --cores-root . run --target {target} {top}" for target in simulations]
        lines += ["```"]
    return "\n".join(lines) + "\n"


def _parameter_lines(design: LaneDesign) -> list[str]:
    if not design.lane.parameters:
        return []
    lines = ["## Parameters", "", "| parameter | value | legal |", "|---|---|---|"]
    for parameter in design.lane.parameters:
        lines.append(f"| `{parameter.name}` | {parameter.default} | {parameter.low} to {parameter.high} |")
    return [*lines, ""]


def _state_lines(rule: Rule, chosen: Mapping[str, int]) -> list[str]:
    lines = ["## State", "", "Packed into one word, the first field in the lowest bits:", ""]
    lines += ["| bits | field | kind | range |", "|---|---|---|---|"]
    below = 0
    for field in rule.state:
        bits = field.type.width.value(chosen)
        low, high = field.type.range(chosen)
        lines.append(f"| {below + bits - 1}:{below} | `{field.name}` | {field.type.kind} | {low} to {high} |")
        below += bits
    return [*lines, "", f"{below} bits for each synapse.", ""]


def _port_rows(module: Module, chosen: Mapping[str, int]) -> list[str]:
    rows = []
    for port in module.ports:
        meaning = port.comment or {"clk": "the state changes at its rising edge"}.get(port.name)
        if meaning is None:
            meaning = (
                "an input of the rule, read at that edge" if port.direction == "in" else "the state as it is"
            )
        bits = port.shape.width.value(chosen)
        rows.append(f"| `{port.name}` | {port.direction} | {bits} | {port.shape.kind} | {meaning} |")
    return rows
