"""Widths: whatever a rule computes, every value fits its inferred type, at every configuration."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hardware.rules import Parameter, Signed, Unsigned, rule, saturate, select, shift_right
from sc_hardware.rules.evaluation import evaluate
from sc_hardware.rules.widths import maximum, width

sys.path.insert(0, str(Path(__file__).parent))
from random_rules import KINDS, PARAMETERS, extreme_operands, random_rule

BITS = Parameter(2, 30, default=12, name="bits")
SHIFT = Parameter(0, 30, default=4, name="shift")
number = st.integers(0, 40)
programs = st.lists(st.tuples(st.sampled_from(KINDS), number, number, number), min_size=1, max_size=8)


@st.composite
def configurations(draw):
    return {
        name: draw(st.sampled_from([p.low, p.high]) | st.integers(p.low, p.high))
        for name, p in PARAMETERS.items()
    }


@settings(max_examples=150, deadline=None)
@given(program=programs, chosen=configurations(), data=st.data())
def test_every_value_of_a_random_rule_fits_its_type_and_the_graph_is_the_function(program, chosen, data):
    random = random_rule(program)
    inputs = extreme_operands(lambda values: data.draw(st.sampled_from(values)), chosen)
    state = {field.name: False if field.type.is_bit else 0 for field in random.state}
    values = evaluate(random.graph, {**state, **inputs}, chosen)
    for node, value in values.items():
        low, high = node.type.range(chosen)
        assert low <= value <= high, (node, value, chosen)
    after = random.step(state, inputs, chosen)
    assert after == {name: values[node] for name, node in random.graph.next_state.items()}
    if random.graph.signed_bits <= 64:
        arrays = {name: np.array([value, value]) for name, value in inputs.items()}
        for name, column in random.step(state, arrays, chosen).items():
            np.testing.assert_array_equal(np.broadcast_to(column, (2,)), [after[name]] * 2)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@pytest.mark.parametrize("shift", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("signed", [False, True])
def test_a_decay_keeps_its_type_for_every_value(bits, shift, signed):
    type_ = (Signed if signed else Unsigned)("bits")

    @rule(
        state={"level": type_},
        inputs={},
        parameters={"bits": Parameter(1, 4, default=2), "shift": Parameter(0, 5, default=1)},
    )
    def leaky(state, inputs, params):
        return state.replace(level=state.level - shift_right(state.level, params.shift, "away_from_zero"))

    chosen = {"bits": bits, "shift": shift}
    low, high = leaky.state[0].type.range(chosen)
    for level in range(low, high + 1):
        magnitude = abs(level)
        lost = -(-magnitude // 2**shift)
        expected = (magnitude - lost) * (1 if level >= 0 else -1)
        assert leaky.step({"level": level}, {}, chosen) == {"level": expected}


@pytest.mark.parametrize(("rounding", "exact"), [("floor", np.floor), ("toward_zero", np.trunc)])
def test_roundings(rounding, exact):
    @rule(state={"level": Signed(7)}, inputs={}, parameters={"shift": Parameter(0, 9, default=1)})
    def shifted(state, inputs, params):
        return state.replace(level=shift_right(state.level, params.shift, rounding))

    levels = np.arange(-64, 64)
    for shift in range(10):
        expected = exact(levels / 2**shift).astype(int)
        np.testing.assert_array_equal(
            shifted.step({"level": levels}, {}, {"shift": shift})["level"], expected
        )


def test_one_width_is_enough_for_another_only_where_it_is_for_every_configuration():
    bits, shift = width(BITS), width(SHIFT)
    forms = [
        bits,
        bits + 1,
        bits + 2,
        shift,
        shift + 1,
        maximum(bits, shift),
        bits + shift,
        width(5),
        maximum(bits - (shift.terms[0]), width(1)),
    ]
    every = [{"bits": b, "shift": s} for b, s in itertools.product(range(2, 31), range(31))]
    for one, other in itertools.product(forms, forms):
        holds = all(one.value(chosen) <= other.value(chosen) for chosen in every)
        assert (one <= other) == holds or (holds and not one <= other and len(other.terms) > 1), (one, other)
        assert maximum(one, other).largest == max(one.largest, other.largest)
        for chosen in every[::37]:
            assert maximum(one, other).value(chosen) == max(one.value(chosen), other.value(chosen))
            assert (one + other).value(chosen) == one.value(chosen) + other.value(chosen)


def test_names_are_the_author_s():
    def halved(value, by):
        lost = value >> by
        rest = value - lost
        return rest  # noqa: RET504 -- its name is kept

    @rule(
        state={"fast": Unsigned("bits"), "slow": Unsigned("bits")},
        inputs={"drive": Unsigned(3)},
        parameters={"bits": Parameter(4, 9, default=5)},
    )
    def two_traces(state, inputs, params):
        fast = saturate(halved(state.fast, 1) + inputs.drive, Unsigned(params.bits))
        slowed = halved(state.slow, 3)
        return state.replace(fast=fast, slow=slowed)

    names = [
        node.name for node in two_traces.graph.nodes if node.operation not in ("state", "input", "constant")
    ]
    assert names == ["lost", "rest", "next_fast_sum", "next_fast", "slowed_lost", "slowed"] or names == [
        "lost",
        "rest",
        "next_fast_sum",
        "next_fast",
        "slowed_lost",
        "slowed",
    ]
    assert two_traces.graph.node("rest").named_by_author
    assert not two_traces.graph.node("next_fast_sum").named_by_author
    assert "lost = value >> by" in str(two_traces.graph.node("slowed_lost").source)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda u, v, s, t, p: u + v, "Unsigned(bits + 1)"),
        (lambda u, v, s, t, p: u + 5, "Unsigned(max(bits + 1, 4))"),
        (lambda u, v, s, t, p: u + s, "Signed(bits + 2)"),
        (lambda u, v, s, t, p: s + t, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: u - v, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: 3 - u, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: s - t, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: u - s, "Signed(bits + 2)"),
        (lambda u, v, s, t, p: u - (u >> p.shift), "Unsigned(bits)"),
        (lambda u, v, s, t, p: s - shift_right(s, p.shift, "away_from_zero"), "Signed(bits)"),
        (lambda u, v, s, t, p: u - (v >> p.shift), "Signed(bits + 1)"),
        (lambda u, v, s, t, p: s - (u >> p.shift), "Signed(max(bits + 1, bits - shift + 2))"),
        (lambda u, v, s, t, p: (u >> p.shift) - u, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: -u, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: -s, "Signed(bits + 1)"),
        (lambda u, v, s, t, p: u * v, "Unsigned(2 * bits)"),
        (lambda u, v, s, t, p: u * s, "Signed(2 * bits)"),
        (lambda u, v, s, t, p: s * -3, "Signed(bits + 3)"),
        (lambda u, v, s, t, p: u << p.shift, "Unsigned(bits + shift)"),
        (lambda u, v, s, t, p: s >> p.shift, "Signed(max(bits - shift, 1))"),
        (lambda u, v, s, t, p: shift_right(s, p.shift, "toward_zero"), "Signed(max(bits - shift, 1))"),
        (
            lambda u, v, s, t, p: shift_right(u, p.shift, "away_from_zero"),
            "Unsigned(max(bits - shift + 1, 1))",
        ),
        (lambda u, v, s, t, p: select(u > v, u, s), "Signed(bits + 1)"),
        (lambda u, v, s, t, p: select(u > v, u, 1), "Unsigned(bits)"),
        (lambda u, v, s, t, p: saturate(u * v, Signed(p.bits)), "Signed(bits)"),
        (lambda u, v, s, t, p: u + p.bits, "Unsigned(max(bits + 1, 5))"),
    ],
)
def test_inferred_types_are_those_of_the_specification(expression, expected):
    """Not too wide either: specs/rules.md, "Widths"."""
    parameters = {"bits": Parameter(2, 12, default=5), "shift": Parameter(0, 9, default=1)}
    signed, unsigned = Signed("bits"), Unsigned("bits")

    @rule(
        state={"u": unsigned, "v": unsigned, "s": signed, "t": signed, "last": Signed(60)},
        inputs={},
        parameters=parameters,
    )
    def typed(state, inputs, params):
        result = expression(state.u, state.v, state.s, state.t, params)
        return state.replace(last=result + 0)

    node = typed.graph.next_state["last"].operands[0]
    assert words_of(str(node.type)) == words_of(expected)


def words_of(type_):
    """The sign, and the terms of the width in any order."""
    kind, _, bits = type_.removesuffix(")").partition("(")
    return kind, sorted(bits.removeprefix("max(").removesuffix(")").split(", "))
