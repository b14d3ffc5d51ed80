"""A rule's step, cut by where its fields live: at the synapse, at the presynaptic, at the postsynaptic neuron."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sc_hardware.lane.build import build_step
from sc_hardware.lane.design import Module
from sc_hardware.rules import Rule
from sc_hardware.rules.declaration import choose_parameters
from sc_hardware.rules.graph import LEAVES, Node, RuleGraph


def part_of(graph: RuleGraph, location: str) -> RuleGraph | None:
    """Return the graph that computes the next fields of one location from all that they depend on.

    Fields of other locations are its inputs. None where no field lives there.
    """
    fields = tuple(field for field in graph.state if field.location == location)
    if not fields:
        return None
    ends = {field.name: graph.next_state[field.name] for field in fields}
    reached: set[Node] = set()
    waiting = list(ends.values())
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += node.operands
    own = {field.name for field in fields}
    read = {node.name for node in reached if node.operation in ("state", "input")}
    nodes = tuple(
        node
        for node in graph.nodes
        if node in reached or (node.operation in LEAVES and node.name in own and node.operation == "state")
    )
    inputs = tuple(
        field for field in (*graph.state, *graph.inputs) if field.name in read and field.name not in own
    )
    return attrs.evolve(graph, state=fields, inputs=inputs, nodes=nodes, next_state=ends)


def part_modules(rule: Rule, parameters: Mapping[str, int], name: str, location: str) -> tuple[Module, ...]:
    """Return the modules of a part of a rule's step, the whole part last; none where no field lives there.

    Parameters
    ----------
    rule : Rule
    parameters : mapping of str to int
        Their values become the modules' defaults.
    name : str
        Of the part.
    location : str
        ``"synapse"``, ``"presynaptic"`` or ``"postsynaptic"``.
    """
    chosen = choose_parameters(rule.parameters, parameters, rule.name)
    declared = tuple(attrs.evolve(p, default=chosen[p.name]) for p in rule.graph.parameters)
    part = part_of(attrs.evolve(rule.graph, parameters=declared), location)
    return () if part is None else build_step(name, part)
