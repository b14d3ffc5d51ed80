"""The neuron pass: equations (1)-(5) for all neurons of a population, and the list of those that spiked."""

from __future__ import annotations

import attrs

from sc_hardware.integer_network import IntegerLI
from sc_hardware.lane.design import Module
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import FALSE, Circuit, Value, constant, join, select, shape_of
from sc_hardware.projection_engine.layout import Phase, Population
from sc_hardware.projection_engine.learners import column_update
from sc_hardware.projection_engine.memories import bits_for
from sc_hardware.projection_engine.neuron_rules import neuron_rule
from sc_hardware.projection_engine.rule_parts import part_modules
from sc_hardware.projection_engine.shapes import Plan, passes


@attrs.frozen
class NeuronKind:
    """Neurons with the same constants.

    Attributes
    ----------
    number : int
    neuron : IntegerLI
        Or an `IntegerLIF`.
    populations : tuple of str
    """

    number: int
    neuron: IntegerLI
    populations: tuple[str, ...]

    def modules(self, plan: Plan) -> tuple[Module, ...]:
        """Return the modules of its step, the step itself last."""
        rule, parameters = neuron_rule(self.neuron, plan.memory["currents"].bits)
        name = f"{plan.name}_{rule.name}_{self.number}"
        return part_modules(rule, parameters, name, "synapse")


def neuron_kinds(plan: Plan) -> tuple[NeuronKind, ...]:
    """Return the different neurons of a design."""
    groups: dict[IntegerLI, list[str]] = {}
    for p in plan.layout.populations:
        if isinstance(p.population.neuron, IntegerLI):
            groups.setdefault(p.population.neuron, []).append(p.name)
    return tuple(
        NeuronKind(number, neuron, tuple(names)) for number, (neuron, names) in enumerate(groups.items())
    )


def neuron_pass(plan: Plan) -> Module:
    """Return the module."""
    c = Circuit(f"{plan.name}_neurons", "The neuron pass: membranes, spikes, the list of events.")
    begins, runs = c.input("phase_begins", BIT), c.input("phase_runs", BIT)
    flushing = c.input("flushing", BIT)
    list_begin = c.input("list_begin", plan.address("events"))
    largest = max(p.n for p in plan.layout.populations)
    index_shape = shape_of("unsigned", bits_for(largest - 1))
    bits, neuron_shape = int(index_shape.bits), plan.address("membranes")
    is_pass = plan.is_phase(c, "is_pass", lambda p: p.kind in ("input", "neurons"))
    is_input = plan.is_phase(c, "is_input", lambda p: p.kind == "input")
    emits = plan.is_phase(
        c, "emits", lambda p: p.kind in ("input", "neurons") and p.source.list_base is not None
    )
    last_index = plan.by_phase(
        c, "last_index", index_shape, lambda p: p.population.n - 1 if _passes(p) else None
    )
    neuron_base = plan.by_phase(c, "neuron_base", neuron_shape, lambda p: p.population.neuron_base)

    c.remark("Every clock a neuron is read; in the next it is visited")
    scanning = c.register("scanning", BIT)
    index = c.register("index", index_shape)
    last = c.let("last", index.equals(last_index))
    c.next(scanning, (begins & is_pass) | (scanning & ~last))
    c.next(index, select(begins, constant(0, index_shape), select(scanning, (index + 1).modulo(bits), index)))
    neuron = c.let("neuron", (neuron_base + index).modulo(int(neuron_shape.bits)))
    reads = c.let("reads_neuron", scanning & ~is_input)
    for memory in ("currents", "membranes"):
        c.output(f"neurons_{memory}_read_enable", reads)
        c.output(f"neurons_{memory}_read_address", neuron)
    address = plan.address("input_spikes")
    c.output("neurons_input_spikes_read_enable", scanning & is_input)
    c.output("neurons_input_spikes_read_address", index.low(int(address.bits)), address)
    visited = c.delayed("visited", scanning)
    visited_index = c.delayed("visited_index", index)
    visited_neuron = c.delayed("visited_neuron", neuron)

    given = c.input("input_spikes_read_data", plan.word("input_spikes"))
    membranes, fired = _integrated(c, plan)
    spike = c.let("spike", visited & select(is_input, given.field("bit", 0, 1), fired) & ~flushing)
    updates = c.let("updates", visited & ~flushing)
    c.output("neurons_membranes_write_enable", updates & ~is_input)
    c.output("neurons_membranes_write_address", visited_neuron)
    c.output("neurons_membranes_write_data", membranes)
    c.remark("The current has been used")
    c.output("neurons_currents_write_enable", updates & ~is_input)
    c.output("neurons_currents_write_address", visited_neuron)
    c.output("neurons_currents_write_data", constant(0, plan.word("currents")))
    c.output("neurons_input_spikes_write_enable", updates & is_input)
    c.output("neurons_input_spikes_write_address", visited_index.low(int(address.bits)), address)
    c.output("neurons_input_spikes_write_data", constant(0, plan.word("input_spikes")))

    c.remark("The list of spikes; after the last neuron its end is written")
    place = c.register("place", plan.address("events"))
    push = c.let("push", spike & emits)
    place_bits = int(place.shape.bits)
    c.next(place, select(begins, list_begin, select(push, (place + 1).modulo(place_bits), place)))
    closing = c.output("pass_done", runs & is_pass & ~scanning & ~visited)
    c.output("neurons_events_write_enable", push | (closing & emits & ~flushing))
    c.output("neurons_events_write_address", place)
    event = select(closing, constant(plan.end, plan.event), visited_index)
    c.output("neurons_events_write_data", event, plan.event)
    for p in plan.layout.populations:
        for number in p.learning:
            _column_state(c, plan, p, number, scanning, visited, index, visited_index, spike)
    return c.module()


def _passes(phase: Phase) -> bool:
    return phase.kind in ("input", "neurons")


def _integrated(c: Circuit, plan: Plan) -> tuple[Value, Value]:
    """Put the neurons' steps in; return the next word of ``membranes`` and whether there is a spike."""
    word = c.input("membranes_read_data", plan.word("membranes"))
    fields = {f.name: f for f in plan.memory["membranes"].fields}
    current = c.input("currents_read_data", plan.word("currents"))
    total = current.field("signed", 0, plan.memory["currents"].bits)
    membrane = plan.field("membranes", "membrane")
    chosen: tuple[Value, Value, Value] | None = None
    for kind in neuron_kinds(plan):
        *_, step = kind.modules(plan)
        label = f"neuron_{kind.number}"
        own = shape_of("signed", kind.neuron.membrane_bits)
        counter = shape_of("unsigned", 8)
        made: dict[str, Value] = {
            "next_membrane": c.wire(f"{label}_next_membrane", own),
            "membrane": word.field("signed", 0, kind.neuron.membrane_bits),
            "total": total,
        }
        if "spike" in {port.name for port in step.ports}:
            waits = constant(0, counter)
            if "refractory" in fields:
                kept = fields["refractory"]
                waits = word.field("unsigned", kept.low, kept.bits)
                waits = c.let(f"{label}_refractory", waits, counter)
            made |= {
                "spike": FALSE,
                "refractory": waits,
                "next_spike": c.wire(f"{label}_next_spike", BIT),
                "next_refractory": c.wire(
                    f"{label}_next_refractory", counter, unused="refractory" not in fields
                ),
            }
        c.instance(label, step, {port.name: made[port.name] for port in step.ports})
        results = (
            c.let(f"{label}_membrane", made["next_membrane"], membrane),
            made.get("next_refractory", constant(0, counter)),
            made.get("next_spike", FALSE),
        )
        if chosen is None:
            chosen = results
        else:
            is_kind = plan.is_phase(c, label, passes(*kind.populations))
            pairs = zip(results, chosen, strict=True)
            chosen = tuple(select(is_kind, new, old) for new, old in pairs)  # type: ignore[assignment]
    return _membrane_word(c, plan, chosen)


def _membrane_word(c: Circuit, plan: Plan, chosen: tuple[Value, Value, Value] | None) -> tuple[Value, Value]:
    """Return membrane and refractory counter as a word, and the spike."""
    if chosen is None:  # nothing but an input
        return constant(0, plan.word("membranes")), FALSE
    membrane, refractory, spike = chosen
    parts = [c.let("next_membrane", membrane).modulo(int(plan.field("membranes", "membrane").bits))]
    fields = plan.memory["membranes"].fields
    if len(fields) > 1:
        parts.append(c.let("next_refractory", refractory).modulo(fields[1].bits))
    return join(parts), spike


def _column_state(
    c: Circuit,
    plan: Plan,
    population: Population,
    number: int,
    scanning: Value,
    visited: Value,
    index: Value,
    visited_index: Value,
    spike: Value,
) -> None:
    """Add the state of a learning projection's targets: the spike is kept, traces take the outstanding step."""
    name = f"column_state_{number}"
    address = plan.address(name)
    own = plan.is_phase(c, f"passes_{number}", passes(population.name))
    c.output(f"neurons_{name}_read_enable", scanning & own)
    c.output(f"neurons_{name}_read_address", index.low(int(address.bits)), address)
    learns = c.input("learns", BIT)
    word = column_update(c, plan, number, spike=spike, learns=learns)
    c.output(f"neurons_{name}_write_enable", visited & own)
    c.output(f"neurons_{name}_write_address", visited_index.low(int(address.bits)), address)
    c.output(f"neurons_{name}_write_data", word, plan.word(name))
