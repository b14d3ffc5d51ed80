"""Rules on terms of the solver z3 (``pip install sc-hardware[solver]``): bit vectors of one width for everything."""

from __future__ import annotations

from typing import Any

import attrs
import z3

from sc_hardware.rules.domains import OPERATORS, rounded_shift
from sc_hardware.rules.types import extreme


@attrs.frozen(eq=False)
class SolverTerms:
    """Contents are signed bit vectors of `bits` bits and solver bools; parameters stay Python ints.

    `bits` is enough for every value of the rule (`RuleGraph.signed_bits`), so the vectors are integers.
    """

    rule_name: str
    bits: int
    extreme = staticmethod(extreme)

    def constant(self, value: int | bool) -> Any:
        """Return a number; it meets bit vectors as one."""
        return z3.BoolVal(value) if isinstance(value, bool) else value

    def apply(self, operation: str, *contents: Any) -> Any:
        """Return the result of an operation."""
        if operation == "select":
            condition, one, other = contents
            if isinstance(condition, bool):
                return one if condition else other
            return z3.If(condition, self._term(one), self._term(other))
        if operation in ("and", "or", "not"):
            return {"and": z3.And, "or": z3.Or, "not": z3.Not}[operation](*contents)
        return OPERATORS[operation](*contents)

    def _term(self, content: Any) -> Any:
        return z3.BitVecVal(content, self.bits) if type(content) is int else content

    def shift_right(self, content: Any, amount: int, rounding: str) -> Any:
        """Return content / 2**amount, rounded; beyond the vector's width what remains is the sign."""
        return rounded_shift(self, content, min(amount, self.bits - 1), rounding)

    def saturate(self, content: Any, signed: bool, width: int) -> Any:
        """Return the nearest value that a type holds."""
        low, high = extreme(signed, width, largest=False), extreme(signed, width, largest=True)
        above = self.apply("select", content > high, high, content)
        return self.apply("select", content < low, low, above)
