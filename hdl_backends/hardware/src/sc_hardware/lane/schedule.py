"""In which clock of a pipelined lane each node of a rule's graph is computed (specs/hdl.md, "Pipelined lane")."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sc_hardware.rules.graph import LEAVES, Block, Node, RuleGraph


def clocks(graph: RuleGraph) -> dict[Node, int]:
    """Return the clock of every node, counted from the one in which a step enters.

    Nodes of one loop, from a field of the state through its next value, share a clock: so the next step finds the
    state that this one leaves. Elsewhere a multiplier has a clock of its own.

    Parameters
    ----------
    graph : RuleGraph
        Of the rule.

    Returns
    -------
    dict of Node to int
        For fields of the state, the clock at whose end the field takes its next value.

    Examples
    --------
    >>> from sc_hardware.example_rules import pair_stdp
    >>> set(clocks(pair_stdp.graph).values())  # no multiplier, nothing to cut
    {0}
    """
    place = {node: number for number, node in enumerate(graph.nodes)}
    edges = [(operand, node) for node in graph.nodes for operand in node.operands]
    fields = {node.name: node for node in graph.nodes if node.operation == "state"}
    edges += [(graph.next_state[name], node) for name, node in fields.items() if name is not None]
    loop = _loops(len(place), [(place[before], place[after]) for before, after in edges])
    found = dict.fromkeys(loop, 0)
    moved = True
    while moved:  # each pass settles at least one more loop
        moved = False
        for before, after in edges:
            here, there = loop[place[before]], loop[place[after]]
            earliest = found[here] + (here != there and _cut(before, after))
            if earliest > found[there]:
                found[there], moved = earliest, True
    return {node: found[loop[number]] for node, number in place.items()}


def _loops(n_nodes: int, edges: list[tuple[int, int]]) -> list[int]:
    """Return for each node the number of its strongly connected component."""
    before, after = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    matrix = coo_array((np.ones(len(before), dtype=np.int8), (before, after)), shape=(n_nodes, n_nodes))
    return [int(n) for n in connected_components(matrix.tocsr(), directed=True, connection="strong")[1]]


def _cut(before: Node, after: Node) -> bool:
    """Whether a register belongs between two nodes: on either side of a multiplier, but not at an input."""
    computed = before.operation not in LEAVES
    return before.operation == "multiply" or (after.operation == "multiply" and computed)


def clocked_blocks(graph: RuleGraph, at: Mapping[Node, int]) -> list[tuple[int, Block]]:
    """Return the graph cut at the clocks and, within a clock, at the multipliers: the clock and the block of each.

    Parameters
    ----------
    graph : RuleGraph
        Of the rule.
    at : mapping of Node to int
        What `clocks` returns.
    """
    level: dict[Node, tuple[int, int]] = {}
    for node in graph.nodes:
        same = [operand for operand in node.operands if at[operand] == at[node]]
        below = max((level[operand][1] for operand in same), default=0)
        inside = node.operation == "multiply" and any(operand.operation not in LEAVES for operand in same)
        level[node] = (at[node], below + inside)
    levels = sorted({level[node] for node in graph.nodes if node.operation not in LEAVES})
    return [(each[0], graph.block({n for n in graph.nodes if level[n] == each})) for each in levels]
