"""Properties of an engine, proven on its Verilog for all inputs (specs/projection-engine.md, "Proof").

The assertions are put into copies of the emitted sources. Lanes are cut out of these: what they make is anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sc_core import registry
from sc_hardware.lane.design import Module
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.cycles import phase_bound, step_bound
from sc_hardware.verification import yosys
from sc_hardware.verification.bounded import prove_bounded
from sc_hardware.verification.engine_claims import Claims
from sc_hardware.verification.engine_invariant import add_invariant, registers
from sc_hardware.verification.engine_model import add_model
from sc_hardware.verification.engine_units import lanes, units_from_vhdl

_STALLS = 1  # clocks in which the receiver is not ready: see _stalls
# Registers that mean something only while the one named behind them is set
_DATA = (
    (r"neurons\.visited_\w+", "neurons.visited"),
    (r"synapses\.(?!valid)\w+_([fgh])", r"synapses.valid_\1"),
    (r"synapses\.last_(neuron|sum)", "synapses.last_valid"),
)


def operation_depth(design: HardwareDesign) -> int:
    """Return the clocks in which every step, flush or clear that starts in the first one has ended."""
    return max(step_bound(design.layout), _clear_bound(design)) + _STALLS + 2


def prove_properties(
    design: HardwareDesign,
    folder: Path,
    *,
    language: str = "verilog",
    from_reset: bool,
    depth: int,
    time_limit: float,
    changes: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    further: str = "",
) -> bool | None:
    """Prove the properties for all sequences of inputs of some length.

    Parameters
    ----------
    design : HardwareDesign
        Small.
    folder : pathlib.Path
        Where the files are put.
    language : {"verilog", "vhdl"}
        Whose modules are proven. Of the VHDL, as GHDL reads it, they are those between lanes and memories.
    from_reset : bool
        Whether the first clock is a reset, memories as emitted. Else it is one in which the engine waits, with
        anything in registers and memories but what the invariant says, and nothing starts after it.
    depth : int
        Clocks; `operation_depth` for a whole operation.
    time_limit : float
        Seconds for the solver.
    changes : mapping of str to (str, str), optional
        Text by text to be replaced, by file: mutants, which must be refuted.
    further : str
        More Verilog, for the end of the top module.

    Returns
    -------
    bool or None
        Whether all hold; None where the time was not enough.
    """
    backend = registry.create("hdl", "verilog")
    files = _changed(backend.emit(design), changes if language == "verilog" else {})
    files |= backend.memory_images(design)
    if language == "vhdl":
        files |= units_from_vhdl(
            design, _changed(registry.create("hdl", "vhdl").emit(design), changes), folder
        )
    claims = _claims(design, from_reset=from_reset)
    top, memory = f"{design.name}.v", f"{design.name}_memory.v"
    files[top] = files[top].replace("endmodule", f"{claims.verilog()}{further}endmodule")
    files[memory] = _open_memory(files[memory])
    for module in lanes(design):
        files[f"{module.name}.v"] = _cut(files[f"{module.name}.v"], module)
    if not from_reset:
        for each in design.memories:
            if each.name not in ("rows", "columns"):
                files[top] = files[top].replace(f'"{design.name}_{each.name}.hex"', '"none"')
    for name, text in files.items():
        (folder / name).write_text(text)
    sources = tuple(name for name in files if name.endswith(".v"))
    commands = yosys.elaborate(yosys.Source(sources, design.name), "checked", formal=True)
    commands = [*commands, "memory", "opt -full", "dffunmap"]
    return prove_bounded(commands, "checked", folder, depth=depth, time_limit=time_limit)


def _changed(files: Mapping[str, str], changes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    changed = dict(files)
    for name, (old, new) in changes.items():
        if old not in changed[name]:
            raise ValueError(f"{name} has no {old!r} to replace")
        changed[name] = changed[name].replace(old, new)
    return changed


def _claims(design: HardwareDesign, *, from_reset: bool) -> Claims:
    c = Claims(design)
    c.register("first", 1, [("1", "0")], reset="0", initial="1'b1")
    add_model(c)
    add_invariant(c)
    for relation in (*c.quiet, *c.remembered):
        c.claim("idle", relation)
    c.assume("!(idle && host_enable && host_write)")
    if from_reset:
        c.assume("rst_n == !first && (rst_n || !(aer_in_valid || host_enable))")
    else:
        c.assume("rst_n && (first || !(starts || comes))")
        c.assume("!first || idle")
        for relation in c.quiet:
            c.assume(f"!first || ({relation})")
        for relation in c.remembered:
            c.assume(f"!first || starts_clear || ({relation})")
    _schedule(c)
    _stalls(c)
    _collisions(c)
    return c


def _clear_bound(design: HardwareDesign) -> int:
    return max(memory.words for memory in design.memories if memory.cleared is not None)


def _schedule(c: Claims) -> None:
    """Claim that every phase, and a whole operation, ends within its bound, and that its end is said."""
    ready = "!(aer_out_valid && !aer_out_ready)"
    c.register("busy", 16, [("idle", "0"), (ready, "busy + 1")], initial="0")
    ends = f"idle || {c.see('sequencer.phase_ends')}"
    c.register("in_phase", 16, [(ends, "0"), (ready, "in_phase + 1")], initial="0")
    step, clear = step_bound(c.design.layout), _clear_bound(c.design)
    c.claim("!idle", f"busy < (model_step || model_flush ? {step} : {clear})")
    for number, phase in enumerate(c.design.layout.phases):
        c.claim(f"!idle && !clearing && phase == {number}", f"in_phase < {phase_bound(phase)}")
    c.register("was_busy", 1, [("1", "!idle")], initial="0")
    c.claim("1", "done == (idle && was_busy)")


def _stalls(c: Claims) -> None:
    """Claim that a clock in which the receiver is not ready changes nothing.

    So one such clock, at any place, is enough: without it the engine goes on as if it had not been.
    """
    c.wire("stalls", "aer_out_valid && !aer_out_ready")
    c.register("stalled", 1, [("1", "stalls")], initial="0")
    c.register("stalled_before", 1, [("stalls", "1")], initial="0")
    c.assume("!(stalls && stalled_before)")
    for path, bits in registers(c):
        before = f"before_{path.replace('.', '_')}"
        c.register(before, bits, [("1", c.see(path, bits))])
        matters = [
            c.see(re.sub(pattern, flag, path)) for pattern, flag in _DATA if re.fullmatch(pattern, path)
        ]
        c.claim(" && ".join(["stalled", *matters]), f"{c.see(path, bits)} == {before}")
    for memory in c.design.memories:
        c.register(f"before_{memory.name}_read_data", memory.bits, [("1", f"{memory.name}_read_data")])
        c.claim("stalled", f"{memory.name}_read_data == before_{memory.name}_read_data")
        c.claim("stalls", f"!{memory.name}_write_enable")


def _collisions(c: Claims) -> None:
    """Claim that no word is read while it is written, but a current that is handed on; and that all are there."""
    for memory in c.design.memories:
        name = memory.name
        excused = " && !(synapses_currents_read_enable && synapses_currents_write_enable)"
        when = f"{name}_read_enable && {name}_write_enable{excused * (name == 'currents')}"
        c.claim(when, f"{name}_read_address != {name}_write_address")
        if memory.words != 1 << memory.address_bits:
            c.claim(f"{name}_read_enable", f"{name}_read_address < {memory.words}")
            c.claim(f"{name}_write_enable", f"{name}_write_address < {memory.words}")


def _open_memory(text: str) -> str:
    """Return a memory whose words can be seen, and whose reads return anything where the word is written."""
    old, collides = "read_data <= words[read_address]", "write_enable && write_address == read_address"
    if old not in text:
        raise ValueError("the memory reads in a way that the proof does not know")
    text = text.replace(old, f"read_data <= ({collides}) ? any_word : words[read_address]")
    seen = """    wire [BITS-1:0] any_word = $anyseq;
    wire [BITS*WORDS-1:0] content;
    genvar number;
    generate
        for (number = 0; number < WORDS; number = number + 1) begin : open
            assign content[BITS*number +: BITS] = words[number];
        end
    endgenerate
"""
    return text.replace("endmodule", f"{seen}endmodule")


def _cut(text: str, lane: Module) -> str:
    """Return a lane that makes anything of its operands."""
    head = text[: text.index("\n);\n") + 4]
    outputs = [port.name for port in lane.ports if port.direction == "out"]
    body = "".join(f"    assign {name} = $anyseq;\n" for name in outputs)
    return f"{head}{body}endmodule\n"
