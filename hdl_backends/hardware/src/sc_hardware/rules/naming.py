"""The names of a graph's nodes: those of the author's variables, and names derived from them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

import attrs

from sc_hardware.rules.errors import RuleError, is_machinery
from sc_hardware.rules.names import problem_with
from sc_hardware.rules.tracing import TracedNode
from sc_hardware.rules.values import Value

_ROLES = {
    "add": "sum",
    "subtract": "difference",
    "negate": "negative",
    "multiply": "product",
    "shift_left": "shifted",
    "shift_right": "shifted",
    "saturate": "saturated",
    "select": "chosen",
    "equal": "equal",
    "not_equal": "unequal",
    "less": "less",
    "less_equal": "less_equal",
    "and": "both",
    "or": "either",
    "not": "inverse",
}


@attrs.frozen
class Call:
    """A call of one of the author's functions: its variables when it returned, and what it returned.

    Its arguments are not among the variables: whoever passed them has better names for them.
    """

    depth: int
    variables: Mapping[str, TracedNode]
    result: TracedNode | None


def _node(value: Any) -> TracedNode | None:
    return value.content if isinstance(value, Value) and isinstance(value.content, TracedNode) else None


def recorded(function: Callable[[], Any]) -> tuple[Any, list[Call]]:
    """Run a function; return its result and the calls of the author's functions, the outermost first."""
    calls: list[Call] = []

    def depth(frame: FrameType | None) -> int:
        levels = 0
        while frame is not None:
            levels, frame = levels + 1, frame.f_back
        return levels

    def record(frame: FrameType, event: str, result: Any) -> None:
        if event == "return" and not is_machinery(frame):
            code = frame.f_code
            arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            nodes = ((name, _node(value)) for name, value in frame.f_locals.items() if name not in arguments)
            variables = {name: node for name, node in nodes if node is not None}
            calls.append(Call(depth(frame), variables, _node(result)))

    before = sys.getprofile()
    sys.setprofile(record)
    try:
        returned = function()
    finally:
        sys.setprofile(before)
    return returned, sorted(calls, key=lambda call: call.depth)


@attrs.define
class Names:
    """Names that are taken; distinct also where case is not seen, and from the names of widths.

    The printers call the width of a node ``<name>_bits``.
    """

    taken: set[str]

    def free(self, name: str) -> bool:
        """Whether a name and that of its width can be given."""
        return not {name.lower(), f"{name}_bits".lower()} & self.taken and problem_with(name) is None

    def take(self, name: str) -> str:
        """Return the name, or the name with the first number that makes it free."""
        candidate, number = name, 2
        while not self.free(candidate):
            candidate, number = f"{name}_{number}", number + 1
        self.taken |= {candidate.lower(), f"{candidate}_bits".lower()}
        return candidate


def give_names(
    rule: str,
    nodes: Iterable[TracedNode],
    next_state: Mapping[str, TracedNode],
    calls: list[Call],
    declared: Iterable[str],
) -> None:
    """Give every node but unnamed numbers a name.

    The variables of the rule itself come first, then those of the functions that it calls: where two calls
    use one name for different things, each gets the name of its call's result in front. A variable that is
    called like a field and is the field's next value becomes ``next_<field>``. What has no variable is called
    after the node that reads it.

    Raises
    ------
    RuleError
        If a variable's name is not one in all languages.
    """
    in_order = list(nodes)
    reachable = set(in_order)
    ports = {f"next_{field}" for field in next_state}
    names = Names({name.lower() for name in declared})
    names.taken |= {port.lower() for port in ports}
    ends: dict[TracedNode, str] = {}
    for field, node in next_state.items():
        if node.name is None and node.operation != "constant":
            ends.setdefault(node, field)

    for place, call in enumerate(calls):
        others = [other.variables for other in calls[:place] + calls[place + 1 :] if place]
        for name, node in call.variables.items():
            if node.name is not None or node not in reachable:
                continue
            if node in ends and name in (ends[node], f"next_{ends[node]}"):
                continue  # next_<field>, below
            problem = problem_with(name)
            if problem is not None:
                raise RuleError(f"the variable {problem}", rule=rule, source=node.source)
            shared = any(name in variables and variables[name] is not node for variables in others)
            front = call.result.name if call.result is not None and call.result is not node else None
            node.name = names.take(f"{front}_{name}" if shared and front else name)
            node.named_by_author = True

    for node, field in ends.items():
        if node.name is None:
            node.name = f"next_{field}"
            names.taken.add(f"next_{field}_bits")
    stems: dict[TracedNode, str | None] = {}  # of what a shift is made of: the name of the shift
    for node in reversed(in_order):
        for operand in node.operands:
            if operand.name is None and (operand.operation != "constant" or operand.role):
                stem = stems.get(node, node.name)
                operand.name = names.take(f"{stem}_{operand.role or _ROLES[operand.operation]}")
                if operand.role:
                    stems[operand] = stem
