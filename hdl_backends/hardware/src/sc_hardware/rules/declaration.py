"""What a rule declares: parameters, state and inputs, checked by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.graph import Field
from sc_hardware.rules.names import check_names
from sc_hardware.rules.types import Declaration, Postsynaptic, Presynaptic, resolve
from sc_hardware.rules.widths import Parameter


def declare_parameters(declared: Mapping[str, Parameter], rule: str) -> dict[str, Parameter]:
    """Return the parameters with their names.

    Raises
    ------
    RuleError
    """
    for name, parameter in declared.items():
        if not isinstance(parameter, Parameter):
            raise RuleError(f"parameters.{name}: must be a Parameter, got {parameter!r}", rule=rule)
    return {name: attrs.evolve(parameter, name=name) for name, parameter in declared.items()}


def declare_fields(
    declared: Mapping[str, Declaration],
    parameters: Mapping[str, Parameter],
    place: str,
    unmarked: str,
    rule: str,
) -> tuple[Field, ...]:
    """Return the fields of a state, or the inputs; `unmarked` is where those live that are not marked."""
    fields = []
    for name, declaration in declared.items():
        location, type_ = unmarked, declaration
        if isinstance(declaration, Presynaptic | Postsynaptic):
            location = "presynaptic" if isinstance(declaration, Presynaptic) else "postsynaptic"
            type_ = declaration.type
        try:
            fields.append(Field(name, resolve(type_, parameters, f"{place}.{name}"), location))  # type: ignore[arg-type]
        except RuleError as error:
            raise RuleError(error.problem, rule=rule) from None
    return tuple(fields)


def check_declared_names(
    rule: str, parameters: Mapping[str, Parameter], state: tuple[Field, ...], inputs: tuple[Field, ...]
) -> None:
    """Refuse names that a language cannot carry, or that mean two things."""
    names = [*parameters, *(field.name for field in (*state, *inputs))]
    names += [f"next_{field.name}" for field in state]  # the names of what leaves a step
    check_names([rule, *names], rule)
    twice = {name for name in names if names.count(name) > 1}
    if "replace" in names:
        raise RuleError("'replace' is what a state offers beside its fields; choose another name", rule=rule)
    if twice:
        raise RuleError(f"{', '.join(sorted(twice))}: declared more than once", rule=rule)


def choose_parameters(
    parameters: Mapping[str, Parameter], chosen: Mapping[str, Any], rule: str
) -> dict[str, int]:
    """Return a whole choice of parameters, with defaults where nothing is chosen.

    Raises
    ------
    RuleError
        If a parameter is unknown, not an integer, or out of its range.
    """
    unknown = sorted(set(chosen) - set(parameters))
    if unknown:
        known = ", ".join(parameters) or "none"
        raise RuleError(f"{', '.join(unknown)}: no such parameter; it has: {known}", rule=rule)
    complete = {}
    for name, parameter in parameters.items():
        value = chosen.get(name, parameter.default)
        if type(value) is not int:
            raise RuleError(f"{name}: must be an integer, got {value!r}", rule=rule)
        if not parameter.low <= value <= parameter.high:
            raise RuleError(
                f"{name}: must be from {parameter.low} to {parameter.high}, got {value}", rule=rule
            )
        complete[name] = value
    return complete
