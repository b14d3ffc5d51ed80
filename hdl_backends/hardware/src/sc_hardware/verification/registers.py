"""Prove what is around the stages: the step's wiring, and the lane's registers (specs/hdl.md, "Proof")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import z3

from sc_hardware.lane.design import LaneDesign, Operand
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
    """Prove that a lane resets, holds, loads and steps, and that its step is the stages one after the other.

    Parameters
    ----------
    design : LaneDesign
        A lane with an output for every field of its state, emitted as Verilog in `folder`.
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
    names = [register.signal.name for register in design.lane.registers]
    shown = {name: f"current_{name}" for name in names}
    running = z3.And(transition, now["rst_n"], after["rst_n"])
    load = now.get("load_en", z3.BoolVal(False))
    stepping = z3.And(running, now["step_en"], z3.Not(load))
    holding = z3.And(running, z3.Not(now["step_en"]), z3.Not(load))
    in_reset = z3.And(transition, z3.Not(now["rst_n"]))
    zero = z3.And(*(now[port] == _zero(now[port]) for port in shown.values()), z3.Not(now["update_done"]))
    stays_zero = z3.And(*(after[port] == _zero(after[port]) for port in shown.values()))
    loaded = {register.signal.name: register.load for register in design.lane.registers}
    taken = [after[shown[n]] == now[loaded[n] or shown[n]] for n in names]
    claims = {
        "reset: the state and update_done are 0 at once": z3.Implies(in_reset, zero),
        "reset: the state is 0 after it": z3.Implies(z3.And(in_reset, after["rst_n"]), stays_zero),
        "step: the state becomes the next state": z3.Implies(
            stepping, z3.And(*(after[shown[n]] == now[f"next_{n}"] for n in names))
        ),
        "hold: without step_en the state stays": z3.Implies(
            holding, z3.And(*(after[shown[n]] == now[shown[n]] for n in names))
        ),
        "load: the loaded fields change, the others stay": z3.Implies(z3.And(running, load), z3.And(*taken)),
        "update_done says that a step was taken": z3.Implies(
            running, after["update_done"] == z3.And(now["step_en"], z3.Not(load))
        ),
    }
    claims |= _wiring(design, parameters, folder, now, names)
    proofs = []
    for claim, term in claims.items():
        proofs.append(prove(claim, term, time_limit=time_limit))
        report(proofs[-1])
    return proofs


def _zero(term: Any) -> Any:
    return z3.BoolVal(False) if z3.is_bool(term) else z3.BitVecVal(0, term.size())


def _two_clocks(
    design: LaneDesign, parameters: Mapping[str, int], folder: Path
) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Return the lane's ports and next states before and after a rising edge, and that the edge lies between."""
    source = module_source(design, design.lane, parameters)
    commands = [*yosys.elaborate(source, "lane"), "async2sync", "dffunmap"]
    text = yosys.write_smt2(commands, "lane", folder)
    wires = [port.name for port in design.lane.ports if port.name != "clk"]
    wires += [register.next_value for register in design.lane.registers]
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
    design: LaneDesign, parameters: Mapping[str, int], folder: Path, now: Mapping[str, Any], names: list[str]
) -> dict[str, Any]:
    """Return that each signal between the stages, and each next state, is what its stage makes of those before.

    A stage is given the lane's own signals, so that no multiplier is met twice.
    """
    signals = {name: Signal(now[f"current_{name}"], signed=False) for name in names}
    signals |= {
        port.name: Signal(now[port.name], signed=False) for port in design.lane.ports if port.name in now
    }
    equal: dict[str, Any] = {}
    terms = read_stages(design, parameters, folder)
    for module in design.stages:
        outputs = with_signals(terms[module.name], signals)
        for name, term in outputs.items():
            lane = now[name if name in now else f"step.{name}"]
            equal[f"wiring: {name} is what {module.name} makes of its inputs"] = (
                as_sort(term, lane.sort()) == lane
            )
            signals[name] = Signal(lane, signed=False)
    for copy in design.step.assignments:
        (source,) = copy.operands
        if isinstance(source, Operand):
            term = signals[source.signal.name].term
            if source.conversion == "low":
                term = z3.Extract(now[copy.target.name].size() - 1, 0, term)
            end = now[copy.target.name]
            equal[f"wiring: {copy.target.name} is {source.signal.name}"] = as_sort(term, end.sort()) == end
    return equal
