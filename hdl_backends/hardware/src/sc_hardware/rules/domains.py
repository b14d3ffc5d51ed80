"""Rules on Python integers and on NumPy arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from sc_hardware.rules.types import extreme

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "negate": operator.neg,
    "shift_left": operator.lshift,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "and": operator.and_,
    "or": operator.or_,
}


def rounded_shift(domain: Any, content: Any, amount: int, rounding: str) -> Any:
    """Return content / 2**amount, rounded, by a bias and a shift that rounds down."""
    if rounding == "floor":
        return content >> amount
    bias = (1 << amount) - 1
    alternatives = (bias, 0) if rounding == "toward_zero" else (0, bias)
    chosen = domain.apply("select", content < 0, *map(domain.constant, alternatives))
    return (content + chosen) >> amount


@attrs.frozen(eq=False)
class Integers:
    """Contents are Python ints and bools, of any size."""

    rule_name: str
    extreme = staticmethod(extreme)

    def constant(self, value: int | bool) -> int | bool:
        """Return the number itself."""
        return value

    def apply(self, operation: str, *contents: Any) -> Any:
        """Return the result of an operation."""
        if operation == "select":
            return contents[1] if contents[0] else contents[2]
        if operation == "not":
            return not contents[0]
        return OPERATORS[operation](*contents)

    def shift_right(self, content: int, amount: int, rounding: str) -> int:
        """Return content / 2**amount, rounded."""
        return int(rounded_shift(self, content, amount, rounding))

    def saturate(self, content: int, signed: bool, width: int) -> int:
        """Return the nearest value that a type holds."""
        return min(max(content, extreme(signed, width, largest=False)), extreme(signed, width, largest=True))


@attrs.frozen(eq=False)
class Arrays:
    """Contents are int64 and bool arrays, and Python numbers where they are the same everywhere."""

    rule_name: str
    extreme = staticmethod(extreme)

    def constant(self, value: int | bool) -> int | np.bool_:
        """Return the number, or a NumPy bool, whose ``~`` is the logical one."""
        return np.bool_(value) if isinstance(value, bool) else value

    def apply(self, operation: str, *contents: Any) -> Any:
        """Return the result of an operation."""
        if operation == "select":
            return np.where(*contents)
        if operation == "not":
            return np.logical_not(contents[0])
        return OPERATORS[operation](*contents)

    def shift_right(self, content: Any, amount: int, rounding: str) -> Any:
        """Return content / 2**amount, rounded."""
        return rounded_shift(self, content, amount, rounding)

    def saturate(self, content: Any, signed: bool, width: int) -> Any:
        """Return the nearest values that a type holds."""
        return np.clip(content, extreme(signed, width, largest=False), extreme(signed, width, largest=True))
