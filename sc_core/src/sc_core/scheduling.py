"""What schedulers share: their attributes, which are checked by name, and their state.

A scheduler is an attrs class whose fields come from `rate`, `count`, `factor` and `steps_taken`. Its fields are its
constructor's arguments, are what `state_dict` returns, and are what `load_state_dict` takes over.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import attrs

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError


def rate(**field: Any) -> Any:
    """Return an attrs field for a learning rate: a finite number, at least 0.

    Examples
    --------
    >>> import attrs
    >>> @attrs.define
    ... class Constant:
    ...     lr: float = rate()
    >>> Constant(lr=-1)
    Traceback (most recent call last):
        ...
    sc_core.errors.ConfigurationError: lr: must be a finite number >= 0, got -1
    """
    return attrs.field(converter=attrs.Converter(_rate, takes_field=True), **field)


def factor(**field: Any) -> Any:
    """Return an attrs field for what a rate is multiplied by: a finite number above 0."""
    return attrs.field(converter=attrs.Converter(_factor, takes_field=True), **field)


def count(**field: Any) -> Any:
    """Return an attrs field for a number of steps: an integer, at least 1."""
    return attrs.field(converter=attrs.Converter(_count, takes_field=True), **field)


def steps_taken() -> Any:
    """Return an attrs field for the number of steps taken: no argument of the constructor, 0 at first."""
    return attrs.field(default=0, init=False, converter=attrs.Converter(_steps_taken, takes_field=True))


def decayed(initial: float, gamma: float, n: int) -> float:
    """Return ``initial * gamma ** n``.

    Raises
    ------
    NumericalError
        If that is too large for a float.

    Examples
    --------
    >>> decayed(0.1, 0.5, 2)
    0.025
    """
    try:
        return initial * gamma**n
    except OverflowError:
        raise NumericalError(
            f"the learning rate grew beyond all floats: {initial} * {gamma}**{n}; gamma must be smaller"
        ) from None


def cosine(start: float, end: float, progress: float) -> float:
    """Return the rate on the way from `start` to `end` along half a cosine, `progress` going from 0 to 1.

    Examples
    --------
    >>> cosine(0.2, 0.0, 0.5)
    0.1
    """
    return end + (start - end) * (1.0 + math.cos(math.pi * min(progress, 1.0))) / 2.0


def state_dict(scheduler: Any) -> State:
    """Return the value of every field of a scheduler by name."""
    return {field.alias: getattr(scheduler, field.name) for field in attrs.fields(type(scheduler))}


def load_state_dict(scheduler: Any, state: State) -> None:
    """Take over what `state_dict` returned for a scheduler of the same class; all of it or nothing.

    Raises
    ------
    CheckpointError
        If `state` is not one.
    """
    before = {field.name: getattr(scheduler, field.name) for field in attrs.fields(type(scheduler))}
    try:
        for field in attrs.fields(type(scheduler)):
            setattr(scheduler, field.name, state[field.alias])  # checks, as the constructor does
    except (KeyError, ConfigurationError) as error:
        for name, value in before.items():
            setattr(scheduler, name, value)
        raise CheckpointError(f"this is no state of a {type(scheduler).__name__}: {error!r}") from error


def _rate(value: Any, field: attrs.Attribute[Any]) -> float:
    if not _is_finite(value) or value < 0:
        raise _refused(field, "a finite number >= 0", value)
    return float(value)


def _factor(value: Any, field: attrs.Attribute[Any]) -> float:
    if not _is_finite(value) or value <= 0:
        raise _refused(field, "a finite number > 0", value)
    return float(value)


def _count(value: Any, field: attrs.Attribute[Any]) -> int:
    if not _is_integer(value) or value < 1:
        raise _refused(field, "an integer >= 1", value)
    return int(value)


def _steps_taken(value: Any, field: attrs.Attribute[Any]) -> int:
    if not _is_integer(value) or value < 0:
        raise _refused(field, "an integer >= 0", value)
    return int(value)


def _is_finite(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral)


def _refused(field: attrs.Attribute[Any], wanted: str, value: object) -> ConfigurationError:
    return ConfigurationError(str(field.alias), f"must be {wanted}, got {value!r}")
