"""Rules made of random operations: each result becomes a field, so that nothing is left out of the graph."""

from __future__ import annotations

from sc_hardware.rules import Bit, Parameter, RuleError, Signed, Unsigned, rule, saturate, select, shift_right

PARAMETERS = {
    "bits": Parameter(1, 9, default=4),
    "more": Parameter(2, 12, default=5),
    "shift": Parameter(0, 14, default=2),
    "offset": Parameter(-5, 3, default=-1),
}
INPUTS = {"narrow": Unsigned("bits"), "broad": Signed("more"), "seven": Signed(7), "spike": Bit, "gate": Bit}
STORE = Signed(60)
BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}
COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
KINDS = (
    *BINARY,
    *COMPARE,
    "negate",
    "<<",
    ">>",
    "toward_zero",
    "away_from_zero",
    "decay",
    "minus_shifted",
    "select",
    "saturate",
    "&",
    "|",
    "~",
)


def random_rule(program, name="random_rule"):
    """Return the rule of a program: a list of (kind, first, second, third), numbers that choose operands."""

    def function(state, inputs, params):
        integers = [inputs.narrow, inputs.broad, inputs.seven, params.offset, params.shift]
        bits = [inputs.spike, inputs.gate]
        shifts = [params.shift, 0, 1, 5, 17]
        for kind, first, second, third in program:
            a, b = integers[first % len(integers)], integers[second % len(integers)]
            c, d, s = bits[first % len(bits)], bits[third % len(bits)], shifts[third % len(shifts)]
            if kind in BINARY:
                integers.append(BINARY[kind](a, b))
            elif kind in COMPARE:
                bits.append(COMPARE[kind](a, b))
            elif kind == "negate":
                integers.append(-a)
            elif kind == "<<":
                integers.append(a << s)
            elif kind == ">>":
                integers.append(a >> s)
            elif kind in ("toward_zero", "away_from_zero"):
                integers.append(shift_right(a, s, kind))
            elif kind == "decay":
                integers.append(a - shift_right(a, s, ("floor", "toward_zero", "away_from_zero")[second % 3]))
            elif kind == "minus_shifted":
                integers.append(a - (b >> s))
            elif kind == "select":
                integers.append(select(d, a, b))
            elif kind == "saturate":
                integers.append(
                    saturate(a, (Signed, Unsigned)[second % 2]((params.bits, params.more, 3)[third % 3]))
                )
            elif kind == "~":
                bits.append(~c)
            else:
                bits.append(c & d if kind == "&" else c | d)
        read = select(inputs.spike | inputs.gate, inputs.narrow + inputs.broad + inputs.seven, 0)
        results = {"read": saturate(read, STORE)}
        results |= {f"integer{k}": saturate(value, STORE) for k, value in enumerate(integers[5:])}
        results |= {f"bit{k}": value for k, value in enumerate(bits[2:])}
        return state.replace(**results)

    n_bits = sum(kind in (*COMPARE, "&", "|", "~") for kind, *_ in program)
    state = {"read": STORE, **{f"integer{k}": STORE for k in range(len(program) - n_bits)}}
    state |= {f"bit{k}": Bit for k in range(n_bits)}
    return rule(state=state, inputs=INPUTS, parameters=PARAMETERS, name=name)(function)


def extreme_operands(choose, chosen):
    """Return inputs, each an extreme of its type or near, by a function that chooses from a list."""
    values = {}
    for name, declared in INPUTS.items():
        if declared is Bit:
            values[name] = choose([False, True])
            continue
        bits = declared.width if isinstance(declared.width, int) else chosen[declared.width]
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if declared.signed else (0, 2**bits - 1)
        values[name] = choose(
            sorted({low, min(low + 1, high), max(-1, low), 0, min(1, high), max(high - 1, low), high})
        )
    return values


__all__ = ["INPUTS", "KINDS", "PARAMETERS", "RuleError", "extreme_operands", "random_rule"]
