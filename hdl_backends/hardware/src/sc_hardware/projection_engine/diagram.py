"""The block diagram of an engine as SVG: units, memories with their sizes, what flows between them."""

from __future__ import annotations

from collections.abc import Sequence

from sc_hardware.emission.drawing import ACCENT, FILL, Drawing
from sc_hardware.projection_engine.design import HardwareDesign

_UNITS = (
    ("rows", "rows", "the lists of spikes, row by row", ("events", "rows", "row_state")),
    (
        "synapses",
        "synapses",
        "one synapse per clock, and its rule",
        ("columns", "weights", "synapse_state", "currents"),
    ),
    ("neurons", "neurons", "membranes, spikes, traces", ("membranes", "column_state")),
)
_WIDTH, _HEIGHT, _GAP, _TOP = 216, 62, 66, 96


def block_diagram(design: HardwareDesign) -> str:
    """Return the block diagram.

    Parameters
    ----------
    design : HardwareDesign

    Returns
    -------
    str
        An SVG. Each memory stands under the unit that its words are read for.
    """
    stacks = [_stack(design, names) for _label, _title, _what, names in _UNITS]
    deepest = max(len(stack) for stack in stacks)
    left = 130
    width = left + 3 * _WIDTH + 2 * _GAP + 130
    bottom = _TOP + _HEIGHT + 40 + deepest * 44
    drawing = Drawing(width, bottom + 50, f"Block diagram of {design.name}")
    drawing.text(12, 22, design.name, size=14, bold=True)
    drawing.text(12, 40, _contents(design), size=10)
    middle = _TOP + _HEIGHT / 2
    for place, (_label, title, what, _names) in enumerate(_UNITS):
        x = left + place * (_WIDTH + _GAP)
        drawing.box(x, _TOP, _WIDTH, _HEIGHT, fill=FILL, stroke=ACCENT, round_=6)
        drawing.text(x + _WIDTH / 2, _TOP + 26, title, size=13, anchor="middle", bold=True)
        drawing.text(x + _WIDTH / 2, _TOP + 44, what, size=10, anchor="middle")
        _memories(drawing, x, stacks[place])
    _flows(drawing, design, left, middle, width)
    _control(drawing, design, left, width, bottom)
    return drawing.svg()


def _contents(design: HardwareDesign) -> str:
    neurons = ", ".join(f"{p.name} {p.n}" for p in design.layout.populations)
    synapses = sum(p.n_synapses for p in design.layout.projections)
    learning = sum(p.n_synapses for p in design.layout.learning)
    bits = sum(memory.total_bits for memory in design.memories)
    return f"neurons: {neurons}; {synapses} synapses, {learning} of them learn; {bits} bits of memory"


def _stack(design: HardwareDesign, names: Sequence[str]) -> list[str]:
    """Return the memories of a unit: name, and words x bits."""
    chosen = [
        memory
        for name in names
        for memory in design.memories
        if memory.name == name or (memory.name.startswith(f"{name}_") and name == "column_state")
    ]
    return [f"{memory.name}  {memory.words} x {memory.bits}" for memory in chosen]


def _memories(drawing: Drawing, x: float, stack: Sequence[str]) -> None:
    for place, words in enumerate(stack):
        y = _TOP + _HEIGHT + 34 + place * 44
        drawing.box(x + 18, y, _WIDTH - 36, 32)
        drawing.line([(x + 18, y + 5), (x + _WIDTH - 18, y + 5)], width=0.8)  # a second edge: a memory
        drawing.text(x + _WIDTH / 2, y + 22, words, size=10.5, anchor="middle")
    if stack:
        drawing.line(
            [(x + _WIDTH / 2, _TOP + _HEIGHT + 34), (x + _WIDTH / 2, _TOP + _HEIGHT)],
            stroke=ACCENT,
            arrow=True,
        )


def _flows(drawing: Drawing, design: HardwareDesign, left: float, middle: float, width: float) -> None:
    ends = [left + place * (_WIDTH + _GAP) for place in range(3)]
    labels = ("row, synapse", "currents")
    for place, label in enumerate(labels):
        begin, end = ends[place] + _WIDTH, ends[place + 1]
        drawing.line([(begin, middle), (end, middle)], arrow=True)
        drawing.text((begin + end) / 2, middle - 7, label, size=9, anchor="middle")
    drawing.line([(24, middle), (left, middle)], arrow=True)
    drawing.text(24, middle - 8, "aer_in", size=10.5)
    drawing.text(24, middle + 15, "input_spikes", size=9)
    right = ends[2] + _WIDTH
    drawing.line([(right, middle), (width - 24, middle)], arrow=True)
    drawing.text(width - 24, middle - 8, "aer_out", size=10.5, anchor="end")
    drawing.text(width - 24, middle + 15, "sender", size=9, anchor="end")
    back = _TOP - 20
    drawing.line([(right - 40, _TOP), (right - 40, back), (left + 40, back), (left + 40, _TOP)], arrow=True)
    drawing.text(
        (left + right) / 2, back - 6, "spikes of each step, into the lists of events", size=9, anchor="middle"
    )


def _control(drawing: Drawing, design: HardwareDesign, left: float, width: float, bottom: float) -> None:
    drawing.box(24, bottom, width - 48, 34, stroke=ACCENT, round_=6)
    words = f"sequencer: {len(design.layout.phases)} phases a step; start_step, start_flush, start_clear, idle, done"
    drawing.text(38, bottom + 21, words, size=10.5)
    host = f"host port: {design.host_address_bits} bits of address, {design.host_data_bits} of data, every memory"
    drawing.text(width - 38, bottom + 21, host, size=10.5, anchor="end")
