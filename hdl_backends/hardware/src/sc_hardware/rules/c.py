"""C from a rule's graph: readable static inline functions, valid for every legal choice of the parameters.

The functions compute in ``INTEGER``, a signed type that whoever includes them defines, with ``NATURAL``, its unsigned
twin, and ``NAME(name)``, which tells instances apart. `FIXED_POINT_H` is the header with their few macros.
A type is wide enough for a configuration where `RuleGraph.bits_for` says so; 64 bits are for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from sc_hardware.rules.graph import Constant, Node, RuleGraph
from sc_hardware.rules.types import ValueType
from sc_hardware.rules.widths import Affine, affine

FIXED_POINT_H = """\
/* What the steps of fixed-point rules use. INTEGER is the signed type they compute in, NATURAL its unsigned twin. */
#ifndef SC_FIXED_POINT_H
#define SC_FIXED_POINT_H

_Static_assert((-1 >> 1) == -1, "rules need a compiler whose >> of negative numbers keeps the sign");

/* 2^bits - 1, also for the largest type, and for no bits at all. */
#define LOW_ONES(bits) ((INTEGER)(((NATURAL)1 << (bits)) - 1))
#define UNSIGNED_LARGEST(bits) LOW_ONES(bits)
#define SIGNED_LARGEST(bits) LOW_ONES((bits) - 1)
#define SIGNED_SMALLEST(bits) (-SIGNED_LARGEST(bits) - 1)
#define SATURATE(value, smallest, largest) \\
    ((value) < (smallest) ? (smallest) : (value) > (largest) ? (largest) : (value))
#define SHIFT_LEFT(value, amount) ((INTEGER)((NATURAL)(value) << (amount)))
/* A shift by more bits than INTEGER has leaves the sign. */
#define SHIFT_RIGHT(value, amount) \\
    ((value) >> ((amount) < 8 * (int)sizeof(INTEGER) ? (amount) : 8 * (int)sizeof(INTEGER) - 1))

#endif
"""

MACROS = frozenset(re.findall(r"[A-Z_]{4,}", FIXED_POINT_H))
_SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "and": "&",
    "or": "|",
}
_NARROWEST_INTEGER = 32
_LINE = 118


@attrs.frozen
class Piece:
    """A part of a graph as a function: some nodes, computed from others and from parameters.

    Parameters
    ----------
    graph : RuleGraph
    outputs : mapping of str to Node
        The function's results by name.
    given : frozenset of Node, optional
        Nodes that the function takes as arguments; fields of the state and inputs always are.
    """

    graph: RuleGraph
    outputs: Mapping[str, Node]
    given: frozenset[Node] = frozenset()

    @property
    def nodes(self) -> list[Node]:
        """What the outputs depend on, arguments included, in topological order."""
        needed = set(self.outputs.values())
        for node in reversed(self.graph.nodes):
            if node in needed and node not in self.given:
                needed.update(node.operands)
        return [node for node in self.graph.nodes if node in needed]

    @property
    def arguments(self) -> list[str]:
        """Fields, inputs and given nodes that the outputs depend on, in the order of the graph."""
        return [str(n.name) for n in self.nodes if n.operation in ("state", "input") or n in self.given]

    @property
    def parameters(self) -> list[str]:
        """The parameters that the outputs depend on, in the order of their declaration."""
        read: set[str] = set()
        for node in self.nodes:
            if node in self.given:
                continue
            if node.operation == "parameter":
                read.add(str(node.name))
            forms = [
                node.amount,
                node.constant.exponent if node.constant and node.constant.coefficient else None,
            ]
            if node.operation == "saturate":
                forms += node.type.width.terms
            read |= {p.name for form in forms if form is not None for p, _ in form.coefficients}
        return [parameter.name for parameter in self.graph.parameters if parameter.name in read]


def next_state(graph: RuleGraph, fields: Iterable[str] | None = None) -> Piece:
    """Return the piece that computes the next values of some fields, or of all."""
    wanted = graph.next_state if fields is None else fields
    return Piece(graph, {field: graph.next_state[field] for field in wanted})


def piece_function(piece: Piece, name: str) -> str:
    """Return a piece as a static inline function ``NAME(name)``.

    Its arguments are the piece's parameters, its arguments, and a pointer ``<output>_`` for each output.

    Raises
    ------
    RuleError
        If the rule can need more than 64 bits (`Rule.require_64_bits`, called by those above).
    """
    arguments = [f"INTEGER {argument}" for argument in (*piece.parameters, *piece.arguments)]
    arguments += [f"INTEGER *{output}_" for output in piece.outputs]  # no name of a rule ends so
    given = ("state", "input", "parameter")
    body = [
        f"    {_definition(node)}"
        for node in piece.nodes
        if node.name and node.operation not in given and node not in piece.given
    ]
    body += [f"    *{output}_ = {_read(node)};" for output, node in piece.outputs.items()]
    return "\n".join([wrapped(f"static inline void NAME({name})(", arguments, ")"), "{", *body, "}"]) + "\n"


def wrapped(head: str, arguments: Iterable[str], tail: str) -> str:
    """Return a call or signature, broken between arguments."""
    lines, line, indent = [], head, " " * (4 + len(head) - len(head.lstrip()))
    for argument in (arguments := list(arguments)):
        text = argument + (tail if argument is arguments[-1] else ",")
        if len(line) + len(text) + 1 > _LINE:
            lines.append(line)
            line = indent + text
        else:
            line += text if line.endswith("(") else f" {text}"
    return "\n".join([*lines, line])


def _definition(node: Node) -> str:
    comment = "" if node.type.is_bit else f"  /* {node.type} */"
    return f"const INTEGER {node.name} = {_expression(node)};{comment}"


def _read(node: Node) -> str:
    return node.name if node.name is not None else _constant(node.constant)


def _expression(node: Node) -> str:
    operands = [_read(operand) for operand in node.operands]
    match node.operation:
        case "constant":
            return _constant(node.constant)
        case "negate":
            return f"-{operands[0]}"
        case "not":
            return f"!{operands[0]}"
        case "select":
            return f"{operands[0]} ? {operands[1]} : {operands[2]}"
        case "saturate":
            return f"SATURATE({operands[0]}, {_smallest(node.type)}, {_largest(node.type)})"
        case "shift_left":
            return f"SHIFT_LEFT({operands[0]}, {node.amount})"
        case "shift_right" if affine(node.amount or 0).largest < _NARROWEST_INTEGER:
            return f"{operands[0]} >> {_grouped(affine(node.amount or 0))}"
        case "shift_right":
            return f"SHIFT_RIGHT({operands[0]}, {node.amount})"
    return f"{operands[0]} {_SYMBOLS[node.operation]} {operands[1]}"


def _grouped(form: Affine) -> str:
    return f"({form})" if " " in str(form) else str(form)


def _largest(type_: ValueType) -> str:
    return f"{type_.kind.upper()}_LARGEST({type_.width})"


def _smallest(type_: ValueType) -> str:
    return f"SIGNED_SMALLEST({type_.width})" if type_.signed else "0"


def _constant(constant: Constant | None) -> str:
    if constant is None:
        raise TypeError("only constants have no name")
    if not constant.coefficient:
        return _literal(constant.offset)
    if constant.coefficient < 0:  # the smallest value of a signed type
        return f"SIGNED_SMALLEST({constant.exponent + 1})"
    return f"LOW_ONES({constant.exponent})"


def _literal(number: int) -> str:
    if -(2**31) < number < 2**31:
        return str(number)
    return f"INT64_C({number})" if number > -(2**63) else "INT64_MIN"
