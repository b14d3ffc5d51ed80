"""The graph of a rule: what C, Verilog and VHDL are printed from.

A graph is valid for every legal choice of the parameters: widths, shifts and constants are expressions over them.

What a backend needs to know
----------------------------
**Leaves.** ``state`` and ``input`` nodes carry a field's name; ``parameter`` nodes a parameter's; ``constant`` nodes
a `Constant`. Only constants may have no name (``None``): print them where they are used. All other names are the
author's own or derived from them, legal in C, Verilog and VHDL, and distinct even where case is not seen; so are
the parameters' names.

**Next state.** ``graph.next_state[field]`` is the node whose value the field takes. The names ``next_<field>`` are
kept free for output ports: a node has such a name only if it is that field's next state.

**Types.** ``node.type.kind`` is ``bit``, ``unsigned`` or ``signed`` and ``node.type.width`` a `Width`, whose text
(``str``) is arithmetic over the parameters' names and ``max(a, b, ...)``; ``width.value(parameters)`` is its value,
``node.derivation`` says why it is enough. No node ever overflows its type.

**Operations.** Operands are converted to the type in which the operation takes place: extended by their own sign,
or cut. That type is the node's own for ``add``, ``subtract``, ``negate``, ``multiply``, ``shift_left`` and
``select`` (its two alternatives). Cutting happens only where the result is known to fit, so arithmetic modulo 2^width
is exact. For ``equal``, ``not_equal``, ``less`` and ``less_equal`` it is ``common_type(left.type, right.type)``.
``shift_right`` rounds down: of the operand, sign-extended, the bits from ``amount`` on; the amount can exceed the
operand's width, and the result is then 0 or -1. ``saturate`` clamps its operand to the extremes of the node's type.
``and``, ``or`` and ``not`` are on bits. Other roundings have been broken down to these.

**Blocks.** ``graph.blocks`` cuts the graph at its multipliers: a multiplier's operands are outputs of one block, or
leaves, and inputs of the next. Block 0 has no multiplier. Proofs go block by block, with the multiplier's operands
as free inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cached_property

import attrs

from sc_hardware.rules.errors import SourceLine
from sc_hardware.rules.types import ValueType
from sc_hardware.rules.widths import Affine, Parameter

LEAVES = ("state", "input", "parameter", "constant")
ARITHMETIC = ("add", "subtract", "negate", "multiply", "shift_left", "shift_right", "saturate", "select")
COMPARISONS = ("equal", "not_equal", "less", "less_equal")
LOGIC = ("and", "or", "not")
OPERATIONS = (*LEAVES, *ARITHMETIC, *COMPARISONS, *LOGIC)


@attrs.frozen
class Constant:
    """``coefficient · 2^exponent + offset``: a number, or the extreme of a type whose width is a parameter.

    Attributes
    ----------
    offset : int
    coefficient : int
        -1, 0 or 1; with 0 the constant is `offset`.
    exponent : Affine
        Not negative.
    """

    offset: int
    coefficient: int = 0
    exponent: Affine = Affine()

    def value(self, parameters: Mapping[str, int]) -> int:
        """Return the number for one choice of parameters."""
        return (self.coefficient << self.exponent.value(parameters)) + self.offset

    def __str__(self) -> str:
        if not self.coefficient:
            return str(self.offset)
        offset = f" {'-' if self.offset < 0 else '+'} {abs(self.offset)}" if self.offset else ""
        return f"{'-' if self.coefficient < 0 else ''}2^({self.exponent}){offset}"


@attrs.frozen(eq=False)
class Node:
    """One operation of a rule; nodes are compared by identity.

    Attributes
    ----------
    operation : str
        One of `OPERATIONS`.
    operands : tuple of Node
        ``select``: condition, value if true, value if false.
    type : ValueType
    name : str or None
    named_by_author : bool
        Whether the name is one that the author gave.
    source : SourceLine or None
        The author's line; None for leaves that are declared.
    derivation : str
        Why the width is enough, for people to read.
    amount : Affine or None
        Of a shift.
    constant : Constant or None
        Of a ``constant``.
    """

    operation: str
    operands: tuple[Node, ...]
    type: ValueType
    name: str | None
    named_by_author: bool
    source: SourceLine | None
    derivation: str
    amount: Affine | None = None
    constant: Constant | None = None

    def __repr__(self) -> str:
        operands = ", ".join(operand.name or str(operand.constant) for operand in self.operands)
        return f"Node({self.name}: {self.type} = {self.operation}({operands}))"


@attrs.frozen
class Field:
    """A part of the state, or an input.

    Attributes
    ----------
    name : str
    type : ValueType
    location : str
        ``"synapse"``, ``"presynaptic"``, ``"postsynaptic"``, or ``"shared"`` (inputs only: one for all synapses).
    """

    name: str
    type: ValueType
    location: str


@attrs.frozen
class Block:
    """The part of a graph between two ranks of multipliers.

    Attributes
    ----------
    inputs : tuple of Node
        State, inputs, and nodes of earlier blocks that this one reads.
    nodes : tuple of Node
        In topological order; its multipliers come first to be computed, from inputs alone.
    outputs : tuple of Node
        Nodes of this block that a later block or the next state reads.
    """

    inputs: tuple[Node, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Node, ...]


@attrs.frozen(eq=False, slots=False)
class RuleGraph:
    """A traced rule.

    Attributes
    ----------
    name : str
    description : str
        First line of the rule's docstring.
    parameters : tuple of Parameter
    state, inputs : tuple of Field
        In the order of their declaration.
    nodes : tuple of Node
        In topological order, leaves included; all that the next state depends on, and no more, but for state
        fields and inputs, which are all here.
    next_state : Mapping of str to Node
        For every field of the state.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    state: tuple[Field, ...]
    inputs: tuple[Field, ...]
    nodes: tuple[Node, ...]
    next_state: Mapping[str, Node]

    @property
    def defaults(self) -> dict[str, int]:
        """The parameters' default values."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    @cached_property
    def signed_bits(self) -> int:
        """Bits of a signed integer that holds every value of every node, for every legal choice of parameters."""
        return max(node.type.signed_width.largest for node in self.nodes)

    def bits_for(self, parameters: Mapping[str, int]) -> int:
        """Return the bits of a signed integer that holds every value for one choice of parameters."""
        return max(node.type.signed_width.value(parameters) for node in self.nodes)

    def node(self, name: str) -> Node:
        """Return the node of a name; KeyError if there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes if node.name is not None}

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The graph, cut so that a multiplier's operands are outputs of one block and inputs of the next."""
        rank: dict[Node, int] = {}
        for node in self.nodes:
            below = max((rank[operand] for operand in node.operands), default=0)
            rank[node] = below + (node.operation == "multiply")
        levels = range(max(rank.values()) + 1)
        return tuple(self.block({node for node in self.nodes if rank[node] == level}) for level in levels)

    def block(self, chosen: Set[Node]) -> Block:
        """Return some nodes as a block; leaves among them are not its own."""
        members = tuple(n for n in self.nodes if n in chosen and n.operation not in LEAVES)
        own = set(members)
        read = {operand for node in members for operand in node.operands} - own
        inputs = tuple(n for n in self.nodes if n in read and n.operation not in ("parameter", "constant"))
        elsewhere = {o for node in self.nodes if node not in own for o in node.operands}
        ends = set(self.next_state.values())
        return Block(inputs, members, tuple(n for n in members if n in elsewhere or n in ends))
