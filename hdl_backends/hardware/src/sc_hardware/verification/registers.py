"""Prove what is around the stages: the step's wiring, and the lane's registers (specs/hdl.md, "Proof")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import z3

from sc_hardware.lane.design import LaneDesign, Operand, RegisterGroup
from sc_hardware.verification import yosys
from sc_hardware.verification.against_rule import module_source, read_stages, with_signals
from sc_hardware.verification.products import Signal, as_sort
from sc_hardware.verification.solving import Proof, prove


def prove_registers(
    design: LaneDesign,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    time_limit: float,
    report: Callable[[Proof], None] = lambda proof: None,
) -> list[Proof]:
    """Prove that a lane resets, holds, loads and steps, and that its stages are connected as designed.

    Parameters
    ----------
    design : LaneDesign
        A lane, emitted as Verilog in `folder`.
    parameters : mapping of str to int
        All parameters of the rule.
    folder : pathlib.Path
        Where the files are.
    time_limit : float
        Seconds for each claim.
    report : callable, optional
        Called with each proof as it is done.

    Returns
    -------
    list of Proof
        All must hold.
    """
    now, after, transition = _two_clocks(design, parameters, folder)
    lane = design.lane
    names = [signal.name for signal in lane.kept]
    running = z3.And(transition, now["rst_n"], after["rst_n"])
    in_reset = z3.And(transition, z3.Not(now["rst_n"]))
    zero = z3.And(*(now[name] == _zero(now[name]) for name in names), z3.Not(now["update_done"]))
    stays_zero = z3.And(*(after[name] == _zero(after[name]) for name in names))
    ends, *loads = (now[name] for name in lane.done)
    claims = {
        "reset: the state and update_done are 0 at once": z3.Implies(in_reset, zero),
        "reset: the state is 0 after it": z3.Implies(z3.And(in_reset, after["rst_n"]), stays_zero),
        "update_done says that a step was taken": z3.Implies(
            running, after["update_done"] == z3.And(ends, *map(z3.Not, loads))
        ),
    }
    for group in lane.register_groups:
        claims |= _steps(group, running, now, after)
    claims |= {
        f"pipeline: {each.signal.name} is {each.next_value} a clock ago": z3.Implies(
            running, after[each.signal.name] == now[each.next_value]
        )
        for each in lane.flip_flops
    }
    claims |= _wiring(design, parameters, folder, now)
    proofs = []
    for claim, term in claims.items():
        proofs.append(prove(claim, term, time_limit=time_limit))
        report(proofs[-1])
    return proofs


def _steps(
    group: RegisterGroup, running: Any, now: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is claimed of the fields of the state that step in the same clock."""
    load, step = now.get(group.load_en, z3.BoolVal(False)), now[group.step_en]
    names = [register.signal.name for register in group.registers]
    which = ", ".join(names)
    stepped = z3.And(*(after[r.signal.name] == now[r.next_value] for r in group.registers))
    held = z3.And(*(after[name] == now[name] for name in names))
    loaded = z3.And(*(after[r.signal.name] == now[r.load or r.signal.name] for r in group.registers))
    return {
        f"step: the next state is taken by {which}": z3.Implies(z3.And(running, step, z3.Not(load)), stepped),
        f"hold: without {group.step_en} nothing changes in {which}": z3.Implies(
            z3.And(running, z3.Not(step), z3.Not(load)), held
        ),
        f"load: only the loaded fields change of {which}": z3.Implies(z3.And(running, load), loaded),
    }


def _zero(term: Any) -> Any:
    return z3.BoolVal(False) if z3.is_bool(term) else z3.BitVecVal(0, term.size())


def _two_clocks(
    design: LaneDesign, parameters: Mapping[str, int], folder: Path
) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Return the lane's ports and next states before and after a rising edge, and that the edge lies between."""
    source = module_source(design, design.lane, parameters)
    commands = [*yosys.elaborate(source, "lane"), "async2sync", "dffunmap"]
    text = yosys.write_smt2(commands, "lane", folder)
    lane = design.lane
    wires = [port.name for port in lane.ports if port.name != "clk"]
    wires += [signal.name for signal in lane.kept]
    wires += [signal.name for signal in lane.signals if signal.name not in wires]
    if design.latency == 1:
        wires += [f"step.{signal.name}" for signal in design.step.signals]
    lines = ["(declare-const before |lane_s|)", "(declare-const behind |lane_s|)"]
    lines.append("(assert (|lane_t| before behind))")
    for state in ("before", "behind"):
        lines += [f"(assert (= (|lane_n {wire}| {state}) (|lane_n {wire}| {state})))" for wire in wires]
    parsed = z3.parse_smt2_string(text + "\n".join(lines), ctx=z3.Context())
    transition, *equations = _with_free_state([assertion.translate(z3.main_ctx()) for assertion in parsed])
    terms = [equation.children()[0] for equation in equations]
    return (
        dict(zip(wires, terms, strict=False)),
        dict(zip(wires, terms[len(wires) :], strict=True)),
        transition,
    )


def _with_free_state(terms: list[Any]) -> list[Any]:
    """Return terms in which the parts of the state, functions of it to yosys, are free variables."""
    parts: dict[int, Any] = {}
    seen: set[int] = set()

    def visit(term: Any) -> None:
        if term.get_id() in seen:
            return
        seen.add(term.get_id())
        if z3.is_app(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED and term.num_args() == 1:
            parts[term.get_id()] = term
            return
        for child in term.children():
            visit(child)

    for term in terms:
        visit(term)
    free = [(part, z3.Const(f"{part.decl().name()} {part.arg(0)}", part.sort())) for part in parts.values()]
    return [z3.substitute(term, *free) for term in terms]


def _wiring(
    design: LaneDesign, parameters: Mapping[str, int], folder: Path, now: Mapping[str, Any]
) -> dict[str, Any]:
    """Return that each signal between the stages, and each next state, is what its stage makes of those before.

    A stage is given the lane's own signals, so that no multiplier is met twice.
    """

    def wire(name: str) -> Any:
        return now[name if name in now else f"step.{name}"]

    inner = design.step if design.latency == 1 else design.lane
    equal: dict[str, Any] = {}
    terms = read_stages(design, parameters, folder)
    for instance, module in zip(inner.instances, design.stages, strict=True):
        connected = dict(instance.connections)
        inputs = {
            p.name: Signal(wire(connected[p.name]), signed=False) for p in module.ports if p.direction == "in"
        }
        outputs = with_signals(terms[module.name], inputs)
        for port, term in outputs.items():
            lane = wire(connected[port])
            claim = f"wiring: {connected[port]} is what {module.name} makes of its inputs"
            equal[claim] = as_sort(term, lane.sort()) == lane
    copies = design.lane.assignments + (design.step.assignments if design.latency == 1 else ())
    for copy in copies:
        (source,) = copy.operands
        if isinstance(source, Operand):
            term, end = wire(source.signal.name), now[copy.target.name]
            if source.conversion == "low":
                term = z3.Extract(end.size() - 1, 0, term)
            equal[f"wiring: {copy.target.name} is {source.signal.name}"] = as_sort(term, end.sort()) == end
    return equal
