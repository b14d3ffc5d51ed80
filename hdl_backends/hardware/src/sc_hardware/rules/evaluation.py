"""The graph's own meaning: every node's value as a Python int, for oracles, testbenches and tests of widths."""

from __future__ import annotations

from collections.abc import Mapping

from sc_hardware.rules.domains import OPERATORS
from sc_hardware.rules.graph import Node, RuleGraph


def evaluate(
    graph: RuleGraph, values: Mapping[str, int], parameters: Mapping[str, int] | None = None
) -> dict[Node, int]:
    """Return the value of every node.

    Parameters
    ----------
    graph : RuleGraph
    values : mapping of str to int
        Every field of the state and every input, each one of its type; bits are 0 or 1.
    parameters : mapping of str to int, optional
        Those that differ from their defaults; legal ones.

    Returns
    -------
    dict of Node to int
        Exact integers: nothing is cut to the nodes' widths.
    """
    chosen = {**graph.defaults, **(parameters or {})}
    results: dict[Node, int] = {}
    for node in graph.nodes:
        results[node] = int(_value(node, [results[operand] for operand in node.operands], values, chosen))
    return results


def _value(node: Node, operands: list[int], values: Mapping[str, int], chosen: Mapping[str, int]) -> int:
    match node.operation:
        case "state" | "input":
            return values[str(node.name)]
        case "parameter":
            return chosen[str(node.name)]
        case "constant" if node.constant is not None:
            return node.constant.value(chosen)
        case "shift_left" | "shift_right" if node.amount is not None:
            amount = node.amount.value(chosen)
            return operands[0] << amount if node.operation == "shift_left" else operands[0] >> amount
        case "saturate":
            low, high = node.type.range(chosen)
            return min(max(operands[0], low), high)
        case "select":
            return operands[1] if operands[0] else operands[2]
        case "not":
            return 1 - operands[0]
    return int(OPERATORS[node.operation](*operands))
