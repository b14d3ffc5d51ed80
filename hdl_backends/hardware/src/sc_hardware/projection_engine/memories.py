"""The memories of an engine: words, fields, and what they hold to begin with."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_hardware.projection_engine.layout import Layout, Projection
from sc_hardware.rules.graph import Field


@attrs.frozen
class WordField:
    """A part of a word.

    Attributes
    ----------
    name : str
    kind : str
        ``"bit"``, ``"unsigned"`` or ``"signed"``.
    low : int
        Its lowest bit.
    bits : int
    meaning : str
    """

    name: str
    kind: str
    low: int
    bits: int
    meaning: str = ""


@attrs.frozen
class Memory:
    """A memory.

    Attributes
    ----------
    name : str
    words : int
    fields : tuple of WordField
        The first has the lowest bits. Of ``row_state`` and ``synapse_state``, which several rules share, those of
        the widest; `Memories.fields_of` has each projection's.
    meaning : str
    cleared : int or None
        What ``start_clear`` writes into every word; None where it leaves the memory alone.
    bits : int
        Of a word.
    """

    name: str
    words: int
    fields: tuple[WordField, ...]
    meaning: str
    cleared: int | None

    @property
    def bits(self) -> int:
        """Bits of a word."""
        return sum(field.bits for field in self.fields)

    @property
    def address_bits(self) -> int:
        """Bits of an address, at least 1."""
        return max((self.words - 1).bit_length(), 1)

    @property
    def total_bits(self) -> int:
        """Bits of all words."""
        return self.words * self.bits


def bits_for(largest: int) -> int:
    """Return the bits of an unsigned number up to `largest`, at least 1."""
    return max(int(largest).bit_length(), 1)


def packed(fields: Sequence[tuple[str, str, int, str]]) -> tuple[WordField, ...]:
    """Return fields one above the other, from names, kinds, bits and meanings."""
    lows = [0, *itertools.accumulate(bits for _, _, bits, _ in fields)]
    return tuple(
        WordField(name, kind, low, bits, meaning)
        for low, (name, kind, bits, meaning) in zip(lows, fields, strict=False)
    )


def rule_fields(projection: Projection, location: str) -> tuple[Field, ...]:
    """Return the fields of a projection's rule that live somewhere, but for the weight."""
    rule = projection.projection.rule
    if rule is None:
        return ()
    return tuple(f for f in rule.state if f.location == location and f.name != "weight")


def _own_fields(projection: Projection, location: str) -> tuple[WordField, ...]:
    parameters = projection.projection.parameters
    own = [
        (field.name, field.type.kind, field.type.width.value(parameters), f"field of {name}")
        for name in [projection.projection.rule.name if projection.projection.rule else ""]
        for field in rule_fields(projection, location)
    ]
    if location == "presynaptic":
        own.insert(0, ("pre_spike", "bit", 1, "a spike arrived in the step before"))
    if location == "postsynaptic":
        own.insert(0, ("post_spike", "bit", 1, "the neuron spiked in the step before"))
    return packed(own)


def row_fields(projection: Projection) -> tuple[WordField, ...]:
    """Return the fields of a learning projection's words in ``row_state``."""
    return _own_fields(projection, "presynaptic")


def column_fields(projection: Projection) -> tuple[WordField, ...]:
    """Return the fields of a learning projection's words in ``column_state_<k>``."""
    return _own_fields(projection, "postsynaptic")


def synapse_fields(projection: Projection) -> tuple[WordField, ...]:
    """Return the fields of a learning projection's words in ``synapse_state``."""
    return _own_fields(projection, "synapse")


def signed_bits(low: int, high: int) -> int:
    """Return the bits of a signed number from `low` to `high`.

    Examples
    --------
    >>> signed_bits(-128, 128)
    9
    """
    return max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1


def weight_bits(layout: Layout) -> int:
    """Return the width of a weight, signed, that holds those of all projections."""
    return max((signed_bits(*p.projection.weight_range) for p in layout.projections), default=2)


def current_bits(layout: Layout) -> int:
    """Return the width of a current that holds every sum that can reach a neuron in a step (eq. 1)."""
    lowest = highest = 0
    for population in layout.populations:
        reach = np.zeros((2, population.n), np.int64)
        for projection in layout.network.incoming(population.name):
            for sums, limit in zip(reach, projection.weight_range, strict=True):
                np.add.at(sums, projection.indices, limit)
        lowest, highest = min(lowest, int(reach[0].min())), max(highest, int(reach[1].max()))
    return max(signed_bits(lowest, highest), weight_bits(layout))


def event_bits(layout: Layout) -> int:
    """Return the width of an event: one number more than rows, for the end of a list."""
    return max(p.n.bit_length() for p in layout.populations if p.list_base is not None)


def refractory_bits(layout: Layout) -> int:
    """Return the width of a refractory counter; 0 where no population has one."""
    neurons = [p.population.neuron for p in layout.populations]
    return max(int(getattr(neuron, "refractory_steps", 0)).bit_length() for neuron in neurons)


def membrane_bits(layout: Layout) -> int:
    """Return the width of the widest membrane."""
    neurons = [p.population.neuron for p in layout.populations]
    return max((int(getattr(neuron, "membrane_bits", 0)) for neuron in neurons), default=0) or 1


def _widest(choices: Sequence[tuple[WordField, ...]]) -> tuple[WordField, ...]:
    return max(choices, key=lambda fields: sum(field.bits for field in fields), default=())


def memories(layout: Layout) -> tuple[Memory, ...]:
    """Return the memories of a layout; the place in the tuple is the memory's number at the host port."""
    n_rows = sum(p.n_rows for p in layout.projections)
    n_synapses = sum(p.n_synapses for p in layout.projections)
    widest_row = max((int(np.diff(p.projection.indptr).max()) for p in layout.projections), default=0)
    columns = max((p.projection.weights.shape[1] for p in layout.projections), default=1)
    events = event_bits(layout)
    learning = layout.learning
    made = [
        Memory(
            "rows",
            max(n_rows, 1),
            packed(
                [
                    ("start", "unsigned", bits_for(n_synapses), "first synapse of the row"),
                    ("count", "unsigned", bits_for(widest_row), "synapses of the row"),
                ]
            ),
            "rows of all projections, learning ones first",
            None,
        ),
        Memory(
            "columns",
            max(n_synapses, 1),
            packed([("column", "unsigned", bits_for(columns - 1), "target neuron")]),
            "targets of all synapses, in CSR order",
            None,
        ),
        Memory(
            "weights",
            max(n_synapses, 1),
            packed([("weight", "signed", weight_bits(layout), "")]),
            "weights of all synapses, in CSR order",
            None,
        ),
        Memory(
            "currents",
            layout.n_neurons,
            packed([("current", "signed", current_bits(layout), "sum of what arrived in this step")]),
            "neurons but inputs",
            0,
        ),
        Memory(
            "membranes",
            layout.n_neurons,
            packed(
                [
                    ("membrane", "signed", membrane_bits(layout), "from the resting value"),
                    *(
                        [("refractory", "unsigned", refractory_bits(layout), "steps to go")]
                        if refractory_bits(layout)
                        else []
                    ),
                ]
            ),
            "neurons but inputs",
            0,
        ),
        Memory(
            "events",
            layout.n_slots * layout.slot_words,
            packed([("row", "unsigned", events, "neuron that spiked; all ones: end of the list")]),
            "lists of spikes, for every step kept and every population that spikes",
            (1 << events) - 1,
        ),
        Memory(
            "input_spikes",
            next(p.n for p in layout.populations if p.is_input),
            packed([("spike", "bit", 1, "came in since the last step")]),
            "input neurons",
            0,
        ),
    ]
    if learning:
        made.append(
            Memory(
                "row_state",
                sum(p.n_rows for p in learning),
                _widest([row_fields(p) for p in learning]),
                "sources of learning projections",
                0,
            )
        )
        made += [
            Memory(
                f"column_state_{p.learner}",
                int(p.projection.weights.shape[1]),
                column_fields(p),
                f"targets of the learning projection {p.name}",
                0,
            )
            for p in learning
        ]
        at_synapse = _widest([synapse_fields(p) for p in learning])
        if at_synapse:
            words = max(sum(p.n_synapses for p in learning), 1)
            made.append(Memory("synapse_state", words, at_synapse, "synapses of learning projections", 0))
    return tuple(made)


def word(fields: Sequence[WordField], values: Mapping[str, int]) -> int:
    """Return fields as a word."""
    packed_word = 0
    for field in fields:
        packed_word |= (int(values[field.name]) & ((1 << field.bits) - 1)) << field.low
    return packed_word


def unpacked(fields: Sequence[WordField], packed_word: int) -> dict[str, int]:
    """Return the fields of a word.

    Examples
    --------
    >>> unpacked(packed([("spike", "bit", 1, ""), ("trace", "signed", 4, "")]), 0b11011)
    {'spike': 1, 'trace': -3}
    """
    values = {}
    for field in fields:
        value = (int(packed_word) >> field.low) & ((1 << field.bits) - 1)
        if field.kind == "signed" and value >> field.bits - 1:
            value -= 1 << field.bits
        values[field.name] = value
    return values


def images(layout: Layout) -> dict[str, NDArray[np.object_]]:
    """Return the words of every memory to begin with, as Python ints by memory."""
    made: dict[str, NDArray[np.object_]] = {}
    for memory in memories(layout):
        made[memory.name] = np.full(memory.words, memory.cleared or 0, dtype=object)
    by_name = {memory.name: memory for memory in memories(layout)}
    width = by_name["weights"].bits
    for p in layout.projections:
        synapses = slice(p.synapse_base, p.synapse_base + p.n_synapses)
        made["columns"][synapses] = p.projection.indices.astype(object)
        made["weights"][synapses] = p.projection.data.astype(object) & ((1 << width) - 1)
        counts = np.diff(p.projection.indptr)
        for row, (begin, count) in enumerate(zip(p.projection.indptr[:-1], counts, strict=True)):
            values = {"start": p.synapse_base + int(begin), "count": int(count)}
            made["rows"][p.row_base + row] = word(by_name["rows"].fields, values)
    return made
