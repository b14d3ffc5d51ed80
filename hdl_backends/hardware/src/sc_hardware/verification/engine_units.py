"""The parts of an engine's sources: lanes, and the units around them, which GHDL turns from VHDL into Verilog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sc_hardware.lane.design import Module
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.learners import learners
from sc_hardware.projection_engine.neuron_pass import neuron_kinds
from sc_hardware.projection_engine.shapes import Plan
from sc_hardware.verification import ghdl
from sc_hardware.verification.programs import ProgramFailed


def lanes(design: HardwareDesign) -> list[Module]:
    """Return the modules of the neurons' and the rules' steps."""
    plan = Plan.of(design.name, design.layout)
    found = [kind.modules(plan)[-1] for kind in neuron_kinds(plan)]
    for learner in learners(plan):
        parts = [learner.modules(plan, location) for location in ("presynaptic", "synapse", "postsynaptic")]
        found += [modules[-1] for modules in parts if modules]
    return found


def units_from_vhdl(design: HardwareDesign, sources: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return Verilog of an engine's units, but lanes and memories, from their VHDL.

    Parameters
    ----------
    design : HardwareDesign
    sources : mapping of str to str
        Its VHDL by file name, each after those that it needs.
    folder : pathlib.Path
        Where GHDL works.

    Returns
    -------
    dict of str to str
        Verilog modules by file name, with the names of the emitted ones.

    Raises
    ------
    ProgramFailed
        If GHDL cannot read them, or gives registers a value to begin with.
    """
    cut = {f"{lane.name}.vhd": _without_step(sources[f"{lane.name}.vhd"], lane) for lane in lanes(design)}
    stages = {name for name in sources if "_stage_" in name}
    kept = {name: text for name, text in ({**sources, **cut}).items() if name not in stages}
    for name, text in kept.items():
        (folder / name).write_text(_SELECTED.sub(_by_conditions, text))
    units = {}
    for instance in design.engine.instances:
        if isinstance(instance.module, Module):
            name = instance.module.name
            text = ghdl.to_verilog(list(kept), folder, top=name)
            own = re.search(rf"^module {name}\b.*?^endmodule\n", text, re.DOTALL | re.MULTILINE)
            if own is None or "initial" in own[0]:
                raise ProgramFailed("ghdl", text)
            unit = own[0]
            for lane in lanes(design):  # GHDL appends the values of generics, which are the defaults
                unit = re.sub(rf"\b{lane.name}\w*", lane.name, unit)
            units[f"{name}.v"] = unit
    return units


def _without_step(text: str, lane: Module) -> str:
    """Return a lane that makes nothing of its operands, in VHDL."""
    entity = text[: text.index("architecture ")]
    outputs = [port for port in lane.ports if port.direction == "out"]
    zeros = [f"    {port.name} <= {_ZERO[port.shape.is_bit]};\n" for port in outputs]
    return f"{entity}architecture cut of {lane.name} is\nbegin\n{''.join(zeros)}end architecture cut;\n"


# GHDL 2.0 leaves "when others" of a selected assignment out of the Verilog that it writes, so its copy has conditions
_SELECTED = re.compile(r"with (?P<index>.+) select (?P<target>\w+) <=(?P<choices>[^;]+) when others;")


def _by_conditions(selected: re.Match[str]) -> str:
    choices = re.sub(r" when (\d+),", rf" when {selected['index']} = \1 else", selected["choices"])
    return f"{selected['target']} <={choices};"


_ZERO = {True: "'0'", False: "(others => '0')"}
