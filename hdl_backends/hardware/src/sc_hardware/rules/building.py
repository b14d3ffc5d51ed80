"""From the author's function to its graph: run it once on symbols, name what came out, freeze it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sc_hardware.rules.errors import RuleError, source_line
from sc_hardware.rules.graph import LEAVES, Field, Node, RuleGraph
from sc_hardware.rules.naming import give_names, recorded
from sc_hardware.rules.tracing import TracedNode, Tracing
from sc_hardware.rules.types import BIT
from sc_hardware.rules.values import Fields, State, line_of, values_of
from sc_hardware.rules.widths import Parameter


def trace(
    name: str,
    function: Callable[[Any, Any, Any], Any],
    parameters: Mapping[str, Parameter],
    state: tuple[Field, ...],
    inputs: tuple[Field, ...],
) -> RuleGraph:
    """Return the graph of a rule's function.

    Raises
    ------
    RuleError
        If the function says what cannot be expressed, does not return a state, or a next value may not fit.
    """
    domain = Tracing(name)
    fields = {field.name: domain.leaf("state", field.name, field.type) for field in state}
    signals = {field.name: domain.leaf("input", field.name, field.type) for field in inputs}
    numbers = {key: domain.parameter(parameter) for key, parameter in parameters.items()}
    returned, calls = recorded(
        lambda: function(
            State(domain, "state", fields),
            Fields(domain, "inputs", signals),
            Fields(domain, "params", numbers),
        )
    )
    next_state = _next_state(domain, function, returned, state)
    leaves = [value.content for value in (*fields.values(), *signals.values())]
    nodes = _topological(leaves, next_state.values())
    _check_inputs_are_read(name, inputs, nodes)
    declared = [*parameters, *fields, *signals]
    give_names(name, nodes, next_state, calls, declared)
    frozen = _freeze(nodes)
    graph = RuleGraph(
        name,
        (function.__doc__ or "").strip().partition("\n")[0],
        tuple(parameters.values()),
        state,
        inputs,
        tuple(frozen.values()),
        {field: frozen[node] for field, node in next_state.items()},
    )
    _check_locations(graph)
    return graph


def _next_state(
    domain: Tracing, function: Callable[..., Any], returned: Any, state: tuple[Field, ...]
) -> dict[str, TracedNode]:
    if not isinstance(returned, State):
        code = getattr(function, "__code__", None)
        raise RuleError(
            f"must return state.replace(field=...), got {type(returned).__name__}",
            rule=domain.rule_name,
            source=source_line(code.co_filename, code.co_firstlineno) if code else None,
        )
    values = values_of(returned)
    for field in state:
        node = values[field.name].content
        if not field.type.holds(node.type):
            gets = f"gets {node.type}" if BIT in (field.type, node.type) else f"needs {node.type}"
            remedy = "" if BIT in (field.type, node.type) else ": saturate it"
            raise RuleError(
                f"{field.name}: {gets}, declared {field.type}{remedy}",
                rule=domain.rule_name,
                source=node.source or line_of(returned),
            )
    return {field.name: values[field.name].content for field in state}


def _topological(leaves: list[TracedNode], ends: Any) -> list[TracedNode]:
    order: dict[TracedNode, None] = dict.fromkeys(leaves)
    for end in ends:
        waiting = [end]
        while waiting:
            node = waiting[-1]
            missing = [operand for operand in node.operands if operand not in order]
            if missing:
                waiting += reversed(missing)
            else:
                order[waiting.pop()] = None
    return list(order)


def _check_inputs_are_read(rule: str, inputs: tuple[Field, ...], nodes: list[TracedNode]) -> None:
    read = {operand.name for node in nodes for operand in node.operands if operand.operation == "input"}
    unread = [field.name for field in inputs if field.name not in read]
    if unread:
        raise RuleError(
            f"{', '.join(unread)}: an input that the next state does not depend on; remove it", rule=rule
        )


def _freeze(nodes: list[TracedNode]) -> dict[TracedNode, Node]:
    frozen: dict[TracedNode, Node] = {}
    for node in nodes:
        operands = tuple(frozen[operand] for operand in node.operands)
        names = [operand.name or str(operand.constant) for operand in operands]
        frozen[node] = Node(
            node.operation,
            operands,
            node.type,
            node.name,
            node.named_by_author,
            node.source,
            node.reason.format(*names),
            node.amount,
            node.constant,
        )
    return frozen


def _check_locations(graph: RuleGraph) -> None:
    """Refuse a neuron's field whose next value depends on a synapse or on the neuron at its other end."""
    where = {field.name: field.location for field in (*graph.state, *graph.inputs)}
    origins: dict[Node, frozenset[str]] = {}
    for node in graph.nodes:
        own = frozenset([node.name]) if node.operation in ("state", "input") and node.name else frozenset()
        origins[node] = own.union(*(origins[operand] for operand in node.operands))
    for field in graph.state:
        if field.location == "synapse":
            continue
        node = graph.next_state[field.name]
        foreign = sorted(o for o in origins[node] if where[o] not in (field.location, "shared"))
        if foreign:
            raise RuleError(
                f"{field.name} is {field.location}, one for all synapses of a neuron, but its next value depends "
                f"on {', '.join(foreign)} ({where[foreign[0]]})",
                rule=graph.name,
                source=node.source if node.operation not in LEAVES else None,
            )
