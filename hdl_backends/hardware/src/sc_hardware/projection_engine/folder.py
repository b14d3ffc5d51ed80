"""A folder with everything about one engine: sources, memory images, testbenches, constraints, pictures, a README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sc_core import registry
from sc_hardware.emission import LANGUAGES
from sc_hardware.emission.file_list import core_file
from sc_hardware.emission.new_folder import new_folder
from sc_hardware.emission.waveform import add_waveform, cut, waveform_svg
from sc_hardware.projection_engine.constraints import constraint_files
from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.diagram import block_diagram
from sc_hardware.projection_engine.operations import Operation
from sc_hardware.projection_engine.readme import readme
from sc_hardware.verification.traces import simulated_traces

CLOCKS_SHOWN = 28
"""Clocks of the picture."""


def write_engine(
    design: HardwareDesign,
    operations: Sequence[Operation],
    folder: Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    report: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Write an engine's files into a new folder.

    Parameters
    ----------
    design : HardwareDesign
    operations : sequence of Operation
        What the testbenches do and expect; the picture shows the first synapses of the first step.
    folder : pathlib.Path
        It must not exist yet. It appears whole or not at all.
    languages : sequence of str
        Names of HDL backends.
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
        files: dict[str, str] = {}
        sources: dict[str, list[str]] = {}
        testbenches: dict[str, list[str]] = {}
        for language in languages:
            backend = registry.create("hdl", language)
            emitted = backend.emit(design)
            sources[language] = list(emitted)
            testbenches[language] = [f"{design.name}_tb{backend.file_suffix}"]
            files |= emitted | backend.memory_images(design) | backend.engine_testbench(design, operations)
            report(f"{language}: {len(emitted)} modules and a testbench of {len(operations)} operations")
        data = sorted(name for name in files if name.endswith(".hex"))
        constraints = constraint_files(design)
        files |= constraints
        files[f"{design.name}.core"] = core_file(
            design.name,
            design.engine.summary,
            sources,
            top=design.name,
            testbenches=testbenches,
            data=data,
            constraints={name: name.rpartition(".")[2].upper() for name in constraints},
        )
        files["block_diagram.svg"] = block_diagram(design)
        picture = partial(waveform, design, operations)
        add_waveform(files, picture, "the first synapses of the testbench", report)
        files["README.md"] = readme(design, sources, pictured="waveform.svg" in files)
        for name, text in files.items():
            (unfinished / name).write_text(text)
    return sorted(files)


def waveform(design: HardwareDesign, operations: Sequence[Operation]) -> str:
    """Simulate the beginning of a testbench and return the clocks around its first synapse, or learning, as SVG.

    Raises
    ------
    MissingDependency
        If Icarus or vcdvcd is not installed.
    ProgramFailed
        If what the engine does is not as expected.
    """
    backend = registry.create("hdl", "verilog")
    learning = bool(design.layout.learning)
    # A rule's first step is taken by the sweep of the second one.
    beginning = [*_until_done(operations, 2 if learning else 1), Operation("end")]
    files = backend.emit(design) | backend.memory_images(design)
    files |= backend.engine_testbench(design, beginning)
    traces = simulated_traces(files, design.name, _shown(design))
    event, before = ("weights_write_enable", 9) if learning else ("issue", 5)
    marked = next(trace for trace in traces if trace.name == event)
    begin = max(0, marked.values.index(1) - before) if 1 in marked.values else 0
    title = f"{design.name}: the first synapses of its testbench, clock by clock"
    return waveform_svg(title, "clk", cut(traces, begin, begin + CLOCKS_SHOWN), begin)


def _until_done(operations: Sequence[Operation], n_steps: int) -> list[Operation]:
    """Return the operations up to the end of the n-th step, or all."""
    ends = [place for place, each in enumerate(operations) if each.kind == "expect_done"]
    return list(operations[: ends[n_steps - 1] + 1]) if len(ends) >= n_steps else list(operations[:-1])


def _shown(design: HardwareDesign) -> list[tuple[str, str]]:
    """Return the signals of a picture: a synapse from its address to the sum that it is added to."""
    shown = [
        ("rst_n", "bit"),
        ("idle", "bit"),
        ("phase", "unsigned"),
        ("issue", "bit"),
        ("columns_read_address", "unsigned"),
        ("columns_read_data", "unsigned"),
        ("weights_read_data", "signed"),
        ("currents_write_enable", "bit"),
        ("currents_write_address", "unsigned"),
        ("currents_write_data", "signed"),
    ]
    if design.layout.learning:
        shown += [("weights_write_enable", "bit"), ("weights_write_data", "signed")]
    return shown
