"""What the modules of an engine agree on: the shapes of their common signals, tables over the phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from sc_hardware.lane.design import Shape
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import Circuit, Value, shape_of, unsigned
from sc_hardware.projection_engine.layout import Layout, Phase, Projection
from sc_hardware.projection_engine.memories import Memory, bits_for, memories


@attrs.frozen
class Plan:
    """A layout with its memories, as the modules need them.

    Attributes
    ----------
    name : str
        Of the design.
    layout : Layout
    memory : mapping of str to Memory
    """

    name: str
    layout: Layout
    memory: Mapping[str, Memory]

    @classmethod
    def of(cls, name: str, layout: Layout) -> Plan:
        """Return the plan of a layout."""
        return cls(name, layout, {memory.name: memory for memory in memories(layout)})

    @property
    def phase(self) -> Shape:
        """The index of a phase."""
        return unsigned(bits_for(len(self.layout.phases) - 1))

    @property
    def event(self) -> Shape:
        """An event: a row of a projection, a neuron of a population."""
        return self.word("events")

    @property
    def end(self) -> int:
        """The event that ends a list."""
        return (1 << self.memory["events"].bits) - 1

    def address(self, memory: str) -> Shape:
        """Return the shape of an address."""
        return unsigned(self.memory[memory].address_bits)

    def word(self, memory: str) -> Shape:
        """Return the shape of a word."""
        return unsigned(self.memory[memory].bits)

    def field(self, memory: str, name: str) -> Shape:
        """Return the shape of a field of a word."""
        found = next(field for field in self.memory[memory].fields if field.name == name)
        return shape_of(found.kind, found.bits)

    @property
    def aer_address(self) -> Shape:
        """An AER address."""
        last = self.layout.populations[-1]
        return unsigned(bits_for(last.first + last.n - 1))

    @property
    def reward(self) -> Shape | None:
        """The reward, signed, or None where no rule has it."""
        return reward_shape(self.layout.learning)

    def by_phase(
        self, circuit: Circuit, name: str, shape: Shape, value: Callable[[Phase], int | bool | None]
    ) -> Value:
        """Return a signal that the phase chooses; None where it plays no part."""
        phase = circuit.input("phase", self.phase)
        phases = self.layout.phases
        values = [None if value(p) is None else int(value(p) or 0) for p in phases]
        return circuit.table(f"{name}_of_phase", phase, values, shape, [p.comment for p in phases])

    def is_phase(self, circuit: Circuit, name: str, holds: Callable[[Phase], bool]) -> Value:
        """Return whether something is so in the present phase."""
        return self.by_phase(circuit, name, BIT, holds)


def sweeps(*projections: Projection) -> Callable[[Phase], bool]:
    """Return whether a phase sweeps one of these projections."""
    return lambda phase: phase.projection in projections


def passes(*populations: str) -> Callable[[Phase], bool]:
    """Return whether a phase passes the neurons of one of these populations."""
    return lambda phase: phase.kind == "neurons" and phase.population.name in populations


def reward_shape(learning: tuple[Projection, ...]) -> Shape | None:
    """Return the shape that holds every rule's reward, or None."""
    bits = [
        field.type.width.value(p.projection.parameters) + (not field.type.signed)
        for p in learning
        if p.projection.rule is not None
        for field in p.projection.rule.inputs
        if field.name == "reward"
    ]
    return shape_of("signed", max(bits)) if bits else None
