"""The whole engine: its modules and memories, wired by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sc_hardware.lane.design import MemoryModule, Module, Port
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import Circuit
from sc_hardware.projection_engine.learners import learners
from sc_hardware.projection_engine.memory_ports import memory_ports
from sc_hardware.projection_engine.neuron_pass import neuron_kinds, neuron_pass
from sc_hardware.projection_engine.row_reader import row_reader
from sc_hardware.projection_engine.sender import sender
from sc_hardware.projection_engine.sequencer import sequencer
from sc_hardware.projection_engine.shapes import Plan
from sc_hardware.projection_engine.synapse_pipeline import synapse_pipeline

OUTPUTS = (
    "idle",
    "done",
    "aer_in_ready",
    "aer_out_valid",
    "aer_out_address",
    "host_read_valid",
    "host_read_data",
)
MEMORY_INPUTS = ("read_enable", "read_address", "write_enable", "write_address", "write_data")


def engine_modules(plan: Plan, read_during_write: str) -> tuple[Module | MemoryModule, ...]:
    """Return all modules of an engine, each after those that it contains."""
    memory = MemoryModule(
        f"{plan.name}_memory",
        "A memory with one read port and one write port.",
        read_during_write,
    )
    parts: list[Module] = []
    for kind in neuron_kinds(plan):
        parts += kind.modules(plan)
    for learner in learners(plan):
        for location in ("presynaptic", "synapse", "postsynaptic"):
            parts += learner.modules(plan, location)
    units = {
        "sequencer": sequencer(plan),
        "rows": row_reader(plan),
        "synapses": synapse_pipeline(plan),
        "neurons": neuron_pass(plan),
        "sender": sender(plan),
    }
    users = {
        direction: {
            name: [
                label for label, unit in units.items() if _drives(unit, f"{label}_{name}_{direction}_enable")
            ]
            for name in plan.memory
        }
        for direction in ("read", "write")
    }
    units["ports"] = memory_ports(plan, users["read"], users["write"])
    top = _top(plan, units, memory)
    return (memory, *parts, *units.values(), top)


def _drives(module: Module, name: str) -> bool:
    return any(port.name == name and port.direction == "out" for port in module.ports)


def _top(plan: Plan, units: Mapping[str, Module], memory: MemoryModule) -> Module:
    c = Circuit(plan.name, "A projection engine: a network in whole numbers, one synapse per clock.")
    driven: dict[str, Port] = {}
    for unit in units.values():
        driven |= {port.name: port for port in unit.ports if port.direction == "out"}
    c.input("clk", BIT)
    c.input("rst_n", BIT)
    wanted = {port.name: port for unit in units.values() for port in unit.ports if port.direction == "in"}
    memory_data = {f"{name}_read_data" for name in plan.memory}
    for name, port in wanted.items():
        if name not in driven and name not in memory_data:
            c.input(name, port.shape, port.comment)
    for name, port in driven.items():
        if name in OUTPUTS:
            c.port(name, port.shape)
        else:
            c.wire(name, port.shape, unused=name not in wanted and not _of_memory(name, plan.memory))
    for name in plan.memory:
        c.wire(f"{name}_read_data", plan.word(name))
    for label, unit in units.items():
        c.instance(label, unit, {port.name: port.name for port in unit.ports})
    for name, each in plan.memory.items():
        connections = {"clk": "clk"} | {end: f"{name}_{end}" for end in ("read_data", *MEMORY_INPUTS)}
        values: dict[str, int | str] = {
            "BITS": each.bits,
            "ADDRESS_BITS": each.address_bits,
            "WORDS": each.words,
            "IMAGE": f"{plan.name}_{name}.hex",
        }
        c.instance(f"{name}_memory", memory, connections, values)
    return c.module()


def _of_memory(name: str, names: Iterable[str]) -> bool:
    """Return whether a signal goes to a memory."""
    return any(name == f"{memory}_{end}" for memory in names for end in MEMORY_INPUTS)
