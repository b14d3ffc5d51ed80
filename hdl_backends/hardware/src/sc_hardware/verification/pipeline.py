"""Prove that a pipelined lane is the lane without a pipeline, some clocks later (specs/hdl.md, "Proof")."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sc_core import registry
from sc_hardware.lane.design import LaneDesign, Module, Port
from sc_hardware.rules.widths import Width
from sc_hardware.verification import yosys
from sc_hardware.verification.solving import Proof

_CLAIM = "pipeline: the lane without it, {} clocks later, for all inputs in all clocks"
# Seconds with multipliers as they are. Two wide ones are hard to compare, and what is to be proven are wires and
# registers: then both lanes get adders in their places.
_MULTIPLIERS_FIRST = 30.0


def prove_delayed(
    pipelined: LaneDesign, lane: LaneDesign, parameters: Mapping[str, int], folder: Path, *, time_limit: float
) -> Proof:
    """Prove by induction that a pipelined lane shows what a lane without a pipeline shows, some clocks later.

    Parameters
    ----------
    pipelined, lane : LaneDesign
        Of the same rule, with the same ports, every field of the state among them, and different module names.
    parameters : mapping of str to int
        All parameters of the rule.
    folder : pathlib.Path
        An existing folder, into which sources are emitted.
    time_limit : float
        Seconds for each part of the induction.

    Returns
    -------
    Proof
    """
    start = time.monotonic()
    files = registry.create("hdl", "verilog").emit(pipelined) | registry.create("hdl", "verilog").emit(lane)
    files["delayed.v"] = _comparison(pipelined, lane.lane, parameters)
    for name, text in files.items():
        (folder / name).write_text(text)
    source = yosys.Source(tuple(files), "delayed")
    commands = yosys.elaborate(source, "delayed", formal=True)
    # So many clocks fix all that is on its way; the fields of the state are outputs, which are equal by assumption.
    n_clocks = 2 * pipelined.latency + 2
    method = "yices"
    holds = _by_induction(commands, folder, n_clocks, min(_MULTIPLIERS_FIRST, time_limit))
    if holds is None:
        method = "yices, +"
        holds = _by_induction([*commands, "chtype -set $add t:$mul"], folder, n_clocks, time_limit)
    return Proof(_CLAIM.format(pipelined.latency - 1), holds, method, time.monotonic() - start)


def _by_induction(commands: Sequence[str], folder: Path, n_clocks: int, time_limit: float) -> bool | None:
    for induction in (False, True):
        holds = yosys.prove_by_yices(
            commands, "delayed", folder, steps=n_clocks, time_limit=time_limit, induction=induction
        )
        if not holds:
            return holds
    return True


def _comparison(pipelined: LaneDesign, lane: Module, parameters: Mapping[str, int]) -> str:
    """Return a module in which both lanes see the same inputs, and whose assertions compare their outputs."""
    inputs = [port for port in lane.ports if port.direction == "in"]
    outputs = [port for port in lane.ports if port.direction == "out"]
    behind = pipelined.latency - 1
    lines = [f"module delayed({', '.join(port.name for port in inputs)});"]
    lines += [f"  input {_range(port, parameters)}{port.name};" for port in inputs]
    for port in outputs:
        lines.append(f"  wire {_range(port, parameters)}found_{port.name}, now_{port.name};")
        lines += [f"  reg {_range(port, parameters)}then_{port.name}_{n};" for n in range(behind)]
    for module, front in ((pipelined.lane, "found"), (lane, "now")):
        values = ", ".join(f".{p.name}({parameters[p.name.lower()]})" for p in module.parameters)
        connections = [f".{port.name}({port.name})" for port in inputs]
        connections += [f".{port.name}({front}_{port.name})" for port in outputs]
        lines.append(
            f"  {module.name} {f'#({values}) ' if values else ''}{front} ({', '.join(connections)});"
        )
    chains = [[f"now_{port.name}", *(f"then_{port.name}_{n}" for n in range(behind))] for port in outputs]
    kept = [pair for chain in chains for pair in itertools.pairwise(chain)]
    lines.append("  always @(posedge clk or negedge rst_n) if (!rst_n) begin")
    lines += [f"    {after} <= 0;" for _, after in kept]
    lines += ["  end else begin", *(f"    {after} <= {before};" for before, after in kept), "  end"]
    lines.append("  initial assume (!rst_n);")
    lines += [f"  always @* assert (found_{port.name} == then_{port.name}_{behind - 1});" for port in outputs]
    return "\n".join([*lines, "endmodule", ""])


def _range(port: Port, parameters: Mapping[str, int]) -> str:
    bits: Width = port.shape.width
    return f"{'signed ' if port.shape.signed else ''}[{bits.value(parameters) - 1}:0] "
