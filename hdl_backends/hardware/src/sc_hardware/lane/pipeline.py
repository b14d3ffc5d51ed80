"""The lane with registers between its stages (specs/hdl.md, "Pipelined lane")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from sc_hardware.lane.design import (
    Assignment,
    FlipFlop,
    Instance,
    Module,
    Operand,
    Register,
    Shape,
    Signal,
)
from sc_hardware.rules.naming import Names

_COMMENTS = {
    "step_en": "take a step, which begins at the next rising edge",
    "load_en": "load instead of a step",
    "update_done": "a step ended at the last rising edge",
}


@attrs.define
class _Wires:
    """Signals by the clock in which they belong to a step, and registers that carry them on to later clocks."""

    names: Names
    first: dict[str, tuple[Shape, int]] = attrs.Factory(dict)
    known: dict[tuple[str, int], str] = attrs.Factory(dict)
    flip_flops: list[FlipFlop] = attrs.Factory(list)

    def add(self, name: str, shape: Shape, clock: int) -> None:
        """Add a signal and the clock in which it is there."""
        self.first[name] = (shape, clock)
        self.known[name, clock] = name

    def at(self, name: str, clock: int) -> str:
        """Return the name that a signal has in a clock, in which it is there or already was."""
        if (name, clock) not in self.known:
            before = self.at(name, clock - 1)
            shape, first = self.first[name]
            called = self.names.take(f"{name}_after_{clock - first}")
            self.flip_flops.append(FlipFlop(Signal(called, shape), before))
            self.known[name, clock] = called
        return self.known[name, clock]


def pipelined(
    lane: Module, step: Module, stages: Sequence[tuple[int, Module]], fields: Mapping[str, int]
) -> Module:
    """Return a lane with registers between the stages of its step.

    Parameters
    ----------
    lane : Module
        The lane without them: this one has the same ports.
    step : Module
        The combinational step of the stages.
    stages : sequence of (int, Module)
        Each stage and its clock.
    fields : mapping of str to int
        The clock at whose end each field of the state takes its next value.
    """
    last = max([clock for clock, _ in stages] + list(fields.values()))
    made = {
        port.name: (port.shape, clock) for clock, s in stages for port in s.ports if port.direction == "out"
    }
    copied = {copy.target.name: copy for copy in step.assignments}
    shapes = {port.name: port.shape for port in (*step.ports, *lane.ports)}
    taken = {*shapes, *made, *copied, *(parameter.name for parameter in lane.parameters)}
    wires = _Wires(Names({name.lower() for name in taken}))
    for port in lane.ports:
        if port.direction == "in":
            wires.add(port.name, port.shape, 0)
    for field, clock in fields.items():
        wires.add(field, shapes[field], clock)
    for signal, (shape, clock) in made.items():
        wires.add(signal, shape, clock)
    instances = tuple(
        Instance(
            f"stage_{place}", stage, tuple((port.name, wires.at(port.name, clock)) for port in stage.ports)
        )
        for place, (clock, stage) in enumerate(stages)
    )
    moved = {}
    for name, copy in copied.items():
        clock = fields[name.removeprefix("next_")]
        moved[name] = _moved(copy, wires, clock)
        wires.add(name, copy.target.shape, clock)
    registers = tuple(
        Register(
            register.signal,
            wires.at(register.next_value, fields[register.signal.name]),
            register.load and wires.at(register.load, fields[register.signal.name]),
            wires.at(register.step_en, fields[register.signal.name]),
            wires.at(register.load_en, fields[register.signal.name])
            if "load_en" in shapes
            else register.load_en,
        )
        for register in lane.registers
    )
    # A field shows a step one clock after its stage; those of earlier stages wait for the last.
    shown = [_moved(copy, wires, last) for copy in lane.assignments]
    ports = [attrs.evolve(port, comment=_COMMENTS.get(port.name, port.comment)) for port in lane.ports]
    signals = {name: Signal(name, shape) for name, (shape, _) in made.items()}
    signals |= {name: copy.target for name, copy in copied.items()}
    return attrs.evolve(
        lane,
        summary=f"{lane.summary} Pipelined: outputs are {last + 1} clocks behind inputs.",
        ports=tuple(ports),
        signals=(*signals.values(), *(each.signal for each in wires.flip_flops)),
        assignments=(*moved.values(), *shown),
        instances=instances,
        registers=registers,
        flip_flops=tuple(wires.flip_flops),
        done=tuple(wires.at(name, last) for name in lane.done),
    )


def _moved(copy: Assignment, wires: _Wires, clock: int) -> Assignment:
    """Return a copy of a signal as it is in a clock."""
    (source,) = copy.operands
    if not isinstance(source, Operand):
        return copy
    name = wires.at(source.signal.name, clock)
    return attrs.evolve(
        copy, operands=(Operand(attrs.evolve(source.signal, name=name), source.conversion, source.shape),)
    )
