"""Mutants of a rule's graph: one operator, width or constant wrong at a time.

A proof that cannot fail proves nothing: of every mutant it must be shown that it is refuted, or that it computes the
same function after all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import z3

from sc_core import registry
from sc_hardware.lane.build import build_stages
from sc_hardware.lane.design import Module
from sc_hardware.rules.graph import Node, RuleGraph
from sc_hardware.verification.products import as_sort
from sc_hardware.verification.solving import Proof, prove
from sc_hardware.verification.verilog_terms import ModuleTerms, read_modules

_WRONG_OPERATOR = {
    "add": "subtract",
    "subtract": "add",
    "multiply": "add",
    "equal": "not_equal",
    "not_equal": "equal",
    "less": "less_equal",
    "less_equal": "less",
    "and": "or",
    "or": "and",
}


@attrs.frozen(eq=False)
class Mutant:
    """A graph with one thing wrong.

    Attributes
    ----------
    description : str
        What, and where.
    graph : RuleGraph
    """

    description: str
    graph: RuleGraph


def mutants(graph: RuleGraph) -> Iterator[Mutant]:
    """Yield every mutant of a graph.

    Operators are exchanged (+ and -, < and <=, and and or, ...), alternatives swapped, shifts and constants one off
    in both directions, widths one bit short; saturations saturate to one bit less.
    """
    for node in graph.nodes:
        reader = next((each.name for each in graph.nodes if node in each.operands), "the next state")
        called = node.name or f"{node.constant} in {reader}"
        for what, wrong in _wrong_nodes(node):
            yield Mutant(f"{called}: {what}", _with_node(graph, node, wrong))


def _wrong_nodes(node: Node) -> Iterator[tuple[str, Node]]:
    if node.operation in _WRONG_OPERATOR:
        other = _WRONG_OPERATOR[node.operation]
        yield f"{node.operation} becomes {other}", attrs.evolve(node, operation=other)
    if node.operation == "select":
        condition, one, another = node.operands
        yield "alternatives swapped", attrs.evolve(node, operands=(condition, another, one))
    if node.amount is not None:
        for change in (-1, 1):
            if node.amount.smallest + change >= 0 or node.amount.coefficients:
                yield f"shift {change:+d}", attrs.evolve(node, amount=node.amount + change)
    if node.constant is not None and not node.type.is_bit:
        for change in (-1, 1):
            constant = attrs.evolve(node.constant, offset=node.constant.offset + change)
            yield f"constant {change:+d}", attrs.evolve(node, constant=constant)
    if node.operands and not node.type.is_bit:
        narrow = attrs.evolve(node.type, width=node.type.width - 1)
        yield "one bit short", attrs.evolve(node, type=narrow)


def _with_node(graph: RuleGraph, old: Node, new: Node) -> RuleGraph:
    """Return a graph in which one node is another, and all that depends on it is built anew."""
    renewed: dict[Node, Node] = {}
    for node in graph.nodes:
        base = new if node is old else node
        operands = tuple(renewed[operand] for operand in base.operands)
        changed = base is not node or any(a is not b for a, b in zip(operands, base.operands, strict=True))
        renewed[node] = attrs.evolve(base, operands=operands) if changed else node
    ends = {field: renewed[node] for field, node in graph.next_state.items()}
    return attrs.evolve(graph, nodes=tuple(renewed[node] for node in graph.nodes), next_state=ends)


def check_mutants(
    graph: RuleGraph, chosen: list[Mutant], folder: Path, *, time_limit: float
) -> dict[str, Proof]:
    """Compare the emitted Verilog of mutants with that of the graph, at the defaults of its parameters.

    Parameters
    ----------
    graph : RuleGraph
        Whose Verilog is proven to be the rule.
    chosen : list of Mutant
        Its mutants.
    folder : pathlib.Path
        Where sources are emitted.
    time_limit : float
        Seconds for each comparison.

    Returns
    -------
    dict of str to Proof
        By description, for those that can be built; the others need a width of 0. Refuted is how it should be; a
        proof that holds says that the mutant is equivalent.
    """
    backend = registry.create("hdl", "verilog")
    originals = build_stages("original", graph)
    stages: dict[str, tuple[Module, ...]] = {}
    for place, mutant in enumerate(chosen):
        stages[mutant.description] = build_stages(f"mutant_{place}", mutant.graph)
    modules = [*originals, *(stage for each in stages.values() for stage in each)]
    for module in modules:
        (folder / f"{module.name}.v").write_text(backend.module_text(module))
    terms = read_modules([module.name for module in modules], folder)
    return {
        description: _compare(description, originals, mutated, terms, time_limit)
        for description, mutated in stages.items()
    }


def _compare(
    description: str,
    originals: tuple[Module, ...],
    mutated: tuple[Module, ...],
    terms: dict[str, ModuleTerms],
    time_limit: float,
) -> Proof:
    """Return the first stage's refutation, or a proof that all stages are equal."""
    proof = Proof(description, True, "same text", 0.0)
    for original, mutant in zip(originals, mutated, strict=True):
        left, right = terms[original.name], terms[mutant.name]
        if left.inputs.keys() != right.inputs.keys() or left.outputs.keys() != right.outputs.keys():
            return Proof(description, False, "ports", 0.0)
        if any(left.outputs[name].sort() != right.outputs[name].sort() for name in left.outputs):
            return Proof(description, False, "ports", 0.0)
        if any(left.inputs[name].sort() != right.inputs[name].sort() for name in left.inputs):
            return Proof(description, False, "ports", 0.0)
        equal = [
            left.outputs[name] == as_sort(right.outputs[name], term.sort())
            for name, term in left.outputs.items()
        ]
        proof = prove(description, z3.And(*equal), time_limit=time_limit)
        if not proof.holds:
            return proof
    return proof
