"""Which type is enough for the result of each operation, and why (specs/rules.md, "Widths").

Each function returns the type and the reason as text with ``{0}``, ``{1}`` for the operands' names.
"""

from __future__ import annotations

from collections.abc import Callable

from sc_hardware.rules.types import BIT, ValueType, common_type, integer_type
from sc_hardware.rules.widths import Affine, affine, maximum, width

Inferred = tuple[ValueType, str]


def _add(left: ValueType, right: ValueType) -> Inferred:
    common = common_type(left, right)
    return integer_type(common.signed, common.width + 1), "one bit more than {0} and {1}, for the carry"


def _subtract(left: ValueType, right: ValueType) -> Inferred:
    common = common_type(left, right)
    return integer_type(True, common.width + 1), "one bit more than {0} and {1}, for borrow and sign"


def _multiply(left: ValueType, right: ValueType) -> Inferred:
    bits = left.width + right.width
    return integer_type(left.signed or right.signed, bits), "the bits of {0} and of {1} together"


def _negate(operand: ValueType) -> Inferred:
    return integer_type(True, operand.width + 1), "one bit more than {0}, whose negative may need it"


def _comparison(left: ValueType, right: ValueType) -> Inferred:
    return BIT, "a comparison"


def _logic(*operands: ValueType) -> Inferred:
    return BIT, "bits in, a bit out"


def _select(condition: ValueType, if_true: ValueType, if_false: ValueType) -> Inferred:
    return common_type(if_true, if_false), "holds {1} and {2}"


TYPES: dict[str, Callable[..., Inferred]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "negate": _negate,
    "equal": _comparison,
    "not_equal": _comparison,
    "less": _comparison,
    "less_equal": _comparison,
    "and": _logic,
    "or": _logic,
    "not": _logic,
    "select": _select,
}


def shift_left(operand: ValueType, amount: Affine) -> Inferred:
    """Return the type of ``operand << amount``."""
    return integer_type(operand.signed, operand.width + amount), f"{{0}} and {amount} bits below"


def shift_right(operand: ValueType, amount: Affine) -> Inferred:
    """Return the type of ``operand >> amount``."""
    bits = maximum(operand.width - amount, width(1))
    return integer_type(operand.signed, bits), f"{{0}} without its {amount} lowest bits"


def bias_toward_zero(operand: ValueType, amount: Affine) -> Inferred:
    """Return the type of a signed operand to which 2^amount - 1 is added where it is negative."""
    bits = maximum(operand.width, width(amount + 1))
    return integer_type(True, bits), "{0} where it is not negative, else less than 2^" + str(affine(amount))
