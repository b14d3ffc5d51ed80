"""The rules of learning projections in the engine: what their parts are given, and what becomes of the results."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sc_hardware.lane.design import Module, Shape
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import (
    Circuit,
    Value,
    bits_of,
    join,
    select,
    shape_of,
)
from sc_hardware.projection_engine.layout import Projection
from sc_hardware.projection_engine.memories import (
    WordField,
    column_fields,
    row_fields,
    synapse_fields,
)
from sc_hardware.projection_engine.rule_parts import part_modules
from sc_hardware.projection_engine.shapes import Plan, sweeps


@attrs.frozen
class Learner:
    """A rule with its parameters, which one or several projections learn by.

    Attributes
    ----------
    number : int
    projections : tuple of Projection
    """

    number: int
    projections: tuple[Projection, ...]

    @property
    def example(self) -> Projection:
        """One of the projections; all have the same rule and parameters."""
        return self.projections[0]

    def modules(self, plan: Plan, location: str) -> tuple[Module, ...]:
        """Return the modules of a part of its step, the part itself last."""
        projection = self.example.projection
        assert projection.rule is not None  # noqa: S101  learners have rules
        name = f"{plan.name}_{projection.rule.name}_{self.number}_{location}"
        return part_modules(projection.rule, projection.parameters, name, location)

    def field_shape(self, name: str) -> Shape:
        """Return the shape of a field or input of the rule."""
        projection = self.example.projection
        assert projection.rule is not None  # noqa: S101  learners have rules
        fields = (*projection.rule.state, *projection.rule.inputs)
        found = next(field for field in fields if field.name == name)
        return shape_of(found.type.kind, found.type.width.value(projection.parameters))


def learners(plan: Plan) -> tuple[Learner, ...]:
    """Return the different rules and parameters of a design."""
    groups: list[list[Projection]] = []
    for p in plan.layout.learning:
        for group in groups:
            first = group[0].projection
            if first.rule is p.projection.rule and first.parameters == p.projection.parameters:
                group.append(p)
                break
        else:
            groups.append([p])
    return tuple(Learner(number, tuple(group)) for number, group in enumerate(groups))


def _chosen(c: Circuit, plan: Plan, results: list[tuple[Learner, Value]]) -> Value:
    """Return the result of the rule whose projection is swept."""
    (_, chosen), *others = results
    for learner, value in others:
        own = plan.is_phase(c, f"rule_{learner.number}", sweeps(*learner.projections))
        chosen = select(own, value, chosen)
    return chosen


def fields_in(word: Value, fields: tuple[WordField, ...]) -> dict[str, Value]:
    """Return the fields of a word."""
    return {field.name: word.field(field.kind, field.low, field.bits) for field in fields}


def _reward(c: Circuit, plan: Plan, learner: Learner) -> Value:
    assert plan.reward is not None  # noqa: S101  a rule asked for it
    shape = learner.field_shape("reward")
    return c.input("reward_held", plan.reward).field(shape.kind, 0, bits_of(shape))


def put_in(
    c: Circuit, plan: Plan, learner: Learner, part: Module, label: str, given: Mapping[str, Value]
) -> dict[str, Value]:
    """Put a part of a rule's step in, and return what it makes, by field."""
    connections: dict[str, Value] = {}
    results = {}
    for port in part.ports:
        if port.direction == "in":
            value = given[port.name] if port.name != "reward" else _reward(c, plan, learner)
            connections[port.name] = value
        else:
            field = port.name.removeprefix("next_")
            results[field] = c.wire(f"{label}_{port.name}", learner.field_shape(field))
            connections[port.name] = results[field]
    c.instance(label, part, connections)
    return results


def updated(
    c: Circuit,
    plan: Plan,
    learner: Learner,
    location: str,
    label: str,
    given: Mapping[str, Value],
    learns: Value,
) -> dict[str, Value]:
    """Return the next fields of a location: those of the rule's step where it is taken, else the old ones."""
    modules = learner.modules(plan, location)
    if not modules:
        return {}
    made = put_in(c, plan, learner, modules[-1], label, given)
    return {name: select(learns, value, given[name]) for name, value in made.items()}


def row_update(
    c: Circuit, plan: Plan, *, advance: Value, taken: Value, row_word: Value, arrives: Value
) -> None:
    """Add the state of rows to the row reader: read with the row, written back as the row is taken."""
    whole, learns = c.input("whole", BIT), c.input("learns", BIT)
    word = c.input("row_state_read_data", plan.word("row_state"))
    address = plan.address("row_state")
    held = c.register("row_state_of_row", plan.word("row_state"), port=True)
    c.next(held, select(taken, word, held))
    own_word = row_word.low(int(address.bits))
    c.output("rows_row_state_read_enable", advance & whole)
    c.output("rows_row_state_read_address", own_word, address)
    at = c.register("fetched_row", address)
    c.next(at, select(advance, own_word, at))
    results = []
    for learner in learners(plan):
        fields = row_fields(learner.example)
        given = fields_in(word, fields)
        label = f"presynaptic_{learner.number}"
        following = updated(c, plan, learner, "presynaptic", label, given, learns)
        parts = [arrives, *(following[field.name] for field in fields[1:])]
        results.append((learner, join(parts)))
    c.remark("Traces of the row advance as it is taken; the arrival is kept for the rule's step of this step")
    c.output("rows_row_state_write_enable", taken & whole)
    c.output("rows_row_state_write_address", at)
    c.output("rows_row_state_write_data", _chosen(c, plan, results), plan.word("row_state"))


def synapse_update(
    c: Circuit, plan: Plan, *, weight: Value, state: Value | None, row: Value, learns: Value
) -> tuple[Value, Value | None]:
    """Return the next weight and the next other fields of a synapse in stage G of the synapse pipeline."""
    weights: list[tuple[Learner, Value]] = []
    states: list[tuple[Learner, Value]] = []
    for learner in learners(plan):
        shape = learner.field_shape("weight")
        given = fields_in(row, row_fields(learner.example))
        given |= _column_fields(c, plan, learner)
        given["weight"] = weight.field(shape.kind, 0, bits_of(shape))
        own = synapse_fields(learner.example)
        if state is not None:
            given |= fields_in(state, own)
        modules = learner.modules(plan, "synapse")
        made = put_in(c, plan, learner, modules[-1], f"synapse_{learner.number}", given)
        weights.append((learner, made["weight"]))
        if state is not None:
            parts = [made[field.name] for field in own]
            states.append((learner, join(parts)))
    c.remark("What is delivered is the new weight")
    delivered = c.let("delivered", select(learns, _chosen(c, plan, weights), weight), weight.shape)
    return delivered, _chosen(c, plan, states) if state is not None else None


def _column_fields(c: Circuit, plan: Plan, learner: Learner) -> dict[str, Value]:
    """Return the fields at the postsynaptic neuron, of the projection that is swept."""
    (first, *others) = learner.projections
    chosen = c.input(f"column_state_{first.learner}_read_data", plan.word(f"column_state_{first.learner}"))
    for p in others:
        word = c.input(f"column_state_{p.learner}_read_data", plan.word(f"column_state_{p.learner}"))
        own = plan.is_phase(c, f"learner_{p.learner}", sweeps(p))
        chosen = select(own, word, chosen)
    if others:
        chosen = c.let(f"column_state_of_rule_{learner.number}", chosen)
    return fields_in(chosen, column_fields(first))


def column_update(c: Circuit, plan: Plan, number: int, *, spike: Value, learns: Value) -> Value:
    """Return the word of a target neuron of a learning projection after the neuron pass."""
    learner = next(
        learner for learner in learners(plan) if number in [p.learner for p in learner.projections]
    )
    name = f"column_state_{number}"
    word = c.input(f"{name}_read_data", plan.word(name))
    fields = column_fields(learner.example)
    given = fields_in(word, fields)
    following = updated(c, plan, learner, "postsynaptic", f"postsynaptic_{number}", given, learns)
    parts = [spike, *(following[field.name] for field in fields[1:])]
    return join(parts)
