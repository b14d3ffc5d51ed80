"""The sequencer: goes through the phases, keeps count of steps, and knows what the rules have outstanding."""

from __future__ import annotations

from sc_hardware.lane.design import Module
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import Circuit, Value, constant, select, unsigned
from sc_hardware.projection_engine.memories import bits_for
from sc_hardware.projection_engine.shapes import Plan


def sequencer(plan: Plan) -> Module:
    """Return the module."""
    c = Circuit(f"{plan.name}_sequencer", "Phases, steps, and the outstanding step of the rules.")
    layout = plan.layout
    start_step = c.input("start_step", BIT)
    start_flush = c.input("start_flush", BIT)
    start_clear = c.input("start_clear", BIT)
    freeze = c.input("freeze", BIT)
    phase_done = c.input("phase_done", BIT)
    running = c.register("running", BIT)
    beginning = c.register("beginning", BIT)
    clearing = c.register("clearing", BIT, port=True)
    flushing = c.register("flushing", BIT, port=True)
    outstanding = c.register("outstanding", BIT)
    frozen = c.register("frozen", BIT)
    phase = c.register("phase", plan.phase, port=True)
    done = c.register("done", BIT, port=True)
    largest = max(m.words for m in plan.memory.values() if m.cleared is not None)
    clear_word = c.register("clear_word", unsigned(bits_for(largest - 1)), port=True)

    idle = c.output("idle", ~running & ~clearing)
    flush = c.let("flush", idle & start_flush & ~start_step)
    start = c.let("start", idle & (start_step | start_flush))
    clear = c.let("clear", idle & start_clear & ~start_step & ~start_flush)

    c.remark("A flush has only phases in which the rules have something outstanding")
    in_flush = plan.is_phase(c, "in_flush", lambda p: p.in_flush)
    skipped = c.let("skipped", flushing & ~(in_flush & outstanding))
    c.output("phase_begins", running & beginning & ~skipped)
    c.output("phase_runs", running & ~beginning)
    phase_ends = c.let("phase_ends", running & select(beginning, skipped, phase_done))
    last_phase = c.let("last_phase", phase.equals(len(layout.phases) - 1))
    finished = c.let("finished", phase_ends & last_phase)
    step_finished = c.let("step_finished", finished & ~flushing)

    c.next(running, start | (running & ~finished))
    c.next(beginning, start | select(running, phase_ends, beginning))
    c.next(flushing, select(start, flush, flushing & ~finished))
    c.next(frozen, select(start, freeze, frozen))
    following = select(phase_ends, (phase + 1).modulo(_bits(plan)), phase)
    c.next(phase, select(start | finished, constant(0, plan.phase), following))
    last_word = c.let("last_word", clear_word.equals(largest - 1))
    c.next(clearing, clear | (clearing & ~last_word))
    counted = (clear_word + 1).modulo(bits_for(largest - 1))
    c.next(clear_word, select(clearing, counted, constant(0, clear_word.shape)))
    c.next(done, finished | (clearing & last_word))
    c.remark(
        "A step that is not frozen leaves the rules' step outstanding; a flush takes it, a clear forgets it"
    )
    kept = outstanding & ~finished & ~clearing
    c.next(outstanding, kept | (step_finished & ~frozen))

    learning = plan.is_phase(c, "learning", lambda p: p.in_flush and p.kind == "sweep")
    c.remark("The rules' step is taken in this pass")
    c.output("learns", outstanding)
    c.remark("All rows are swept, not only those of spikes that arrive")
    c.output("whole", learning & (outstanding | ~frozen))
    if plan.reward is not None:
        reward = c.input("reward", plan.reward, "of the step before")
        held = c.register("reward_held", plan.reward, port=True)
        c.next(held, select(start, reward, held))

    _list(c, plan, step_finished)
    return c.module()


def _bits(plan: Plan) -> int:
    return bits_for(len(plan.layout.phases) - 1)


def _list(c: Circuit, plan: Plan, step_finished: Value) -> None:
    """Add where the list of events begins that the phase reads or writes."""
    layout, address = plan.layout, plan.address("events")
    bits = int(address.bits)
    base = plan.by_phase(c, "list_base", address, lambda p: p.source.list_base)
    if layout.n_slots == 1:
        c.output("list_begin", base, address)
        return
    slot_shape = unsigned(bits_for(layout.n_slots - 1))
    slot = c.register("slot", slot_shape)
    last = c.let("last_slot", slot.equals(layout.n_slots - 1))
    following = select(last, constant(0, slot_shape), (slot + 1).modulo(int(slot_shape.bits)))
    c.next(slot, select(step_finished, following, slot))
    delay = plan.by_phase(
        c, "delay", slot_shape, lambda p: 0 if p.projection is None else p.projection.projection.delay
    )
    c.remark("The slot of the step in which the spikes were emitted; slots are used in turn")
    wraps = c.let("wraps", slot.below(delay))
    ago = c.let("ago", slot - delay)
    turn = layout.n_slots % (1 << int(slot_shape.bits))  # what a whole turn adds, in so many bits
    wrapped = c.let("wrapped", (ago + turn).modulo(int(slot_shape.bits)))
    arrival_slot = c.let("arrival_slot", select(wraps, wrapped, ago.modulo(int(slot_shape.bits))))
    offsets = [number * layout.slot_words for number in range(layout.n_slots)]
    offset = c.table(
        "slot_offset", arrival_slot, offsets, address, [f"slot {number}" for number in range(layout.n_slots)]
    )
    c.output("list_begin", (offset + base).modulo(bits))
