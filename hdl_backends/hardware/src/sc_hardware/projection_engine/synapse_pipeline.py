"""Stages F to H of a sweep: the rule's step at a synapse, and its weight added to the current of its target."""

from __future__ import annotations

from sc_hardware.lane.design import Module
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import Circuit, Value, either, select
from sc_hardware.projection_engine.learners import synapse_update
from sc_hardware.projection_engine.shapes import Plan, sweeps


def synapse_pipeline(plan: Plan) -> Module:
    """Return the module."""
    c = Circuit(f"{plan.name}_synapses", "Stages F to H of a sweep: learn, and add to the current.")
    learning = bool(plan.layout.learning)
    neuron_shape = plan.address("currents")
    issue, arrives = c.input("issue", BIT), c.input("arrives", BIT)

    c.remark("F: columns, weights and other state of the synapse have been read")
    valid_f = c.delayed("valid_f", issue)
    arrives_f = c.delayed("arrives_f", arrives)
    column = c.input("columns_read_data", plan.word("columns"))
    weight_f = c.input("weights_read_data", plan.word("weights")).field(
        "signed", 0, plan.memory["weights"].bits
    )
    neuron_base = plan.by_phase(
        c, "neuron_base", neuron_shape, lambda p: p.population.neuron_base if p.projection else None
    )
    valid_g = c.delayed("valid_g", valid_f)
    arrives_g = c.delayed("arrives_g", arrives_f)
    neuron_g = c.delayed("neuron_g", (neuron_base + column).modulo(int(neuron_shape.bits)))
    weight_g = c.delayed("weight_g", weight_f)

    c.remark("G: the rule's step; the current is being read")
    c.output("synapses_currents_read_enable", valid_g & arrives_g)
    c.output("synapses_currents_read_address", neuron_g)
    valid_h = c.delayed("valid_h", valid_g)
    arrives_h = c.delayed("arrives_h", arrives_g)
    neuron_h = c.delayed("neuron_h", neuron_g)
    weight_h = c.delayed("weight_h", _learned(c, plan, weight_g) if learning else weight_g)
    if learning:
        c.output("synapses_weights_write_data", weight_h.modulo(plan.memory["weights"].bits))

    c.remark("H: where the synapse before had the same neuron, its sum is not in the memory yet")
    current = c.input("currents_read_data", plan.word("currents"))
    bits = plan.memory["currents"].bits
    writes = c.output("synapses_currents_write_enable", valid_h & arrives_h)
    last_valid = c.delayed("last_valid", writes)
    last_neuron = c.delayed("last_neuron", neuron_h)
    last_sum = c.register("last_sum", plan.field("currents", "current"))
    recurs = c.let("recurs", last_valid & last_neuron.equals(neuron_h))
    before = c.let("sum_before", select(recurs, last_sum, current.field("signed", 0, bits)))
    total = c.let("total", (before + weight_h).low(bits))
    c.next(last_sum, total)
    c.output("synapses_currents_write_address", neuron_h)
    c.output("synapses_currents_write_data", total.modulo(bits))
    rows_done = c.input("rows_done", BIT)
    c.output("sweep_done", rows_done & ~either([valid_f, valid_g, valid_h]))
    return c.module()


def _learned(c: Circuit, plan: Plan, weight_g: Value) -> Value:
    """Add the learning to stages F to H, and return what is delivered."""
    synapse = c.input("synapse", plan.address("columns"))
    learns, whole = c.input("learns", BIT), c.input("whole", BIT)
    steps = c.let("steps", learns & whole)
    synapse_g = c.delayed("synapse_g", c.delayed("synapse_f", synapse))
    row = c.input("row_state_of_row", plan.word("row_state"))
    row_g = c.delayed("row_g", c.delayed("row_f", row))
    column = c.input("columns_read_data", plan.word("columns"))
    valid_f = Value(BIT, "signal", name="valid_f")
    for p in plan.layout.learning:
        name = f"column_state_{p.learner}"
        own = plan.is_phase(c, f"sweeps_{p.learner}", sweeps(p))
        c.output(f"synapses_{name}_read_enable", valid_f & steps & own)
        c.output(
            f"synapses_{name}_read_address", column.low(plan.memory[name].address_bits), plan.address(name)
        )
    state_g = None
    if "synapse_state" in plan.memory:
        state_g = c.delayed("state_g", c.input("synapse_state_read_data", plan.word("synapse_state")))
    delivered, state = synapse_update(c, plan, weight=weight_g, state=state_g, row=row_g, learns=steps)
    synapse_h = c.delayed("synapse_h", synapse_g)
    valid_h = Value(BIT, "signal", name="valid_h")
    c.output("synapses_weights_write_enable", valid_h & steps)
    c.output("synapses_weights_write_address", synapse_h)
    if state is not None:
        state_h = c.register("state_h", plan.word("synapse_state"))
        c.next(state_h, state)
        address = plan.address("synapse_state")
        c.output("synapses_synapse_state_write_enable", valid_h & steps)
        c.output("synapses_synapse_state_write_address", synapse_h.low(int(address.bits)), address)
        c.output("synapses_synapse_state_write_data", state_h)
    return delivered
