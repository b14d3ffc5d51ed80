"""Properties of an engine, proven on its Verilog for all inputs, to a depth (specs/projection-engine.md, "Proof").

The assertions are put into copies of the emitted sources, where every signal that they speak of has a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sc_core import registry
from sc_hardware.projection_engine import HardwareDesign, Phase
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.verification import yosys
from sc_hardware.verification.bounded import prove_bounded


def prove_properties(
    design: HardwareDesign,
    folder: Path,
    *,
    depth: int,
    time_limit: float,
    changes: Mapping[str, tuple[str, str]] | None = None,
    further: str = "",
) -> bool | None:
    """Prove the properties for all sequences of inputs of some length, from reset.

    Parameters
    ----------
    design : HardwareDesign
        Small; where it learns, nothing is said of its currents.
    folder : pathlib.Path
        Where the files are put.
    depth : int
        Clocks.
    time_limit : float
        Seconds for the solver.
    changes : mapping of str to (str, str), optional
        Text by text to be replaced, by module: mutants, which must be refuted.
    further : str
        More Verilog, which may speak of ``steps``, the number of steps done.

    Returns
    -------
    bool or None
        Whether all hold; None where the time was not enough.
    """
    backend = registry.create("hdl", "verilog")
    files = backend.emit(design) | backend.memory_images(design)
    for name, (old, new) in (changes or {}).items():
        if old not in files[name]:
            raise ValueError(f"{name} has no {old!r} to replace")
        files[name] = files[name].replace(old, new)
    for module, properties in (
        (f"{design.name}.v", _of_engine(design) + further),
        (f"{design.name}_synapses.v", _of_currents(design)),
    ):
        files[module] = files[module].replace("endmodule", f"{properties}endmodule")
    for name, text in files.items():
        (folder / name).write_text(text)
    sources = tuple(name for name in files if name.endswith(".v"))
    commands = yosys.elaborate(yosys.Source(sources, design.name), "checked", formal=True)
    commands = [*commands, "memory", "opt -full", "dffunmap"]
    return prove_bounded(commands, "checked", folder, depth=depth, time_limit=time_limit)


def _of_currents(design: HardwareDesign) -> str:
    """Return that a sum always starts from the newest value of the current: the hazard is met."""
    memory = design.memory("currents")
    return f"""
    // The newest value of every current, as written by stage H or cleared by the neuron pass
    reg signed [{memory.bits - 1}:0] newest [0:{memory.words - 1}];
    always @(posedge clk) begin
        if (synapses_currents_write_enable) newest[neuron_h] <= total;
    end
    reg [{memory.words - 1}:0] written = 0;
    always @(posedge clk) begin
        if (rst_n && synapses_currents_write_enable) written[neuron_h] <= 1'b1;
        if (rows_done && !valid_f && !valid_g && !valid_h) written <= 0;
    end
    always @* begin
        if (rst_n && synapses_currents_write_enable && written[neuron_h])
            assert (sum_before == newest[neuron_h]);
    end
"""


def _of_engine(design: HardwareDesign) -> str:
    return (
        _surroundings(design) + _spikes(design) + _arrivals(design) + _collisions(design) + _schedule(design)
    )


def _surroundings(design: HardwareDesign) -> str:
    """Return reset in the first clock, steps and spikes but nothing else, without a pause; and what a step is."""
    return """
    reg in_reset = 1'b1;
    always @(posedge clk) in_reset <= 1'b0;
    always @* assume (rst_n == !in_reset);
    always @* assume (!host_enable && !start_clear && !start_flush && !freeze);
    always @* assume (!idle || in_reset || start_step || aer_in_valid);
    wire starts = idle && start_step && rst_n;
    reg stepping = 1'b0;
    reg [3:0] steps = 0;
    always @(posedge clk) begin
        if (starts) stepping <= 1'b1;
        if (done && stepping) begin
            stepping <= starts;
            steps <= steps + 1;
        end
    end
"""


def _spikes(design: HardwareDesign) -> str:
    """Return that what comes in, and what a neuron emits, leaves exactly once in its step."""
    layout = design.layout
    source = next(p for p in layout.populations if p.is_input)
    n = layout.populations[-1].first + layout.populations[-1].n
    event = design.memory("events")
    chosen = {
        phase.population.first: index
        for index, phase in enumerate(layout.phases)
        if phase.kind in ("input", "neurons") and phase.population.list_base is not None
    }
    first = " ".join(f"(phase == {index}) ? {at} :" for at, index in chosen.items()) + " 0"
    sent = sum(
        ((1 << phase.population.n) - 1) << phase.population.first
        for phase in layout.phases
        if phase.kind == "send"
    )
    return f"""
    // Spikes that came in; those of this step that no list has yet; those of this step to send; all of them
    reg [{source.n - 1}:0] came_in = 0, to_list = 0;
    reg [{n - 1}:0] to_send = 0, spiked = 0, spiked_before = 0;
    localparam [{n - 1}:0] SENT = {n}'d{sent};
    wire comes = aer_in_valid && aer_in_ready && aer_in_address < {source.n};
    wire [{source.n - 1}:0] now_in = came_in | (comes ? {source.n}'d1 << aer_in_address : {source.n}'d0);
    wire emits = neurons_events_write_enable && neurons_events_write_data != {(1 << event.bits) - 1};
    wire [31:0] emitter = neurons_events_write_data + ({first});
    wire sends = aer_out_valid && aer_out_ready;
    always @(posedge clk) begin
        came_in <= starts ? {source.n}'d0 : now_in;
        if (starts) begin
            to_list <= now_in;
            to_send <= 0;
            spiked <= 0;
            spiked_before <= spiked;
        end
        if (emits) spiked[emitter] <= 1'b1;
        if (emits && SENT[emitter]) to_send[emitter] <= 1'b1;
        if (emits && emitter < {source.n}) to_list[emitter] <= 1'b0;
        if (sends) to_send[aer_out_address] <= 1'b0;
    end
    always @* begin
        if (rst_n && sends) assert (to_send[aer_out_address]);
        if (rst_n && stepping && done) assert (to_send == 0 && to_list == 0);
        if (rst_n && emits) assert (!spiked[emitter]);
        if (rst_n && emits && emitter < {source.n}) assert (to_list[emitter]);
    end
"""


def _arrivals(design: HardwareDesign) -> str:
    """Return that a neuron's current is the sum over the spikes that arrive, each once; of frozen networks."""
    if design.layout.learning:
        return ""
    bits = design.memory("currents").bits
    sums = []
    for phase in design.layout.phases:
        if phase.kind == "neurons" and phase.population.neuron_base is not None:
            for j in range(phase.population.n):
                terms = " + ".join(_arriving(design, phase, j)) or "0"
                sums.append(f"        expected[{phase.population.neuron_base + j}] = {terms};")
    lines = "\n".join(sums)
    return f"""
    reg signed [{bits - 1}:0] expected [0:{design.memory("currents").words - 1}];
    always @* begin
{lines}
    end
    reg passes = 1'b0;
    reg [{design.memory("currents").address_bits - 1}:0] passed = 0;
    always @(posedge clk) begin
        passes <= neurons_currents_read_enable && !flushing;
        passed <= neurons_currents_read_address;
    end
    always @* if (rst_n && passes) assert ($signed(currents_read_data) == expected[passed]);
"""


def _arriving(design: HardwareDesign, phase: Phase, j: int) -> list[str]:
    terms = []
    for p in design.layout.projections:
        if p.projection.target != phase.population.name:
            continue
        if p.projection.delay > 1:
            raise ValueError("the properties look back one step, no further")
        spikes = "spiked_before" if p.projection.delay else "spiked"
        first = design.layout.population(p.projection.source).first
        dense = p.projection.weights.toarray()
        terms += [
            f"({spikes}[{first + int(i)}] ? {int(dense[i, j])} : 0)" for i in np.flatnonzero(dense[:, j])
        ]
    return terms


def _collisions(design: HardwareDesign) -> str:
    """Return that no word is read while it is written, but a current where the sum is handed on."""
    lines = []
    for memory in design.memories:
        name = memory.name
        excused = " && !(synapses_currents_read_enable && synapses_currents_write_enable)"
        lines.append(
            f"        if (rst_n && {name}_read_enable && {name}_write_enable{excused * (name == 'currents')})\n"
            f"            assert ({name}_read_address != {name}_write_address);"
        )
        if memory.words != 1 << memory.address_bits:
            lines.append(
                f"        if (rst_n && {name}_read_enable) assert ({name}_read_address < {memory.words});"
            )
            lines.append(
                f"        if (rst_n && {name}_write_enable) assert ({name}_write_address < {memory.words});"
            )
    return "    always @* begin\n" + "\n".join(lines) + "\n    end\n"


def _schedule(design: HardwareDesign) -> str:
    """Return that a step ends within its bound, not counting clocks in which the receiver is not ready."""
    return f"""
    reg [15:0] busy = 0;
    always @(posedge clk) begin
        if (idle) busy <= 0;
        else if (!(aer_out_valid && !aer_out_ready)) busy <= busy + 1;
    end
    always @* if (rst_n) assert (busy <= {step_bound(design.layout)});
"""
