"""Prove that no next value wraps around: where the rule saturates, the emitted file cuts at the field's ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import z3

from sc_hardware.lane import design as lane
from sc_hardware.lane.design import LaneDesign, Module, Operand
from sc_hardware.rules import Rule
from sc_hardware.verification.against_rule import read_stages
from sc_hardware.verification.products import Signal, as_vector
from sc_hardware.verification.solving import Proof, prove
from sc_hardware.verification.verilog_terms import ModuleTerms


def prove_bounds(
    rule: Rule,
    design: LaneDesign,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    time_limit: float,
    report: Callable[[Proof], None] = lambda proof: None,
    terms: Mapping[str, ModuleTerms] | None = None,
) -> list[Proof]:
    """Prove that every saturated field gets the sum that is saturated, or the end of its range that is nearer.

    Parameters
    ----------
    rule : Rule
        Its types say where the ends are; the constants of the file are not trusted.
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
        What `read_stages` returns, if that has been read already, with the wires of `saturated_sums`.

    Returns
    -------
    list of Proof
        One for each field whose next value is saturated. A next value is a sum of the signals that a stage gets, all
        of which may have any value.
    """
    chosen = {**rule.graph.defaults, **parameters}
    ends = {
        rule.graph.next_state[field.name].name: field.type for field in rule.state if not field.type.is_bit
    }
    clamped = [
        (module.name, output, summed)
        for module in design.stages
        for output, summed in _saturated_outputs(module)
        if output in ends
    ]
    if terms is None:
        terms = read_stages(design, chosen, folder, wires=saturated_sums(design))
    proofs = []
    for module, output, summed in clamped:
        low, high = ends[output].range(chosen)
        following = Signal(terms[module].outputs[output], ends[output].signed)
        before = Signal(terms[module].outputs[summed.name], summed.shape.signed)
        claim = f"bounds: {output} is {summed.name}, not below {low} and not above {high}"
        proofs.append(prove(claim, _is_cut(following, before, low, high), time_limit=time_limit))
        report(proofs[-1])
    return proofs


def saturated_sums(design: LaneDesign) -> list[str]:
    """Return the signals of the stages that are saturated to become an output."""
    return [summed.name for module in design.stages for _, summed in _saturated_outputs(module)]


def _saturated_outputs(module: Module) -> Iterator[tuple[str, lane.Signal]]:
    """Yield the outputs of a module that a clamp drives, with what is clamped."""
    by_target = {assignment.target.name: assignment for assignment in module.assignments}
    for port in module.ports:
        assignment = by_target.get(port.name)
        while assignment is not None and assignment.operation == "copy":
            (source,) = assignment.operands
            assignment = by_target.get(source.signal.name) if isinstance(source, Operand) else None
        if assignment is not None and assignment.operation == "clamp":
            summed = assignment.operands[0]
            if isinstance(summed, Operand):
                yield port.name, summed.signal


def _is_cut(following: Signal, summed: Signal, low: int, high: int) -> Any:
    """Return that one signal is the other, cut at two ends; compared in bits that hold everything."""
    bits = 1 + max(
        as_vector(summed.term).size() + 1, as_vector(following.term).size() + 1, high.bit_length() + 1
    )
    value, cut = _as_integer(summed, bits), _as_integer(following, bits)
    lowest, highest = z3.BitVecVal(low, bits), z3.BitVecVal(high, bits)
    return cut == z3.If(value > highest, highest, z3.If(value < lowest, lowest, value))


def _as_integer(signal: Signal, bits: int) -> Any:
    vector = as_vector(signal.term)
    more = bits - vector.size()
    return z3.SignExt(more, vector) if signal.signed else z3.ZeroExt(more, vector)
