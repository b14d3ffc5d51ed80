"""Prove that emitted Verilog computes the rule: the rule's own function, run on solver terms, is the other side.

The step is cut at its multipliers (specs/hdl.md, "Proof"): what a stage hands on to a multiplier is proven equal to
the rule's factor, and then both are the same free variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import z3

from sc_hardware.lane.design import LaneDesign, Module
from sc_hardware.rules import Rule
from sc_hardware.verification import yosys
from sc_hardware.verification.products import Signal, as_sort, free_products
from sc_hardware.verification.solving import Proof, prove
from sc_hardware.verification.verilog_terms import ModuleTerms, read_elaborated


def module_source(design: LaneDesign, module: Module, parameters: Mapping[str, int]) -> yosys.Source:
    """Return where a module of emitted Verilog is found, with those of a rule's parameters that it has."""
    own = {p.name: parameters[p.name.lower()] for p in module.parameters if p.name.lower() in parameters}
    return yosys.Source(tuple(f"{each.name}.v" for each in design.modules), module.name, own)


def read_stages(
    design: LaneDesign, parameters: Mapping[str, int], folder: Path, *, wires: Sequence[str] = ()
) -> dict[str, ModuleTerms]:
    """Return the stages of a lane, emitted as Verilog in a folder, by their names; see `read_elaborated`."""
    sources = {module.name: module_source(design, module, parameters) for module in design.stages}
    return read_elaborated(sources, folder, wires=wires)


def prove_against_rule(
    rule: Rule,
    design: LaneDesign,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    time_limit: float,
    report: Callable[[Proof], None] = lambda proof: None,
    terms: Mapping[str, ModuleTerms] | None = None,
) -> list[Proof]:
    """Prove that the Verilog of a design computes a rule, for one choice of its parameters.

    Parameters
    ----------
    rule : Rule
        The rule.
    design : LaneDesign
        Its lane, emitted as Verilog in `folder`.
    parameters : mapping of str to int
        Those of the rule that differ from their defaults.
    folder : pathlib.Path
        Where the files are.
    time_limit : float
        Seconds for each claim.
    report : callable, optional
        Called with each proof as it is done.
    terms : mapping of str to ModuleTerms, optional
        What `read_stages` returns, if that has been read already.

    Returns
    -------
    list of Proof
        One for the factors and one for the next value of every field of the state. All must hold.
    """
    chosen = {**rule.graph.defaults, **parameters}
    state, inputs = rule.solver_inputs(chosen)
    leaves = {**state, **inputs}
    wanted = rule.step(state, inputs, chosen)
    signals: dict[str, Signal] = {
        field.name: Signal(leaves[field.name], field.type.signed) for field in (*rule.state, *rule.inputs)
    }
    open_ends = {field: rule.graph.next_state[field].name or "" for field in wanted}
    # A signal can have bits to spare beyond what the rule's graph infers for its value.
    needed = {n.name: n.type.width.value(chosen) for n in rule.graph.nodes if n.name is not None}
    proofs: list[Proof] = []

    def done(proof: Proof) -> None:
        proofs.append(proof)
        report(proof)

    terms = read_stages(design, chosen, folder) if terms is None else terms
    for place, module in enumerate(design.stages):
        outputs = with_signals(terms[module.name], signals)
        for port in module.ports:
            if port.direction == "out":
                signals[port.name] = Signal(outputs[port.name], port.shape.signed)
        for field in [field for field, name in open_ends.items() if name in signals]:
            name = open_ends.pop(field)
            proof = _next_value(field, wanted[field], signals[name], time_limit)
            done(proof)
            if proof.holds and z3.is_expr(wanted[field]):
                # Proven equal: what is made of it later need not be compared through both once more.
                signals[name] = Signal(
                    as_sort(wanted[field], signals[name].term.sort()), signals[name].signed
                )
        following = [_multiplies(module) for module in design.stages[place + 1 :]]
        if following and following[0]:
            wanted, found = free_products(wanted, signals, set(leaves), needed, time_limit)
            for proof in found:
                # A factor that is not there yet can come from a later stage, as long as one still multiplies.
                if proof.holds or not any(following[1:]):
                    done(proof)
    return proofs


def _multiplies(module: Module) -> bool:
    return any(assignment.operation == "multiply" for assignment in module.assignments)


def with_signals(terms: ModuleTerms, signals: Mapping[str, Signal]) -> dict[str, Any]:
    """Return the outputs of a module with what is connected to its inputs."""
    connected = [
        (variable, as_sort(signals[name].term, variable.sort())) for name, variable in terms.inputs.items()
    ]
    # z3 replaces all at once, so that a signal may have the name of another module's port.
    return {name: z3.substitute(term, *connected) for name, term in terms.outputs.items()}


def _next_value(field: str, wanted: Any, signal: Signal, time_limit: float) -> Proof:
    equal = signal.term == wanted if not z3.is_expr(wanted) else as_sort(signal.term, wanted.sort()) == wanted
    return prove(f"next {field}: the Verilog is the rule", equal, time_limit=time_limit)
