"""A folder with everything about one lane: sources in both languages, testbenches, vectors, a README."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.lane.design import LaneDesign, Module
from sc_hardware.rules import Rule
from sc_hardware.verification.stimuli import lane_vectors, random_events

LANGUAGES = ("verilog", "vhdl")


def write_lane(
    rule: Rule,
    design: LaneDesign,
    folder: Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    n_vectors: int = 1000,
    report: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Write a lane's sources, testbenches with vectors, and a README into a new folder.

    Parameters
    ----------
    rule : Rule
        The rule.
    design : LaneDesign
        Its lane; the testbenches use the default values of its parameters.
    folder : pathlib.Path
        It must not exist yet. It appears whole or not at all.
    languages : sequence of str
        Names of HDL backends.
    n_vectors : int
        Clocks of the testbench: random inputs, and what the rule makes of them.
    report : callable, optional
        Called with a line for each part as it is done.

    Returns
    -------
    list of str
        The files' names.

    Raises
    ------
    ConfigurationError
        If the folder exists.
    UnknownPlugin
        If there is no such backend.
    """
    if folder.exists():
        raise ConfigurationError("output", f"{folder} exists; name a new folder")
    parameters = {parameter.name.lower(): parameter.default for parameter in design.lane.parameters}
    chosen = {**rule.graph.defaults, **parameters}
    events = random_events(design, chosen, n_vectors, np.random.default_rng(1))
    vectors = lane_vectors(rule, design, chosen, events)
    files: dict[str, str] = {}
    for language in languages:
        backend = registry.create("hdl", language)
        files |= backend.emit(design)
        files |= backend.testbench(design, vectors, parameters=chosen)
        report(f"{language}: {len(design.modules)} modules and a testbench of {len(vectors)} clocks")
    files["README.md"] = readme(rule, design, chosen, languages)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in files.items():
            (unfinished / name).write_text(text)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return sorted(files)


def readme(rule: Rule, design: LaneDesign, chosen: Mapping[str, int], languages: Sequence[str]) -> str:
    """Return the README of a lane: parameters, ports, the bit fields of its state, how to simulate it."""
    lines = [f"# {design.lane.name}", "", design.lane.summary, ""]
    lines += [
        f"A lane of the rule `{rule.name}`: one step of one synapse per clock. Nothing here ran on a board.",
        "",
    ]
    lines += ["## Parameters", "", "| parameter | value | legal |", "|---|---|---|"]
    for parameter in design.lane.parameters:
        lines.append(f"| `{parameter.name}` | {parameter.default} | {parameter.low} to {parameter.high} |")
    lines += ["", "## Ports", "", "| port | direction | bits | kind | meaning |", "|---|---|---|---|---|"]
    lines += _port_rows(design.lane, chosen)
    lines += ["", "## State", "", "Packed into one word, the first field in the lowest bits:", ""]
    lines += ["| bits | field | kind | range |", "|---|---|---|---|"]
    below = 0
    for field in rule.state:
        bits = field.type.width.value(chosen)
        low, high = field.type.range(chosen)
        lines.append(f"| {below + bits - 1}:{below} | `{field.name}` | {field.type.kind} | {low} to {high} |")
        below += bits
    lines += ["", f"{below} bits for each synapse.", "", "## Simulate", "", "```sh"]
    sources = [module.name for module in design.modules]
    if "verilog" in languages:
        verilog = " ".join(f"{name}.v" for name in sources)
        lines.append(f"iverilog -g2001 -Wall -o lane.vvp {verilog} {design.lane.name}_tb.v && vvp lane.vvp")
        lines.append(f"verilator --lint-only -Wall --top-module {design.lane.name} {verilog}")
    if "vhdl" in languages:
        vhdl = " ".join(f"{name}.vhd" for name in sources)
        lines.append(f"ghdl -a --std=08 {vhdl} {design.lane.name}_tb.vhd")
        lines.append(f"ghdl -e --std=08 {design.lane.name}_tb && ghdl -r --std=08 {design.lane.name}_tb")
    lines += ["```", "", "Both testbenches read the same vectors and print PASS or FAIL."]
    return "\n".join(lines) + "\n"


def _port_rows(module: Module, chosen: Mapping[str, int]) -> list[str]:
    return [
        f"| `{port.name}` | {port.direction} | {port.shape.width.value(chosen)} | {port.shape.kind} "
        f"| {port.comment} |"
        for port in module.ports
    ]
