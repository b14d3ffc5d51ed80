"""What a rule computes with: values, whose operators are the language, and which refuse all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NoReturn, Protocol

from sc_hardware.rules.errors import RuleError, SourceLine, author_line
from sc_hardware.rules.types import Signed, Unsigned

ROUNDINGS = ("floor", "toward_zero", "away_from_zero")


class Domain(Protocol):
    """What values are made of, and how operations on them are done.

    Contents are what the domain likes: ints, arrays, solver terms, nodes of a graph.
    """

    @property
    def rule_name(self) -> str:
        """The name of the rule, for errors."""
        ...

    def constant(self, value: int | bool) -> Any:
        """Return the content of a number, or of a bit if `value` is a bool."""
        ...

    def apply(self, operation: str, *contents: Any) -> Any:
        """Return the result of an operation of `sc_hardware.rules.graph.OPERATIONS` without a type of its own."""
        ...

    def shift_right(self, content: Any, amount: Any, rounding: str) -> Any:
        """Return ``content / 2**amount``, rounded to an integer."""
        ...

    def saturate(self, content: Any, signed: bool, width: Any) -> Any:
        """Return the nearest value that a type holds."""
        ...

    def extreme(self, signed: bool, bits: Any, largest: bool) -> Any:
        """Return the largest or the smallest value of a type whose width is a parameter."""
        ...


def refuse(domain: Domain, problem: str) -> NoReturn:
    """Raise the error that names the rule and points at the author's line."""
    raise RuleError(problem, rule=domain.rule_name, source=author_line())


def _refusal(what: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: Value, *_: Any, **__: Any) -> NoReturn:
        refuse(self.domain, f"{what} cannot be expressed in a fixed-point rule: {instead}")

    return method


_PER_VALUE = "its value is known only when the rule runs"
_DIVISION = "use >> for a power of two, or a multiplication and >> for another constant"
_BITWISE = "& | ~ work on bits; combine integers by arithmetic and select(condition, a, b)"


class Value:
    """An integer or a bit inside a rule.

    Integers have ``+ -``, unary ``-``, ``*``, ``<<`` and ``>>`` by constants or parameters (``>>`` rounds down),
    and comparisons, which give bits. Bits have ``& | ~``. `select`, `saturate` and `shift_right` complete the
    language. Everything else raises `RuleError`.

    Attributes
    ----------
    domain : Domain
    content : object
        What the domain made.
    is_bit : bool
    fixed : bool
        Whether it is a parameter or a constant, which may be a shift's amount.
    """

    __slots__ = ("content", "domain", "fixed", "is_bit")
    __hash__ = None  # type: ignore[assignment]  # == gives a bit

    def __init__(self, domain: Domain, content: Any, *, is_bit: bool, fixed: bool = False) -> None:
        self.domain, self.content, self.is_bit, self.fixed = domain, content, is_bit, fixed

    def __repr__(self) -> str:
        return f"Value({self.content!r})"

    def fixed_like(self, content: Any) -> Value:
        """Return an integer of the same domain that is known when the rule is built."""
        return Value(self.domain, content, is_bit=False, fixed=True)

    def _operand(self, other: Any, operation: str, bits: bool = False) -> Value:
        value = lift(self.domain, other, operation)
        for each in (self, value):
            if each.is_bit and not bits:
                refuse(
                    self.domain,
                    f"{operation!r} is for integers, and one side is a bit: use select(bit, 1, 0)",
                )
            if bits and not each.is_bit:
                refuse(self.domain, f"{operation!r} on an integer: {_BITWISE}")
        return value

    def _integer(self, operation: str, symbol: str, other: Any, swapped: bool = False) -> Value:
        first, second = self, self._operand(other, symbol)
        if swapped:
            first, second = second, first
        return Value(self.domain, self.domain.apply(operation, first.content, second.content), is_bit=False)

    def _comparison(self, operation: str, symbol: str, other: Any, swapped: bool = False) -> Value:
        first, second = self, self._operand(other, symbol, bits=self.is_bit and symbol in ("==", "!="))
        if swapped:
            first, second = second, first
        return Value(self.domain, self.domain.apply(operation, first.content, second.content), is_bit=True)

    def _logic(self, operation: str, symbol: str, other: Any) -> Value:
        second = self._operand(other, symbol, bits=True)
        return Value(self.domain, self.domain.apply(operation, self.content, second.content), is_bit=True)

    def __add__(self, other: Any) -> Value:
        return self._integer("add", "+", other)

    def __radd__(self, other: Any) -> Value:
        return self._integer("add", "+", other, swapped=True)

    def __sub__(self, other: Any) -> Value:
        return self._integer("subtract", "-", other)

    def __rsub__(self, other: Any) -> Value:
        return self._integer("subtract", "-", other, swapped=True)

    def __mul__(self, other: Any) -> Value:
        return self._integer("multiply", "*", other)

    def __rmul__(self, other: Any) -> Value:
        return self._integer("multiply", "*", other, swapped=True)

    def __neg__(self) -> Value:
        self._operand(0, "-")
        return Value(self.domain, self.domain.apply("negate", self.content), is_bit=False)

    def __lshift__(self, amount: Any) -> Value:
        self._operand(0, "<<")
        content = self.domain.apply("shift_left", self.content, _amount(self.domain, amount))
        return Value(self.domain, content, is_bit=False)

    def __rshift__(self, amount: Any) -> Value:
        return shift_right(self, amount)

    def __rlshift__(self, value: Any) -> Value:
        return lift(self.domain, value, "<<") << self

    def __rrshift__(self, value: Any) -> Value:
        return lift(self.domain, value, ">>") >> self

    def __eq__(self, other: object) -> Value:  # type: ignore[override]
        return self._comparison("equal", "==", other)

    def __ne__(self, other: object) -> Value:  # type: ignore[override]
        return self._comparison("not_equal", "!=", other)

    def __lt__(self, other: Any) -> Value:
        return self._comparison("less", "<", other)

    def __le__(self, other: Any) -> Value:
        return self._comparison("less_equal", "<=", other)

    def __gt__(self, other: Any) -> Value:
        return self._comparison("less", ">", other, swapped=True)

    def __ge__(self, other: Any) -> Value:
        return self._comparison("less_equal", ">=", other, swapped=True)

    def __and__(self, other: Any) -> Value:
        return self._logic("and", "&", other)

    def __or__(self, other: Any) -> Value:
        return self._logic("or", "|", other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Value:
        if not self.is_bit:
            refuse(self.domain, f"'~' on an integer: {_BITWISE}")
        return Value(self.domain, self.domain.apply("not", self.content), is_bit=True)

    __bool__ = _refusal(
        "a Python if, while, and, or, not, min, max or assert on a value",
        f"{_PER_VALUE}; use select(condition, a, b), and & | ~ on bits",
    )
    __index__ = _refusal(
        "range(), an index or int() of a value", f"{_PER_VALUE}; loops need numbers written in the rule"
    )
    __int__ = _refusal("int() of a value", "values are integers already")
    __float__ = _refusal("float() of a value", "rules are integers; scale by << and >>")
    __complex__ = __float__
    __truediv__ = __rtruediv__ = _refusal("division by '/'", _DIVISION)
    __floordiv__ = __rfloordiv__ = _refusal("division by '//'", _DIVISION)
    __mod__ = __rmod__ = __divmod__ = __rdivmod__ = _refusal("the remainder '%'", _DIVISION)
    __pow__ = __rpow__ = _refusal("a power '**'", "multiply, or use << for a power of two")
    __xor__ = __rxor__ = _refusal("'^'", "use != on bits")
    __matmul__ = __rmatmul__ = _refusal("'@'", "a rule is about single values")
    __getitem__ = __iter__ = __len__ = __contains__ = _refusal(
        "an index, a slice or iteration of a value", "a rule is about single values; use >> and comparisons"
    )
    __abs__ = _refusal("abs() of a value", "use select(value < 0, -value, value)")
    __round__ = __trunc__ = __floor__ = __ceil__ = _refusal(
        "rounding", "use shift_right(value, amount, rounding)"
    )
    __call__ = _refusal("a call of a value", "fields are read without parentheses")
    __array__ = __array_ufunc__ = _refusal(
        "a NumPy function of a value", "use operators, select, saturate and shift_right"
    )


def lift(domain: Domain, value: Any, operation: str) -> Value:
    """Return an operand as a value of the domain; numbers become constants.

    Raises
    ------
    RuleError
        If it is neither.
    """
    if isinstance(value, Value):
        if value.domain is not domain:
            refuse(
                domain, "a value of another call or rule was kept and used here; use only what is passed in"
            )
        return value
    if type(value) is bool or type(value) is int:
        return Value(domain, domain.constant(value), is_bit=type(value) is bool, fixed=True)
    if isinstance(value, float):
        refuse(domain, f"{operation!r} with the float {value!r}: rules are integers; scale by << and >>")
    refuse(domain, f"{operation!r} with {value!r}: operands are values, integers and bits")


def _amount(domain: Domain, amount: Any) -> Any:
    value = lift(domain, amount, "shift")
    if value.is_bit or not value.fixed:
        refuse(
            domain,
            "a shift by a value cannot be expressed in a fixed-point rule: shift by a constant or a parameter, "
            "or select() among shifts by constants",
        )
    if type(amount) is int and amount < 0:
        refuse(domain, f"a shift by {amount}: shift the other way by {-amount}")
    return value.content


def _domain_of(operation: str, *values: Any) -> Domain:
    for value in values:
        if isinstance(value, Value):
            return value.domain
    raise RuleError(f"{operation}: at least one argument must be a value of the rule", source=author_line())


def shift_right(value: Any, amount: Any, rounding: str = "floor") -> Value:
    """Return value / 2^amount, rounded to an integer.

    Parameters
    ----------
    value : Value
    amount : int or a parameter
        Not negative.
    rounding : {"floor", "toward_zero", "away_from_zero"}
        ``>>`` is ``"floor"``.
    """
    domain = _domain_of("shift_right", value, amount)
    if rounding not in ROUNDINGS:
        refuse(domain, f"rounding must be one of {', '.join(ROUNDINGS)}, got {rounding!r}")
    integer = lift(domain, value, ">>")
    integer._operand(0, ">>")
    return Value(domain, domain.shift_right(integer.content, _amount(domain, amount), rounding), is_bit=False)


def select(condition: Any, if_true: Any, if_false: Any) -> Value:
    """Return `if_true` where the bit `condition` is true, else `if_false`; both integers, or both bits."""
    domain = _domain_of("select", condition, if_true, if_false)
    chosen, one, other = (lift(domain, value, "select") for value in (condition, if_true, if_false))
    if not chosen.is_bit:
        refuse(domain, "select: the condition must be a bit; compare the integer with 0")
    if one.is_bit != other.is_bit:
        refuse(domain, "select: both alternatives must be integers, or both bits")
    content = domain.apply("select", chosen.content, one.content, other.content)
    return Value(domain, content, is_bit=one.is_bit)


def saturate(value: Any, type_: Unsigned | Signed) -> Value:
    """Return the nearest integer that `type_` holds.

    Parameters
    ----------
    value : Value
    type_ : Unsigned or Signed
        ``Signed(8)``, or ``Signed(params.trace_bits)``.
    """
    domain = _domain_of("saturate", value, getattr(type_, "width", None))
    if not isinstance(type_, Unsigned | Signed):
        refuse(domain, f"saturate: the type must be Unsigned(width) or Signed(width), got {type_!r}")
    integer = lift(domain, value, "saturate")
    integer._operand(0, "saturate")
    bits = lift(domain, type_.width, "saturate")
    if bits.is_bit or not bits.fixed:
        refuse(domain, "saturate: the width must be a number or a parameter")
    return Value(domain, domain.saturate(integer.content, type_.signed, bits.content), is_bit=False)


class Fields:
    """Values by name, read as attributes: what a rule gets as `inputs` and `params`."""

    def __init__(self, domain: Domain, what: str, values: Mapping[str, Value]) -> None:
        self.__dict__["_hidden"] = (domain, what, values)

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__"):
            raise AttributeError(name)
        domain, what, values = hidden(self)
        if name not in values:
            near = get_close_matches(name, values, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(values) or 'none'}"
            refuse(domain, f"{what} has no {name!r}; {hint}")
        return values[name]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        domain, what, _ = hidden(self)
        refuse(domain, f"{what}.{name} is read only: return state.replace({name}=...)")


def hidden(fields: Fields) -> tuple[Domain, str, Mapping[str, Value]]:
    """Return the domain, what the fields are called, and the values: no attribute that could hide a field."""
    inside: tuple[Domain, str, Mapping[str, Value]] = fields.__dict__["_hidden"]
    return inside


def values_of(fields: Fields) -> Mapping[str, Value]:
    """Return fields by name."""
    return hidden(fields)[2]


class State(Fields):
    """The fields of a state, read as attributes; `replace` gives the next state."""

    def replace(self, **changed: Any) -> State:
        """Return the state with some fields changed."""
        domain, what, values = hidden(self)
        for name in changed:
            getattr(self, name)
        lifted = {name: lift(domain, value, f"{name}=") for name, value in changed.items()}
        after = State(domain, what, {**values, **lifted})
        after.__dict__["_line"] = author_line()
        return after


def line_of(state: State) -> SourceLine | None:
    """Return the author's line that made a state by `State.replace`."""
    return state.__dict__.get("_line")
