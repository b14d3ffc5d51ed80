"""A rule on the nodes of a graph that grows: parameters stay symbols, types are inferred."""

from __future__ import annotations

from typing import Any

import attrs

from sc_hardware.rules import inference
from sc_hardware.rules.errors import SourceLine, author_line
from sc_hardware.rules.graph import Constant
from sc_hardware.rules.types import BIT, ValueType, constant_type, integer_type
from sc_hardware.rules.values import Value, refuse
from sc_hardware.rules.widths import Affine, Parameter, affine, maximum, width


@attrs.define(eq=False)
class TracedNode:
    """A node while the rule runs; `naming` gives it its name, `rule` freezes it.

    `role` is what it is to the node that reads it, where it gets no name of the author's. `part_of` is a node
    between which and 0 this one always lies. `affine` is the value of a parameter or number.
    """

    operation: str
    operands: tuple[TracedNode, ...]
    type: ValueType
    source: SourceLine | None
    reason: str
    amount: Affine | None = None
    constant: Constant | None = None
    affine: Affine | None = None
    part_of: TracedNode | None = None
    role: str | None = None
    name: str | None = None
    named_by_author: bool = False


@attrs.frozen(eq=False)
class Tracing:
    """Contents are `TracedNode`."""

    rule_name: str

    def leaf(self, operation: str, name: str, type_: ValueType) -> Value:
        """Return a field of the state or an input."""
        node = TracedNode(operation, (), type_, None, f"declared {type_}", name=name, named_by_author=True)
        return Value(self, node, is_bit=type_.is_bit)

    def parameter(self, parameter: Parameter) -> Value:
        """Return a parameter, which holds any of its legal values."""
        signed = parameter.low < 0
        ends = (constant_type(parameter.low), constant_type(parameter.high))
        bits = maximum(*(end.signed_width if signed else end.width for end in ends))
        node = TracedNode(
            "parameter",
            (),
            integer_type(signed, bits),
            None,
            f"from {parameter.low} to {parameter.high}",
            affine=affine(parameter),
            name=parameter.name,
            named_by_author=True,
        )
        return Value(self, node, is_bit=False, fixed=True)

    def constant(self, value: int | bool) -> TracedNode:
        """Return a number, or a bit."""
        number = int(value)
        type_ = BIT if isinstance(value, bool) else constant_type(value)
        return TracedNode(
            "constant",
            (),
            type_,
            author_line(),
            f"the number {number}",
            constant=Constant(number),
            affine=Affine(number),
        )

    def apply(self, operation: str, *contents: TracedNode) -> TracedNode:
        """Return the node of an operation, with the type that is enough for it."""
        if operation == "shift_left":
            return self._shift(operation, contents[0], self._amount(contents[1]))
        if operation == "subtract" and contents[1].part_of is contents[0]:
            whole = contents[0].type
            return self._node(operation, contents, whole, "{1} lies between 0 and {0}, and so does the rest")
        return self._node(operation, contents, *inference.TYPES[operation](*(c.type for c in contents)))

    def shift_right(self, content: TracedNode, amount: TracedNode, rounding: str) -> TracedNode:
        """Return the node of content / 2**amount, rounded; a bias makes other roundings out of floor."""
        shift = self._amount(amount)
        if rounding == "floor" or (rounding == "toward_zero" and not content.type.signed):
            shifted = self._shift("shift_right", content, shift)
        else:
            shifted = self._shift("shift_right", self._biased(content, shift, rounding), shift)
        shifted.part_of = content
        return shifted

    def saturate(self, content: TracedNode, signed: bool, width: TracedNode) -> TracedNode:
        """Return the node that clamps to a type."""
        return self._node(
            "saturate", (content,), self._type(signed, width), "the type that it is saturated to"
        )

    def extreme(self, signed: bool, bits: TracedNode, largest: bool) -> TracedNode:
        """Return the largest or the smallest value of a type, as a constant over the parameters."""
        type_ = self._type(signed, bits)
        exponent = type_.width.terms[0] - int(signed)
        if largest:
            constant, of = Constant(-1, 1, exponent), "largest"
        else:
            constant, of = Constant(0, -1 if signed else 0, exponent), "smallest"
        return TracedNode(
            "constant", (), type_, author_line(), f"the {of} {type_}", constant=constant, role=of
        )

    def _node(
        self, operation: str, operands: tuple[TracedNode, ...], type_: ValueType, reason: str, **more: Any
    ) -> TracedNode:
        return TracedNode(operation, operands, type_, author_line(), reason, **more)

    def _shift(self, operation: str, content: TracedNode, amount: Affine) -> TracedNode:
        type_, reason = getattr(inference, operation)(content.type, amount)
        return self._node(operation, (content,), type_, reason, amount=amount)

    def _biased(self, content: TracedNode, amount: Affine, rounding: str) -> TracedNode:
        mask = TracedNode(
            "constant",
            (),
            integer_type(False, maximum(width(amount), width(1))),
            author_line(),
            f"2^{amount} - 1, what a shift by {amount} can drop",
            constant=Constant(-1, 1, amount),
            role="dropped",
        )
        zero = self.constant(0)
        if not content.type.signed:
            return self._with_role("biased", "add", content, mask)
        negative = self._with_role("negative", "less", content, zero)
        alternatives = (mask, zero) if rounding == "toward_zero" else (zero, mask)
        bias = self._with_role("bias", "select", negative, *alternatives)
        biased = self._with_role("biased", "add", content, bias)
        if rounding == "toward_zero":
            biased.type, biased.reason = inference.bias_toward_zero(content.type, amount)
        return biased

    def _with_role(self, role: str, operation: str, *operands: TracedNode) -> TracedNode:
        node = self.apply(operation, *operands)
        node.role = role
        return node

    def _amount(self, content: TracedNode) -> Affine:
        amount = content.affine
        if amount is None:
            refuse(self, "a shift's amount must be a number or a parameter itself")
        if amount.smallest < 0:
            refuse(
                self, f"a shift by {amount}, which can be {amount.smallest}: its parameter must start at 0"
            )
        return amount

    def _type(self, signed: bool, bits: TracedNode) -> ValueType:
        if bits.affine is None:
            refuse(self, "a width must be a number or a parameter itself")
        if bits.affine.smallest < 1:
            refuse(self, f"a type with a width of {bits.affine}, which can be {bits.affine.smallest}")
        return integer_type(signed, width(bits.affine))
