"""Widths as expressions over a rule's parameters, ordered for all legal parameter values at once.

A width is the maximum of affine forms: ``max(trace_bits + 2, reward_bits)``. Sums, maxima, and differences with a
parameter stay in this form, and whether one width is always enough for another is decided term by term at a corner
of the parameters' ranges: the answer holds for every configuration that a user may choose.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sc_hardware.rules.errors import RuleError


def _check_range(parameter: Parameter, attribute: object, value: int) -> None:
    for name in ("low", "high", "default"):
        if type(getattr(parameter, name)) is not int:
            raise RuleError(f"a parameter's {name} must be an integer, got {getattr(parameter, name)!r}")
    if not parameter.low <= parameter.default <= parameter.high:
        raise RuleError(
            f"a parameter needs low <= default <= high, got {parameter.low}, {parameter.default}, "
            f"{parameter.high}"
        )


@attrs.frozen
class Parameter:
    """A number that is fixed when a rule is built: a width, a shift, a constant.

    Parameters
    ----------
    low, high : int
        The legal values, both included.
    default : int
    name : str
        Given by the rule's declaration.

    Examples
    --------
    >>> Parameter(1, 31, default=16).high
    31
    """

    low: int
    high: int
    default: int = attrs.field(kw_only=True, validator=_check_range)
    name: str = attrs.field(default="", kw_only=True)


@attrs.frozen
class Affine:
    """``constant + Σ coefficient · parameter``, with integers.

    Attributes
    ----------
    constant : int
    coefficients : tuple of (Parameter, int)
        Sorted by the parameters' names; none is 0.
    """

    constant: int = 0
    coefficients: tuple[tuple[Parameter, int], ...] = ()

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.constant + other, self.coefficients)
        total: dict[Parameter, int] = dict(self.coefficients)
        for parameter, coefficient in other.coefficients:
            total[parameter] = total.get(parameter, 0) + coefficient
        kept = sorted(((p, c) for p, c in total.items() if c), key=lambda item: item[0].name)
        return Affine(self.constant + other.constant, tuple(kept))

    def __neg__(self) -> Affine:
        return Affine(-self.constant, tuple((p, -c) for p, c in self.coefficients))

    def __sub__(self, other: Affine | int) -> Affine:
        return self + -other

    @property
    def largest(self) -> int:
        """The largest value over the parameters' ranges."""
        return self.constant + sum(c * (p.high if c > 0 else p.low) for p, c in self.coefficients)

    @property
    def smallest(self) -> int:
        """The smallest value over the parameters' ranges."""
        return -(-self).largest

    def value(self, parameters: Mapping[str, int]) -> int:
        """Return the value for one choice of parameters."""
        return self.constant + sum(c * parameters[p.name] for p, c in self.coefficients)

    def __str__(self) -> str:
        text = ""
        for parameter, coefficient in sorted(self.coefficients, key=lambda item: -item[1]):
            factor = "" if abs(coefficient) == 1 else f"{abs(coefficient)} * "
            text += f"{_sign(coefficient, text)}{factor}{parameter.name}"
        if self.constant or not text:
            text += f"{_sign(self.constant, text)}{abs(self.constant)}"
        return text


def _sign(number: int, before: str) -> str:
    if before:
        return " - " if number < 0 else " + "
    return "-" if number < 0 else ""


def affine(value: int | Parameter | Affine) -> Affine:
    """Return an int or a parameter as an affine form."""
    if isinstance(value, Affine):
        return value
    return Affine(0, ((value, 1),)) if isinstance(value, Parameter) else Affine(value)


def _without_dominated(terms: tuple[Affine, ...]) -> tuple[Affine, ...]:
    kept: list[Affine] = []
    for term in terms:
        if any((term - other).largest <= 0 for other in kept):
            continue
        kept = [other for other in kept if (other - term).largest > 0]
        kept.append(term)
    return tuple(kept)


@attrs.frozen
class Width:
    """The maximum of affine forms, none of which another one always reaches.

    Attributes
    ----------
    terms : tuple of Affine

    Examples
    --------
    >>> bits = Parameter(2, 30, default=12, name="trace_bits")
    >>> str(maximum(width(bits) + 2, width(3)))
    'trace_bits + 2'
    >>> str(maximum(width(bits), width(3)))
    'max(trace_bits, 3)'
    >>> width(bits) <= width(bits) + 1
    True
    """

    terms: tuple[Affine, ...] = attrs.field(converter=_without_dominated)

    def __add__(self, other: Width | Affine | int) -> Width:
        added = other.terms if isinstance(other, Width) else (other,)
        return Width(tuple(term + amount for term in self.terms for amount in added))

    def __sub__(self, amount: Affine | int) -> Width:
        return self + -amount

    def __le__(self, other: Width) -> bool:
        """Whether `other` is enough wherever `self` is needed, for every legal choice of parameters."""
        return all(any((mine - yours).largest <= 0 for yours in other.terms) for mine in self.terms)

    @property
    def largest(self) -> int:
        """The largest value over the parameters' ranges."""
        return max(term.largest for term in self.terms)

    def value(self, parameters: Mapping[str, int]) -> int:
        """Return the number of bits for one choice of parameters."""
        return max(term.value(parameters) for term in self.terms)

    def __str__(self) -> str:
        texts = [str(term) for term in self.terms]
        return texts[0] if len(texts) == 1 else f"max({', '.join(texts)})"


def width(value: int | Parameter | Affine) -> Width:
    """Return a number of bits as a width."""
    return Width((affine(value),))


def maximum(*widths: Width) -> Width:
    """Return the width that is enough for all of `widths`."""
    return Width(tuple(term for each in widths for term in each.terms))
