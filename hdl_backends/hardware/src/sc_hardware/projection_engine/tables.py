"""An engine in tables: populations, projections, phases, memories and the bit fields of their words, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from sc_hardware.projection_engine.cycles import phase_bound, step_bound
from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.memories import WordField, column_fields, row_fields, synapse_fields


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table.

    Examples
    --------
    >>> table(["name", "n"], [["pixels", 64]])
    ['| name | n |', '|---|---|', '| pixels | 64 |']
    """
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def network_tables(design: HardwareDesign) -> list[str]:
    """Return the populations and projections of an engine, and where they lie in its memories."""
    populations = []
    for p in design.layout.populations:
        neuron = p.population.neuron
        constants = [f"{name} {getattr(neuron, name)}" for name in _CONSTANTS if hasattr(neuron, name)]
        model = type(neuron).__name__.removeprefix("Integer")
        base = "" if p.neuron_base is None else p.neuron_base
        populations.append([f"`{p.name}`", p.n, model, p.first, base, ", ".join(constants)])
    projections = []
    for each in design.layout.projections:
        own = each.projection
        how = "frozen"
        if own.rule is not None:
            how = f"`{own.rule.name}` ({', '.join(f'{name} {value}' for name, value in own.parameters.items())})"
        low, high = own.weight_range
        words = [each.row_base, each.synapse_base]
        projections.append([f"`{each.name}`", each.n_synapses, own.delay, f"{low} to {high}", how, *words])
    return [
        "## Network",
        "",
        *table(
            ["population", "neurons", "model", "first AER address", "first word in `membranes`", "constants"],
            populations,
        ),
        "",
        *table(
            ["projection", "synapses", "delay", "weights", "learns", "first row", "first synapse"],
            projections,
        ),
        "",
    ]


_CONSTANTS = (
    "threshold",
    "reset",
    "reset_value",
    "refractory_steps",
    "decay_multiplier",
    "decay_shift",
    "membrane_bits",
    "current_bits",
)


def schedule_table(design: HardwareDesign) -> list[str]:
    """Return the phases of a step and the clocks of each."""
    rows = [[number, phase.comment, phase_bound(phase)] for number, phase in enumerate(design.layout.phases)]
    return [
        "## Schedule",
        "",
        "Phases of a step in their order. A frozen sweep takes fewer clocks where fewer sources spike, sending where",
        "fewer neurons do; a receiver that is not ready adds its clocks.",
        "",
        *table(["phase", "what", "clocks, at most"], rows),
        "",
        f"A step takes at most {step_bound(design.layout)} clocks, one of them of its own.",
        "",
    ]


def memory_tables(design: HardwareDesign) -> list[str]:
    """Return the memory map at the host port, and the bit fields of every memory's words."""
    digits = -(-design.host_address_bits // 4)
    rows = [
        [
            row["number"],
            f"`{row['memory']}`",
            f"`{row['host_address']:0{digits}x}`",
            row["words"],
            row["bits"],
            row["total_bits"],
            row["meaning"],
        ]
        for row in design.memory_map
    ]
    total = sum(memory.total_bits for memory in design.memories)
    lines = [
        "## Memory map",
        "",
        f"`host_address` has {design.host_address_bits} bits: the memory's number over the word's "
        f"{design.word_address_bits}. `host_write_data` and `host_read_data` have {design.host_data_bits}; "
        "a narrower word is in the lowest bits.",
        "",
        *table(
            ["number", "memory", "first host address (hex)", "words", "bits", "bits in all", "what"], rows
        ),
        "",
        f"{total} bits in all.",
        "",
        "## Bit fields",
        "",
    ]
    for memory in design.memories:
        for where, fields in _words(design, memory.name, memory.fields):
            lines += [f"`{memory.name}`{where}:", "", *table(*_fields(fields)), ""]
    return lines


def _words(
    design: HardwareDesign, name: str, fields: tuple[WordField, ...]
) -> list[tuple[str, tuple[WordField, ...]]]:
    """Return the words of a memory: of one that rules share, those of each projection."""
    own = {"row_state": row_fields, "synapse_state": synapse_fields}.get(name)
    if own is not None:
        return [(f", {projection.name}", own(projection)) for projection in design.layout.learning]
    if name.startswith("column_state_"):
        projection = design.layout.learning[int(name.rpartition("_")[2])]
        return [(f", {projection.name}", column_fields(projection))]
    return [("", fields)]


def _fields(fields: Sequence[WordField]) -> tuple[list[str], list[list[str]]]:
    rows = []
    for field in fields:
        high = field.low + field.bits - 1
        bits = f"{high}:{field.low}" if field.bits > 1 else f"{high}"
        low_value, high_value = 0, (1 << field.bits) - 1
        if field.kind == "signed":
            low_value, high_value = -(1 << field.bits - 1), (1 << field.bits - 1) - 1
        rows.append([bits, f"`{field.name}`", field.kind, f"{low_value} to {high_value}", field.meaning])
    return ["bits", "field", "kind", "range", "meaning"], rows
