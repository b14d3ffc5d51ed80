"""The templates, and what they call."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import jinja2

from sc_hardware.lane.design import Assignment, NamedConstant, Port, Shape
from sc_plugin_vhdl import expressions

_LINE = 100


def _statement(assignment: Assignment) -> str:
    """Return an assignment, over several lines where one would be too long."""
    return _fitted(f"    {assignment.target.name} <=", expressions.assignment_parts(assignment))


def _constant(constant: NamedConstant) -> str:
    left = f"    constant {constant.name} : {expressions.type_text(constant.shape)} :="
    return _fitted(left, [expressions.constant_text(constant)])


def _fitted(left: str, parts: Sequence[str]) -> str:
    line = " ".join([left, *parts]) + ";"
    return line if len(line) <= _LINE else f"\n{' ' * 8}".join([left, *parts]) + ";"


def _slice(port: Port) -> str:
    """Return the part of a vector that belongs to a port."""
    at = f"{port.name.upper()}_AT"
    if port.shape.is_bit:
        return f"digits({at})"
    return f"{port.shape.kind}(digits({at} + {expressions.highest(port.shape)} downto {at}))"


def _zero(shape: Shape) -> str:
    return "'0'" if shape.is_bit else "(others => '0')"


@functools.cache
def template(name: str) -> jinja2.Template:
    """Return a template of this package."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sc_plugin_vhdl"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- VHDL, not HTML
    )
    filters: Mapping[str, object] = {
        "zero": _zero,
        "slice": _slice,
        "type": expressions.type_text,
        "width": expressions.width_text,
        "constant": _constant,
        "statement": _statement,
        "number": expressions.number_text,
    }
    environment.filters.update(filters)
    return environment.get_template(name)
