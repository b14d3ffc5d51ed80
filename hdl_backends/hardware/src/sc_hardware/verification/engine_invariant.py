"""What holds of an engine whenever it waits for a start: nothing is under way, and memories hold what they should."""

from __future__ import annotations

from collections.abc import Iterator

from sc_hardware.lane.design import Module
from sc_hardware.projection_engine.circuit import bits_of
from sc_hardware.projection_engine.layout import Population
from sc_hardware.verification.engine_claims import Claims
from sc_hardware.verification.engine_model import spikes_of

IDLE_REGISTERS = (
    "sequencer.running",
    "sequencer.clearing",
    "sequencer.flushing",
    "sequencer.phase",
    "rows.fetched",
    "rows.remaining",
    "synapses.valid_f",
    "synapses.valid_g",
    "synapses.valid_h",
    "synapses.last_valid",
    "neurons.scanning",
    "neurons.visited",
)


def registers(c: Claims) -> Iterator[tuple[str, int]]:
    """Yield path and bits of every register of an engine but its memories."""
    for instance in c.design.engine.instances:
        if isinstance(instance.module, Module):
            for flip_flop in instance.module.flip_flops:
                yield f"{instance.label}.{flip_flop.signal.name}", bits_of(flip_flop.signal.shape)


def add_invariant(c: Claims) -> None:
    """Add what the registers are while the engine waits, and what currents, input spikes and lists hold."""
    bits = dict(registers(c))
    c.quiet += [f"{c.see(path, bits[path])} == 0" for path in IDLE_REGISTERS]
    for memory in c.design.memories:
        if memory.cleared is not None:
            words = [f"{c.word(memory, word)} == {memory.cleared}" for word in range(memory.words)]
            c.claim("done && !model_step && !model_flush", " && ".join(words))
    currents, inputs = c.design.memory("currents"), c.design.memory("input_spikes")
    c.remembered += [f"{c.word(currents, m)} == 0" for m in range(currents.words)]
    c.remembered += [f"{c.word(inputs, i)} == model_came_in[{i}]" for i in range(inputs.words)]
    layout = c.design.layout
    slot = c.see("sequencer.slot", bits["sequencer.slot"]) if layout.n_slots > 1 else "0"
    if layout.n_slots > 1:
        c.quiet.append(f"{slot} < {layout.n_slots}")
    for now in range(layout.n_slots):
        for ago in range(layout.network.history):  # the oldest slot is the next step's
            for population in layout.populations:
                if population.list_base is not None:
                    of_step = (now - 1 - ago) % layout.n_slots * layout.slot_words
                    listed = _listed(c, population, of_step + population.list_base, ago)
                    c.remembered.append(f"{slot} != {now} || ({listed})")


def _listed(c: Claims, population: Population, first_word: int, ago: int) -> str:
    """Return that a list holds the spikes of a population, ascending, and its end."""
    memory = c.design.memory("events")
    cases = []
    for spikes in range(1 << population.n):
        listed = [j for j in range(population.n) if spikes >> j & 1]
        words = [f"{c.word(memory, first_word + at)} == {j}" for at, j in enumerate((*listed, c.plan.end))]
        cases.append(f"({spikes_of(population, ago)} == {spikes} && {' && '.join(words)})")
    return " || ".join(cases)
