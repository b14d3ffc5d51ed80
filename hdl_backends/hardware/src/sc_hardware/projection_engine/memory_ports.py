"""Who has the memories: the engine, the host, incoming spikes, or the clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.lane.design import Module
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import (
    FALSE,
    TRUE,
    Circuit,
    Value,
    constant,
    either,
    select,
    unsigned,
)
from sc_hardware.projection_engine.memories import Memory, bits_for
from sc_hardware.projection_engine.shapes import Plan

Users = Mapping[str, Sequence[str]]


def memory_ports(plan: Plan, readers: Users, writers: Users) -> Module:
    """Return the module.

    Parameters
    ----------
    plan : Plan
    readers, writers : mapping of str to sequence of str
        By memory: the modules of the engine that read or write it.
    """
    c = Circuit(
        f"{plan.name}_ports", "Who has the memories: the engine, the host, incoming spikes, the clear."
    )
    idle, clearing = c.input("idle", BIT), c.input("clearing", BIT)
    memories = tuple(plan.memory.values())
    word_bits = max(memory.address_bits for memory in memories)
    number_bits = bits_for(len(memories) - 1)
    data_bits = max(memory.bits for memory in memories)
    enable, write = c.input("host_enable", BIT), c.input("host_write", BIT)
    address = c.input("host_address", unsigned(word_bits + number_bits))
    data = c.input("host_write_data", unsigned(data_bits))
    number = c.let("host_memory", address.field("unsigned", word_bits, number_bits))
    word = c.let("host_word", address.field("unsigned", 0, word_bits))
    access = c.let("host_access", enable & idle)
    host_reads = c.let("host_reads", access & ~write)
    aer_ready = c.output("aer_in_ready", idle & ~enable)
    aer_writes = c.let("aer_writes", c.input("aer_in_valid", BIT) & aer_ready)
    largest = max(m.words for m in memories if m.cleared is not None)
    clear_word = c.input("clear_word", unsigned(bits_for(largest - 1)))

    read_number = c.register("read_number", number.shape)
    c.next(read_number, select(host_reads, number, read_number))
    c.next(c.register("host_read_valid", BIT, port=True), host_reads)
    read: Value = constant(0, data.shape)
    for place, memory in enumerate(memories):
        selected = c.let(
            f"host_has_{memory.name}", access & number.equals(place) & _within(word, memory.words)
        )
        _reads(c, plan, memory, readers.get(memory.name, ()), selected & ~write, word)
        sources = _engine_writes(c, plan, memory, writers.get(memory.name, ()))
        own_word, own_data = word.low(memory.address_bits), data.low(memory.bits)
        sources.append((selected & write, own_word, own_data))
        if memory.cleared is not None:
            emptied = clearing & _within(clear_word, memory.words)
            empty = constant(memory.cleared, plan.word(memory.name))
            sources.append((emptied, clear_word.low(memory.address_bits), empty))
        if memory.name == "input_spikes":
            neuron = c.input("aer_in_address", unsigned(memory.address_bits))
            arrives = aer_writes & _within(neuron, memory.words)
            sources.append((arrives, neuron, constant(1, plan.word(memory.name))))
        _writes(c, plan, memory, sources)
        found = c.input(f"{memory.name}_read_data", plan.word(memory.name))
        read = c.let(f"read_{memory.name}", select(read_number.equals(place), found, read), data.shape)
    c.output("host_read_data", read)
    return c.module()


def _within(word: Value, words: int) -> Value:
    """Return whether a word is one of so many."""
    return TRUE if words >> int(word.shape.bits) else word.below(words)


def _reads(c: Circuit, plan: Plan, memory: Memory, users: Sequence[str], host: Value, word: Value) -> None:
    shape = plan.address(memory.name)
    enables = [c.input(f"{user}_{memory.name}_read_enable", BIT) for user in users]
    where = word.low(memory.address_bits)
    for user, enable in zip(users, enables, strict=True):
        where = select(enable, c.input(f"{user}_{memory.name}_read_address", shape), where)
    c.output(f"{memory.name}_read_enable", either([host, *enables]))
    c.output(f"{memory.name}_read_address", where, shape)


def _engine_writes(
    c: Circuit, plan: Plan, memory: Memory, users: Sequence[str]
) -> list[tuple[Value, Value, Value]]:
    """Return enable, address and data of the modules that write a memory."""
    return [
        (
            c.input(f"{user}_{memory.name}_write_enable", BIT),
            c.input(f"{user}_{memory.name}_write_address", plan.address(memory.name)),
            c.input(f"{user}_{memory.name}_write_data", plan.word(memory.name)),
        )
        for user in users
    ]


def _writes(c: Circuit, plan: Plan, memory: Memory, sources: Sequence[tuple[Value, Value, Value]]) -> None:
    """Join the writers of a memory; no two write in the same clock."""
    name, bits, width = memory.name, memory.address_bits, memory.bits
    enables = [c.let(f"writes_{name}", enable) for enable, _, _ in sources]
    (_, where, what), *others = sources
    for enable, (_, own_where, own_what) in zip(enables[1:], others, strict=True):
        where, what = select(enable, own_where, where), select(enable, own_what, what)
    c.output(f"{name}_write_enable", either(enables) if enables else FALSE)
    c.output(f"{name}_write_address", where.low(bits), plan.address(name))
    c.output(f"{name}_write_data", what.low(width), plan.word(name))
