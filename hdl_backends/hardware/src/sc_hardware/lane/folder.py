"""A folder with everything about one lane: sources, testbenches, vectors, a waveform, a file list, a README."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from sc_core import registry
from sc_core.errors import MissingDependency, UnknownPlugin
from sc_hardware.emission.file_list import core_file
from sc_hardware.emission.new_folder import new_folder
from sc_hardware.emission.waveform import read_traces, waveform_svg
from sc_hardware.lane.design import LaneDesign, Module
from sc_hardware.rules import Rule
from sc_hardware.verification import icarus
from sc_hardware.verification.stimuli import lane_vectors, opening_events, random_events

_PIPELINE = (
    "Pipelined: the outputs show a step {0} clocks after its inputs were applied, {1} later than without pipeline. "
    "A step can begin in every clock, and it always finds the state that the step before leaves."
)
LANGUAGES = ("verilog", "vhdl")
CLOCKS_SHOWN = 24
"""How much of the testbench's beginning the picture shows."""


def write_lane(
    rule: Rule,
    design: LaneDesign,
    folder: Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    n_vectors: int = 1000,
    report: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Write a lane's sources, testbenches, a picture of their beginning, a file list and a README into a new folder.

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
        Clocks of the testbench after its reset: a few events to look at, then random ones.
    report : callable, optional
        Called with a line for each part as it is done, and for the picture if what draws it is not installed.

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
    with new_folder(folder) as unfinished:
        parameters = {parameter.name.lower(): parameter.default for parameter in design.lane.parameters}
        chosen = {**rule.graph.defaults, **parameters}
        rng = np.random.default_rng(1)
        events = [*opening_events(design, chosen), *random_events(design, chosen, n_vectors, rng)][:n_vectors]
        vectors = lane_vectors(rule, design, chosen, events)
        files: dict[str, str] = {}
        sources: dict[str, list[str]] = {}
        for language in languages:
            backend = registry.create("hdl", language)
            emitted = backend.emit(design)
            sources[language] = list(emitted)
            files |= emitted
            files |= backend.testbench(design, vectors, parameters=chosen)
            report(f"{language}: {len(design.modules)} modules and a testbench of {len(vectors)} clocks")
        top = design.lane.name
        suffixes = {language: registry.create("hdl", language).file_suffix for language in languages}
        files[f"{top}.core"] = core_file(
            top,
            design.lane.summary,
            sources,
            top=top,
            testbenches={language: [f"{top}_tb{suffix}"] for language, suffix in suffixes.items()},
            data=[f"{top}_tb.hex"],
        )
        try:
            files["waveform.svg"] = waveform(rule, design, chosen, vectors[:CLOCKS_SHOWN])
            report("waveform.svg: the beginning of the testbench, simulated by Icarus Verilog")
        except (MissingDependency, UnknownPlugin) as error:
            report(f"no waveform.svg: {error}")
        files["README.md"] = readme(rule, design, chosen, languages, pictured="waveform.svg" in files)
        for name, text in files.items():
            (unfinished / name).write_text(text)
    return sorted(files)


def waveform(
    rule: Rule, design: LaneDesign, chosen: Mapping[str, int], vectors: Sequence[Mapping[str, int]]
) -> str:
    """Simulate a lane's Verilog with vectors and return its waveform as SVG.

    Raises
    ------
    MissingDependency
        If Icarus or vcdvcd is not installed.
    ProgramFailed
        If an output is not as expected.
    """
    top = design.lane.name
    shown = [port for port in design.lane.ports if port.direction == "in" and port.name != "clk"]
    signals = [(port.name, port.shape.kind) for port in shown]
    signals += [(field.name, field.type.kind) for field in rule.state]
    backend = registry.create("hdl", "verilog")
    with tempfile.TemporaryDirectory(prefix="scn-hdl-") as place:
        folder = Path(place)
        files = backend.emit(design) | backend.testbench(design, vectors, parameters=chosen)
        for name, text in files.items():
            (folder / name).write_text(text)
        verilog = [name for name in files if name.endswith(".v")]
        icarus.simulate(verilog, folder, top=f"{top}_tb", arguments=["+waveform"])
        traces = read_traces(folder / f"{top}_tb.vcd", f"{top}_tb.tested", "clk", signals)
    return waveform_svg(f"{top}: the first {len(vectors)} clocks of its testbench", "clk", traces)


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
