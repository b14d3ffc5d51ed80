"""The types of a rule: unsigned and signed integers of a width, bits, and where a value lives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.widths import Parameter, Width, maximum, width

# What declarations say ------------------------------------------------------------------------------------


def _extreme(declared: Unsigned | Signed, largest: bool) -> Any:
    if isinstance(declared.width, int):
        return extreme(declared.signed, declared.width, largest)
    if hasattr(declared.width, "domain"):
        bits = declared.width
        return bits.fixed_like(bits.domain.extreme(declared.signed, bits.content, largest))
    raise RuleError(f"inside a rule write {type(declared).__name__}(params.{declared.width})")


def extreme(signed: bool, bits: int, largest: bool) -> int:
    """Return the largest or smallest integer of a type.

    Examples
    --------
    >>> extreme(True, 8, largest=False)
    -128
    """
    if largest:
        return int((1 << (bits - signed)) - 1)
    return -(1 << (bits - 1)) if signed else 0


@attrs.frozen
class Unsigned:
    """Integers from 0 to 2^width - 1.

    Parameters
    ----------
    width : int, str, or a value of ``params``
        In a declaration a number or a parameter's name, inside a rule a number or ``params.<name>``.

    Examples
    --------
    >>> Unsigned(8).maximum
    255
    """

    width: Any
    signed = False

    @property
    def maximum(self) -> Any:
        """The largest value: an int, or a value of the rule if the width is one."""
        return _extreme(self, largest=True)

    @property
    def minimum(self) -> Any:
        """The smallest value."""
        return _extreme(self, largest=False)


@attrs.frozen
class Signed:
    """Integers from -2^(width - 1) to 2^(width - 1) - 1; `width` as for `Unsigned`.

    Examples
    --------
    >>> Signed(8).minimum
    -128
    """

    width: Any
    signed = True

    @property
    def maximum(self) -> Any:
        """The largest value: an int, or a value of the rule if the width is one."""
        return _extreme(self, largest=True)

    @property
    def minimum(self) -> Any:
        """The smallest value."""
        return _extreme(self, largest=False)


@attrs.frozen
class _Bit:
    """True or false: a spike, a condition."""

    def __repr__(self) -> str:
        return "Bit"


Bit: Final = _Bit()
DeclaredType: TypeAlias = Unsigned | Signed | _Bit


@attrs.frozen
class Presynaptic:
    """A field or an input that each presynaptic neuron has, shared by all synapses that leave it."""

    type: DeclaredType


@attrs.frozen
class Postsynaptic:
    """A field or an input that each postsynaptic neuron has, shared by all synapses that reach it."""

    type: DeclaredType


Declaration: TypeAlias = DeclaredType | Presynaptic | Postsynaptic

# What the graph knows -------------------------------------------------------------------------------------


@attrs.frozen
class ValueType:
    """The type of a value for every legal choice of parameters.

    Attributes
    ----------
    kind : str
        ``"bit"``, ``"unsigned"`` or ``"signed"``.
    width : Width
        Number of bits; 1 for a bit.
    """

    kind: str
    width: Width

    @property
    def signed(self) -> bool:
        """Whether negative values belong to it."""
        return self.kind == "signed"

    @property
    def is_bit(self) -> bool:
        """Whether it is a truth value."""
        return self.kind == "bit"

    @property
    def signed_width(self) -> Width:
        """How many bits a signed type needs that holds the same values."""
        return self.width if self.signed else self.width + 1

    def holds(self, other: ValueType) -> bool:
        """Whether every value of `other` is one of this type, whatever the parameters."""
        if self.is_bit or other.is_bit:
            return self.is_bit and other.is_bit
        if self.signed:
            return other.signed_width <= self.width
        return not other.signed and other.width <= self.width

    def range(self, parameters: Mapping[str, int]) -> tuple[int, int]:
        """Return the smallest and the largest value for one choice of parameters."""
        bits = self.width.value(parameters)
        return extreme(self.signed, bits, largest=False), extreme(self.signed, bits, largest=True)

    def __str__(self) -> str:
        return "Bit" if self.is_bit else f"{self.kind.capitalize()}({self.width})"


BIT: Final = ValueType("bit", width(1))


def integer_type(signed: bool, bits: Width) -> ValueType:
    """Return the integer type of a sign and a width."""
    return ValueType("signed" if signed else "unsigned", bits)


def common_type(first: ValueType, second: ValueType) -> ValueType:
    """Return the smallest type that holds all values of both: where a comparison takes place.

    Examples
    --------
    >>> str(common_type(integer_type(False, width(8)), integer_type(True, width(4))))
    'Signed(9)'
    """
    if first.is_bit and second.is_bit:
        return BIT
    if not first.signed and not second.signed:
        return integer_type(False, maximum(first.width, second.width))
    return integer_type(True, maximum(first.signed_width, second.signed_width))


def constant_type(value: int) -> ValueType:
    """Return the smallest type of a number."""
    if value < 0:
        return integer_type(True, width((~value).bit_length() + 1))
    return integer_type(False, width(max(1, value.bit_length())))


def resolve(declared: DeclaredType, parameters: Mapping[str, Parameter], name: str) -> ValueType:
    """Return a declared type with its width as an expression over the parameters.

    Raises
    ------
    RuleError
        If it is no type, names a parameter that does not exist, or can have no bits.
    """
    if isinstance(declared, _Bit):
        return BIT
    if not isinstance(declared, Unsigned | Signed):
        raise RuleError(f"{name}: must be Bit, Unsigned(width) or Signed(width), got {declared!r}")
    bits = declared.width
    if isinstance(bits, str):
        if bits not in parameters:
            known = ", ".join(parameters) or "none"
            raise RuleError(f"{name}: {bits!r} is no parameter of the rule (it has: {known})")
        bits = parameters[bits]
    elif type(bits) is not int:
        raise RuleError(f"{name}: a width is an integer or a parameter's name, got {bits!r}")
    return checked(integer_type(declared.signed, width(bits)), name)


def checked(type_: ValueType, name: str) -> ValueType:
    """Return a type, refused if some choice of parameters leaves it without bits."""
    smallest = min(term.smallest for term in type_.width.terms)
    if smallest < 1:
        raise RuleError(f"{name}: {type_} can have {smallest} bits; at least 1 is needed")
    return type_
