"""The templates, and what they call."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence

import jinja2

from sc_hardware.lane.design import Assignment, NamedConstant, Port, Shape
from sc_hardware.rules.widths import Width
from sc_plugin_verilog import expressions

_LINE = 100


def _statement(assignment: Assignment, inner: Collection[str]) -> str:
    """Return an assignment, over several lines where one would be too long."""
    target = assignment.target
    left = f"wire {expressions.declared(target.shape)}{target.name}"
    if target.name not in inner:
        left = f"assign {target.name}"
    return _fitted(f"    {left} =", expressions.assignment_parts(assignment))


def _constant(constant: NamedConstant) -> str:
    left = f"    localparam {expressions.declared(constant.shape)}{constant.name} ="
    return _fitted(left, [expressions.constant_text(constant)])


def _fitted(left: str, parts: Sequence[str]) -> str:
    line = " ".join([left, *parts]) + ";"
    return line if len(line) <= _LINE else f"\n{' ' * 8}".join([left, *parts]) + ";"


def _port(port: Port, registers: Collection[str]) -> str:
    direction = "input  wire" if port.direction == "in" else "output wire"
    if port.name in registers:
        direction = "output reg "
    return f"{direction} {expressions.declared(port.shape)}{port.name}"


def _grouped_width(width: Width) -> str:
    text = expressions.width_text(width)
    return f"({text})" if " " in text else text


def _zero(shape: Shape) -> str:
    return "1'b0" if shape.is_bit else f"{{{expressions.bits(shape)}{{1'b0}}}}"


@functools.cache
def template(name: str) -> jinja2.Template:
    """Return a template of this package."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sc_plugin_verilog"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- Verilog, not HTML
    )
    filters: Mapping[str, object] = {
        "port": _port,
        "zero": _zero,
        "width": expressions.width_text,
        "grouped": _grouped_width,
        "declared": expressions.declared,
        "constant": _constant,
        "statement": _statement,
        "number": expressions.number_text,
    }
    environment.filters.update(filters)
    return environment.get_template(name)
