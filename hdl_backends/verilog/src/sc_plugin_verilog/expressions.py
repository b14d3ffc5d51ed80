"""Verilog-2001 for widths, constants, operands and operations."""

from __future__ import annotations

from sc_hardware.lane.design import Assignment, Literal, Logic, NamedConstant, Operand, Shape
from sc_hardware.rules.widths import Affine, Width

_BINARY = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "and": "&",
    "or": "|",
}


def width_text(value: Width) -> str:
    """Return a width as arithmetic over the parameters.

    Examples
    --------
    >>> from sc_hardware.rules.widths import Parameter, maximum, width
    >>> bits = Parameter(2, 30, default=12, name="trace_bits")
    >>> width_text(width(bits) + 1)
    'TRACE_BITS + 1'
    >>> width_text(maximum(width(bits), width(3)))
    '(TRACE_BITS > 3) ? TRACE_BITS : 3'
    """
    texts = [str(term).upper() for term in value.terms]
    text = texts.pop()
    while texts:
        other = texts.pop()
        text = f"({_grouped(other)} > {_grouped(text)}) ? {other} : {_grouped(text)}"
    return text


def _grouped(text: str) -> str:
    return f"({text})" if " " in text else text


def vector_range(shape: Shape) -> str:
    """Return ``[WIDTH-1:0] ``, or nothing for a bit."""
    if shape.is_bit:
        return ""
    return f"[{_highest(shape)}:0] "


def declared(shape: Shape) -> str:
    """Return what stands between ``wire`` and a name."""
    return ("signed " if shape.signed else "") + vector_range(shape)


def _highest(shape: Shape) -> str:
    """Return the number of the highest bit."""
    if shape.bits.isdigit():
        return str(int(shape.bits) - 1)
    if shape.bits:
        return f"{shape.bits}-1"
    if len(shape.width.terms) == 1:
        return str(shape.width.terms[0] - 1).upper()
    return f"({width_text(shape.width)}) - 1"


def bits(shape: Shape) -> str:
    """Return the number of bits, as it stands in an expression."""
    return shape.bits or f"({width_text(shape.width)})"


def constant_text(constant: NamedConstant) -> str:
    """Return the value of a named constant."""
    value = constant.value
    if isinstance(value, Affine):
        return f"{str(value).upper()}[{_highest(constant.shape)}:0]"
    if not value.coefficient:
        return _number(value.offset, constant.shape)
    # -2^exponent in the constant's own width: Verilog would take plain numbers to have 32 bits.
    power = f"({{{bits(constant.shape)}{{1'b1}}}} << {_grouped(str(value.exponent).upper())})"
    if (value.coefficient, value.offset) == (1, -1):
        return f"~{power}"
    offset = f" {'-' if value.offset < 0 else '+'} {abs(value.offset)}" if value.offset else ""
    return f"{'-' if value.coefficient > 0 else ''}{power}{offset}"


def _number(value: int, shape: Shape) -> str:
    """Return a number; where it has more than 32 bits, in the width in which it is read."""
    if -(2**31) < value < 2**31:
        return str(value)
    own = shape.bits if shape.bits.isdigit() else str(abs(value).bit_length() + 1)
    return f"{'-' if value < 0 else ''}{own}'sd{abs(value)}"


def operand_text(operand: Operand | Literal | Logic) -> str:
    """Return a signal with the width in which it is read."""
    if isinstance(operand, Logic):
        texts = [operand_text(each) for each in operand.operands]
        return (
            f"~{texts[0]}"
            if operand.operation == "not"
            else f"({f' {_BINARY[operand.operation]} '.join(texts)})"
        )
    if isinstance(operand, Literal):
        if operand.shape.is_bit:
            return f"1'b{operand.value}"
        number = _number(operand.value, operand.shape)
        return f"({number})" if operand.value < 0 else number
    name, have, want = operand.signal.name, operand.signal.shape, operand.shape
    if operand.conversion == "extend":
        fill = f"{name}[{_highest(have)}]" if have.signed else "1'b0"
        return f"{{{{({bits(want)}-{bits(have)}){{{fill}}}}}, {name}}}"
    if operand.conversion == "low":
        return f"{name}[{_highest(want)}:0]"
    return name


def _compared(operand: Operand | Literal | Logic) -> str:
    """Return an operand whose sign Verilog sees: a slice or a concatenation alone is unsigned."""
    text = operand_text(operand)
    if not isinstance(operand, Operand) or operand.shape.is_bit:
        return text
    plain = operand.conversion == "same" and operand.signal.shape.signed == operand.shape.signed
    return text if plain else f"{'$signed' if operand.shape.signed else '$unsigned'}({text})"


def assignment_parts(assignment: Assignment) -> list[str]:
    """Return the right side of an assignment, in the parts between which a line may end."""
    texts = [operand_text(operand) for operand in assignment.operands]
    amount = _grouped(str(assignment.amount).upper())
    first = assignment.operands[0]
    match assignment.operation:
        case "copy":
            return [texts[0]]
        case "negate":
            return [f"-{texts[0]}"]
        case "not":
            return [f"~{texts[0]}"]
        case "select":
            return [f"{texts[0]} ?", f"{texts[1]} : {texts[2]}"]
        case "shift_left":
            return [f"{texts[0]} << {amount}"]
        case "shift_right":
            return [f"{texts[0]} {'>>>' if first.shape.signed else '>>'} {amount}"]
        case "top":
            return [f"{texts[0]}[{_highest(first.shape)} -: {bits(assignment.target.shape)}]"]
        case "clamp":
            return _clamp(assignment)
        case "slice":
            return [f"{texts[0]}[{_bit_range(assignment)}]"]
        case "join":
            return [f"{{{', '.join(reversed(texts))}}}"]
        case "equal" | "not_equal" | "less" | "less_equal":
            left, right = map(_compared, assignment.operands)
            return [f"{left} {_BINARY[assignment.operation]}", right]
        case operation:
            return [f"{texts[0]} {_BINARY[operation]}", texts[1]]


def _bit_range(assignment: Assignment) -> str:
    low = assignment.amount.constant if assignment.amount is not None else 0
    shape = assignment.target.shape
    return str(low) if shape.is_bit else f"{low + int(shape.bits) - 1}:{low}"


def number_text(value: int, shape: Shape) -> str:
    """Return a number in the width of a shape, which has to be a number too unless it is 0."""
    if not value and not shape.is_bit and not shape.bits.isdigit():
        return f"{{{bits(shape)}{{1'b0}}}}"
    if shape.signed:
        return f"{'-' if value < 0 else ''}{shape.bits}'sd{abs(value)}"
    return f"{shape.bits}'d{value}"


def _clamp(assignment: Assignment) -> list[str]:
    value, excess, largest, *smallest = map(_compared, assignment.operands)
    negative_fits = smallest and isinstance(assignment.operands[-1], Operand)
    fits = f"({excess} == 0 || {excess} == -1)" if negative_fits else f"({excess} == 0)"
    below = [f"({value} < 0) ? {end} :" for end in smallest]
    return [f"{fits} ? {value} :", *below, largest]
