"""VHDL-2008 for widths, constants, operands and operations."""

from __future__ import annotations

from sc_hardware.lane.design import Assignment, Literal, Logic, NamedConstant, Operand, Shape
from sc_hardware.rules.widths import Affine, Width

_BINARY = {"add": "+", "subtract": "-", "and": "and", "or": "or"}
_COMPARISON = {"equal": "=", "not_equal": "/=", "less": "<", "less_equal": "<="}


def width_text(value: Width) -> str:
    """Return a width as arithmetic over the generics.

    Examples
    --------
    >>> from sc_hardware.rules.widths import Parameter, maximum, width
    >>> bits = Parameter(2, 30, default=12, name="trace_bits")
    >>> width_text(maximum(width(bits), width(3)))
    'maximum(TRACE_BITS, 3)'
    """
    texts = [str(term).upper() for term in value.terms]
    text = texts.pop()
    while texts:
        text = f"maximum({texts.pop()}, {text})"
    return text


def _bits(shape: Shape) -> str:
    return shape.bits or width_text(shape.width)


def highest(shape: Shape) -> str:
    """Return the number of the highest bit."""
    if shape.bits.isdigit():
        return str(int(shape.bits) - 1)
    if not shape.bits and len(shape.width.terms) == 1:
        return str(shape.width.terms[0] - 1).upper()
    return f"{_bits(shape)} - 1"


def type_text(shape: Shape) -> str:
    """Return the type of a signal."""
    return "std_logic" if shape.is_bit else f"{shape.kind}({highest(shape)} downto 0)"


def _number(value: int, shape: Shape) -> str:
    """Return a number as a vector; VHDL's integers have 32 bits, so a larger one is put together."""
    if -(2**31) < value < 2**31:
        return f"to_{shape.kind}({value}, {_bits(shape)})"
    bits = abs(value).bit_length() + 1
    digits = format(value % (1 << bits), f"0{bits}b")
    return f'resize({shape.kind}\'("{digits}"), {_bits(shape)})'


def constant_text(constant: NamedConstant) -> str:
    """Return the value of a named constant."""
    value, shape = constant.value, constant.shape
    if isinstance(value, Affine):
        return f"to_{shape.kind}({str(value).upper()}, {_bits(shape)})"
    if not value.coefficient:
        return _number(value.offset, shape)
    power = f"shift_left({_number(value.coefficient, shape)}, {str(value.exponent).upper()})"
    offset = f" {'-' if value.offset < 0 else '+'} {abs(value.offset)}" if value.offset else ""
    return power + offset


def operand_text(operand: Operand | Literal | Logic) -> str:
    """Return a signal with the width and the type in which it is read."""
    if isinstance(operand, Logic):
        texts = [operand_text(each) for each in operand.operands]
        return (
            f"(not {texts[0]})" if operand.operation == "not" else f"({f' {operand.operation} '.join(texts)})"
        )
    if isinstance(operand, Literal):
        return f"'{operand.value}'" if operand.shape.is_bit else _number(operand.value, operand.shape)
    text, have, want = operand.signal.name, operand.signal.shape, operand.shape
    if operand.conversion == "extend":
        text = f"resize({text}, {_bits(want)})"
    elif operand.conversion == "low":
        text = f"{text}({highest(want)} downto 0)"
    return text if have.kind == want.kind else f"{want.kind}({text})"


def assignment_parts(assignment: Assignment) -> list[str]:
    """Return the right side of an assignment, in the parts between which a line may end."""
    texts = [operand_text(operand) for operand in assignment.operands]
    amount = str(assignment.amount).upper()
    first, shape = assignment.operands[0], assignment.target.shape
    match assignment.operation:
        case "copy":
            return [texts[0]]
        case "negate":
            return [f"-{texts[0]}"]
        case "not":
            return [f"not {texts[0]}"]
        case "select":
            return [f"{texts[1]} when {texts[0]} = '1' else", texts[2]]
        case "shift_left":
            return [f"shift_left({texts[0]}, {amount})"]
        case "shift_right":
            return _shifted_right(texts[0], amount, first.shape)
        case "top":
            return [f"{texts[0]}({highest(first.shape)} downto {_bits(first.shape)} - {_bits(shape)})"]
        case "clamp":
            return _clamp(texts, shape, assignment.operands[-1])
        case "slice":
            return [_slice(texts[0], assignment)]
        case "join":
            return [_joined(assignment)]
        case "multiply":
            return [_product(assignment)]
        case "equal" | "not_equal" | "less" | "less_equal":
            return [f"'1' when {texts[0]} {_COMPARISON[assignment.operation]} {texts[1]}", "else '0'"]
        case operation:
            return [f"{texts[0]} {_BINARY[operation]}", texts[1]]


def _slice(text: str, assignment: Assignment) -> str:
    low = assignment.amount.constant if assignment.amount is not None else 0
    shape = assignment.target.shape
    if shape.is_bit:
        return f"{text}({low})"
    return f"{shape.kind}({text}({low + int(shape.bits) - 1} downto {low}))"


def _joined(assignment: Assignment) -> str:
    parts = []
    for operand in reversed(assignment.operands):
        text = operand_text(operand)
        parts.append(text if operand.shape.kind in ("bit", "unsigned") else f"unsigned({text})")
    return " & ".join(parts) if len(parts) > 1 else f"(0 => {parts[0]})"


def number_text(value: int, shape: Shape) -> str:
    """Return a number as the value of a shape."""
    return f"'{value}'" if shape.is_bit else _number(value, shape)


def _shifted_right(text: str, amount: str, shape: Shape) -> list[str]:
    """Return a shift; of a signed value by a slice, because GHDL 2.0 synthesises `shift_right` without the sign."""
    if not shape.signed:
        return [f"shift_right({text}, {amount})"]
    top = highest(shape)
    return [f"resize({text}({top}", f"downto minimum({amount}, {top})), {_bits(shape)})"]


def _clamp(texts: list[str], shape: Shape, last: Operand | Literal | Logic) -> list[str]:
    value, excess, largest, *smallest = texts
    negative_fits = smallest and isinstance(last, Operand)
    # GHDL 2.0 takes -1 beside a vector of more than 32 bits to be 2^32 - 1.
    minus_one = f" or {excess} = {_number(-1, shape)}" if negative_fits else ""
    fits = f"{excess} = 0{minus_one}"
    return [f"{value} when {fits} else", *(f"{end} when {value} < 0 else" for end in smallest), largest]


def _product(assignment: Assignment) -> str:
    """Return a product; VHDL's has as many bits as both factors, so that factors need no extension."""
    left, right = assignment.operands
    shape = assignment.target.shape
    if isinstance(left, Operand) and isinstance(right, Operand):
        factors = (left.signal.shape, right.signal.shape)
        whole = factors[0].width + factors[1].width
        if all(factor.kind == shape.kind for factor in factors) and whole == shape.width:
            return f"{left.signal.name} * {right.signal.name}"
    return f"resize({operand_text(left)} * {operand_text(right)}, {_bits(shape)})"
