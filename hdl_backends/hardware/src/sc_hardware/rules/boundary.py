"""Values that come into a rule and go out of it, checked against the declared types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sc_hardware.rules.domains import Arrays, Integers
from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.graph import Field
from sc_hardware.rules.values import Domain, Value


def from_outside(
    domain: Domain,
    declared: tuple[Field, ...],
    given: Mapping[str, Any],
    parameters: Mapping[str, int],
    place: str,
) -> dict[str, Value]:
    """Return what was given as values of the domain.

    Raises
    ------
    RuleError
        If something is missing, unknown, or not of its declared type.
    """
    names = {field.name for field in declared}
    if names != set(given):
        missing, unknown = sorted(names - set(given)), sorted(set(given) - names)
        problems = [f"{what} {', '.join(n)}" for what, n in (("missing", missing), ("unknown", unknown)) if n]
        raise RuleError(f"{place}: {'; '.join(problems)}")
    return {
        field.name: Value(
            domain,
            _content(domain, field, given[field.name], parameters, f"{place}.{field.name}"),
            is_bit=field.type.is_bit,
        )
        for field in declared
    }


def _content(domain: Domain, field: Field, value: Any, parameters: Mapping[str, int], place: str) -> Any:
    low, high = field.type.range(parameters)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in ("b" if field.type.is_bit else "iu"):
            wanted = "bools" if field.type.is_bit else "integers"
            raise RuleError(f"{place}: must be an array of {wanted}, got {value.dtype}")
        if value.size and (int(value.min()) < low or int(value.max()) > high):
            raise RuleError(
                f"{place}: must be from {low} to {high}, got {int(value.min())} to {int(value.max())}"
            )
        return value if field.type.is_bit else value.astype(np.int64)
    if isinstance(value, bool | int | np.integer | np.bool_):
        truth = isinstance(value, bool | np.bool_)
        if truth and not field.type.is_bit:
            raise RuleError(f"{place}: must be an integer, got {value!r}")
        if not low <= value <= high:
            raise RuleError(f"{place}: must be from {low} to {high}, got {value}")
        return domain.constant(bool(value) if field.type.is_bit else int(value))
    if isinstance(domain, Integers | Arrays):
        raise RuleError(f"{place}: must be {'a bit' if field.type.is_bit else 'an integer'}, got {value!r}")
    return _extended(domain, field, value, parameters, place)


def _extended(domain: Any, field: Field, term: Any, parameters: Mapping[str, int], place: str) -> Any:
    """Return a solver term of the declared width as one of the domain's width."""
    import z3

    if field.type.is_bit:
        if not z3.is_bool(term):
            raise RuleError(f"{place}: must be a solver bool, got {term!r}")
        return term
    bits = field.type.width.value(parameters)
    if not z3.is_bv(term) or term.size() != bits:
        raise RuleError(f"{place}: must be a bit vector of {bits} bits, got {term!r}")
    extend = z3.SignExt if field.type.signed else z3.ZeroExt
    return extend(domain.bits - bits, term)


def solver_terms(declared: tuple[Field, ...], parameters: Mapping[str, int]) -> dict[str, Any]:
    """Return a free solver term for each field."""
    import z3

    return {
        field.name: z3.Bool(field.name)
        if field.type.is_bit
        else z3.BitVec(field.name, field.type.width.value(parameters))
        for field in declared
    }


def to_outside(
    domain: Domain, declared: tuple[Field, ...], values: Mapping[str, Value], parameters: Mapping[str, int]
) -> dict[str, Any]:
    """Return the fields' next values as what came in: solver terms cut to the declared widths."""
    contents = {field.name: values[field.name].content for field in declared}
    if isinstance(domain, Arrays):
        return {name: np.asarray(content) for name, content in contents.items()}
    if isinstance(domain, Integers):
        return contents
    import z3

    for field in declared:
        if not field.type.is_bit and z3.is_bv(contents[field.name]):
            bits = field.type.width.value(parameters)
            contents[field.name] = z3.Extract(bits - 1, 0, contents[field.name])
    return contents
