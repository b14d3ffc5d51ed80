"""Stages B to D of a sweep: which rows, where their synapses are, one synapse per clock."""

from __future__ import annotations

from sc_hardware.lane.design import Module
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import Circuit, constant, select
from sc_hardware.projection_engine.learners import row_update
from sc_hardware.projection_engine.shapes import Plan


def row_reader(plan: Plan) -> Module:
    """Return the module."""
    c = Circuit(f"{plan.name}_rows", "Stages B to D of a sweep: from events to rows to synapses.")
    layout = plan.layout
    begins, runs = c.input("phase_begins", BIT), c.input("phase_runs", BIT)
    flushing, whole = c.input("flushing", BIT), c.input("whole", BIT)
    list_begin = c.input("list_begin", plan.address("events"))
    event = c.input("events_read_data", plan.event)
    sent = c.input("sent", BIT)
    address_bits, event_bits = int(plan.address("events").bits), int(plan.event.bits)

    is_sweep = plan.is_phase(c, "is_sweep", lambda p: p.kind == "sweep")
    is_send = plan.is_phase(c, "is_send", lambda p: p.kind == "send")
    n_rows = plan.by_phase(
        c, "n_rows", plan.event, lambda p: p.projection.n_rows if p.projection is not None else None
    )
    row_base = plan.by_phase(
        c, "row_base", plan.address("rows"), lambda p: None if p.projection is None else p.projection.row_base
    )
    pointer = c.register("pointer", plan.address("events"))
    counter = c.register("counter", plan.event)
    fetched = c.register("fetched", BIT)
    fetched_arrives = c.register("fetched_arrives", BIT)
    remaining = c.register("remaining", plan.field("rows", "count"))
    synapse = c.register("synapse", plan.address("columns"), port=True)
    arrives = c.register("arrives", BIT, port=True)

    c.remark("B: the next row; where all are swept, a spike arrives if it is the head of the list")
    list_ends = c.let("list_ends", event.equals(plan.end))
    row_there = c.let("row_there", runs & is_sweep & select(whole, counter.differs(n_rows), ~list_ends))
    row = c.let("row", select(whole, counter, event))
    hit = c.let("hit", ~whole | event.equals(counter))
    c.remark("C takes a row when it is free or becomes so")
    last_synapse = c.let("last_synapse", remaining.equals(1))
    no_synapse = c.let("no_synapse", remaining.equals(0))
    taken = c.let("taken", fetched & (last_synapse | no_synapse))
    advance = c.let("advance", row_there & (~fetched | taken))
    moved = select((advance & hit) | sent, (pointer + 1).modulo(address_bits), pointer)
    next_pointer = c.next(pointer, select(begins, list_begin, moved))
    c.output("rows_events_read_enable", (begins | runs) & (is_sweep | is_send))
    c.output("rows_events_read_address", next_pointer)
    counted = select(advance, (counter + 1).modulo(event_bits), counter)
    c.next(counter, select(begins, constant(0, plan.event), counted))
    row_word = c.let("row_word", (row_base + row).modulo(int(plan.address("rows").bits)))
    c.output("rows_rows_read_enable", advance)
    c.output("rows_rows_read_address", row_word)
    c.next(fetched, advance | (fetched & ~taken))
    c.next(fetched_arrives, select(advance, hit & ~flushing, fetched_arrives))

    c.remark("D: through the synapses of the row, the next row right behind")
    word = c.input("rows_read_data", plan.word("rows"))
    start, count = (word.field(f.kind, f.low, f.bits) for f in plan.memory["rows"].fields)
    issue = c.output("issue", ~no_synapse)
    count_bits = int(remaining.shape.bits)
    fewer = select(issue, (remaining - 1).modulo(count_bits), remaining)
    c.next(remaining, select(taken, count, fewer))
    further = select(issue, (synapse + 1).modulo(int(synapse.shape.bits)), synapse)
    c.next(synapse, select(taken, start.low(int(synapse.shape.bits)), further))
    c.next(arrives, select(taken, fetched_arrives, arrives))
    for memory in ("columns", "weights"):
        c.output(f"rows_{memory}_read_enable", issue)
        c.output(f"rows_{memory}_read_address", synapse)
    if "synapse_state" in plan.memory:
        c.output("rows_synapse_state_read_enable", issue & whole)
        c.output(
            "rows_synapse_state_read_address",
            synapse.low(plan.memory["synapse_state"].address_bits),
            plan.address("synapse_state"),
        )
    c.output("rows_done", runs & is_sweep & ~row_there & ~fetched & no_synapse)
    if layout.learning:
        row_update(c, plan, advance=advance, taken=taken, row_word=row_word, arrives=fetched_arrives)
    return c.module()
