"""A folder with everything about one lane: sources, testbenches, vectors, a waveform, a file list, a README."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from sc_core import registry
from sc_hardware.emission import LANGUAGES
from sc_hardware.emission.file_list import core_file
from sc_hardware.emission.new_folder import new_folder
from sc_hardware.emission.waveform import add_waveform, waveform_svg
from sc_hardware.lane.design import LaneDesign
from sc_hardware.lane.readme import readme
from sc_hardware.rules import Rule
from sc_hardware.verification.stimuli import lane_vectors, opening_events, random_events
from sc_hardware.verification.traces import simulated_traces

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
        testbenches: dict[str, list[str]] = {}
        top = design.lane.name
        for language in languages:
            backend = registry.create("hdl", language)
            emitted = backend.emit(design)
            sources[language] = list(emitted)
            testbenches[language] = [f"{top}_tb{backend.file_suffix}"]
            files |= emitted | backend.testbench(design, vectors, parameters=chosen)
            report(f"{language}: {len(design.modules)} modules and a testbench of {len(vectors)} clocks")
        files[f"{top}.core"] = core_file(
            top,
            design.lane.summary,
            sources,
            top=top,
            testbenches=testbenches,
            data=[f"{top}_tb.hex"],
        )
        picture = partial(waveform, rule, design, chosen, vectors[:CLOCKS_SHOWN])
        add_waveform(files, picture, "the beginning of the testbench", report)
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
    files = backend.emit(design) | backend.testbench(design, vectors, parameters=chosen)
    traces = simulated_traces(files, top, signals)
    return waveform_svg(f"{top}: the first {len(vectors)} clocks of its testbench", "clk", traces)
