"""What a rule may not say: each is refused with the rule's name, a remedy, and the author's own line."""

from __future__ import annotations

import linecache
import math

import numpy as np
import pytest

from sc_hardware.rules import (
    Bit,
    Parameter,
    Postsynaptic,
    Presynaptic,
    RuleError,
    Signed,
    Unsigned,
    rule,
    saturate,
    select,
    shift_right,
)

PARAMETERS = {
    "bits": Parameter(2, 16, default=8),
    "shift": Parameter(0, 7, default=2),
    "any": Parameter(-3, 3, default=1),
}


def declare(function, state=None, inputs=None, parameters=PARAMETERS, name="leaky"):
    state = state or {"level": Unsigned("bits"), "flag": Bit}
    inputs = inputs or {"spike": Bit, "gain": Signed(4)}
    return rule(state=state, inputs=inputs, parameters=parameters, name=name)(function)


def with_level(expression):
    """A rule whose line sets the level to an expression, in a file of its own that can be quoted."""
    file = f"<rule {expression}>"
    text = f"def leaky(state, inputs, params):\n    level = {expression}\n    return state.replace(level=level)\n"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names = {
        "select": select,
        "saturate": saturate,
        "shift_right": shift_right,
        "np": np,
        "math": math,
        "Unsigned": Unsigned,
        "Signed": Signed,
    }
    exec(compile(text, file, "exec"), names)  # noqa: S102
    return names["leaky"], file


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("state.level if inputs.spike else 0", "use select"),
        ("state.level and 3", "use select"),
        ("not inputs.spike", "use select"),
        ("max(state.level, inputs.gain)", "use select"),
        ("select(params.shift > 2 and inputs.spike, 1, 0)", "use select"),
        ("sum(range(state.level))", "range()"),
        ("[1, 2, 3][inputs.gain]", "an index"),
        ("state.level[0]", "a slice"),
        ("list(state.level)", "iteration"),
        ("int(state.level)", "integers already"),
        ("float(state.level)", "scale by"),
        ("state.level / 2", "'/'"),
        ("2 / state.level", "'/'"),
        ("state.level // 2", "'//'"),
        ("state.level % 4", "'%'"),
        ("divmod(state.level, 3)[0]", "'%'"),
        ("state.level ** 2", "a power"),
        ("2 ** params.shift", "a power"),
        ("state.level ^ 3", "'^'"),
        ("state.level >> inputs.gain", "shift by a value"),
        ("state.level << state.level", "shift by a value"),
        ("1 << state.level", "shift by a value"),
        ("state.level >> (params.shift + 1)", "shift by a value"),
        ("state.level >> params.any", "its parameter must start at 0"),
        ("state.level >> -1", "shift the other way by 1"),
        ("state.level >> 1.5", "the float 1.5"),
        ("state.level * 0.5", "the float 0.5"),
        ("state.level + 'x'", "operands are values"),
        ("state.level + inputs.spike", "use select(bit, 1, 0)"),
        ("-inputs.spike", "use select(bit, 1, 0)"),
        ("inputs.spike < state.flag", "use select(bit, 1, 0)"),
        ("state.level & 3", "work on bits"),
        ("~state.level", "work on bits"),
        ("abs(inputs.gain)", "select(value < 0"),
        ("round(inputs.gain)", "rounding"),
        ("math.floor(inputs.gain)", "rounding"),
        ("np.sqrt(state.level)", "a NumPy function"),
        ("np.asarray(state.level)", "a NumPy function"),
        ("state.lvel", "did you mean 'level'"),
        ("params.nothing", "params has no 'nothing'"),
        ("select(state.level, 1, 2)", "the condition must be a bit"),
        ("select(inputs.spike, 1, inputs.spike)", "both alternatives"),
        ("saturate(state.level, 8)", "must be Unsigned(width) or Signed(width)"),
        ("saturate(state.level, Unsigned(inputs.gain))", "a number or a parameter"),
        ("saturate(state.level, Unsigned(params.shift))", "which can be 0"),
        ("saturate(state.level, Unsigned('bits'))", "operands are values"),
        ("saturate(inputs.spike, Unsigned(3))", "use select(bit, 1, 0)"),
        ("shift_right(state.level, 2, 'up')", "rounding must be one of"),
        ("state.level + 1", "needs Unsigned(bits + 1), declared Unsigned(bits): saturate it"),
        ("state.level - 1", "needs Signed(bits + 1)"),
        ("select(inputs.spike, inputs.gain, 0)", "needs Signed(4), declared Unsigned(bits)"),
        ("saturate(state.level, Unsigned(17))", "needs Unsigned(17)"),
    ],
)
def test_what_cannot_be_expressed(expression, said):
    function, file = with_level(expression)
    with pytest.raises(RuleError) as caught:
        declare(function)
    message = str(caught.value)
    assert said in message
    assert "rule 'leaky'" in message
    assert (caught.value.source.file, caught.value.source.line) == (file, 2)
    assert f"level = {expression}" in message


def test_a_next_value_that_is_a_leaf_is_pointed_at_where_it_is_returned():
    with pytest.raises(
        RuleError, match=r"level: gets Bit, declared Unsigned\(bits\)\n.*\n    return state.replace"
    ):
        declare(with_level("inputs.spike")[0])


def test_a_helper_function_is_pointed_at_where_it_goes_wrong():
    def halved(value):
        return value / 2

    with pytest.raises(RuleError, match=r"test_refusals.py:\d+\n    return value / 2"):
        declare(lambda state, inputs, params: state.replace(level=halved(state.level)))


def unchanged(state, inputs, params):
    return state.replace(flag=inputs.spike & (inputs.gain > 0))


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        ({"state": {"signal": Bit}}, "'signal' is a reserved word of VHDL-2008"),
        ({"state": {"Signal": Bit}}, "reserved word of VHDL-2008"),
        ({"state": {"wire": Bit}}, "'wire' is a reserved word of Verilog-2001"),
        ({"state": {"volatile": Bit}}, "'volatile' is a reserved word of C"),
        ({"state": {"a__b": Bit}}, "no name in Verilog, VHDL and C alike"),
        ({"state": {"a_": Bit}}, "no name"),
        ({"state": {"größe": Bit}}, "no name"),
        ({"state": {"2nd": Bit}}, "no name"),
        ({"state": {"level": Bit, "Level": Bit}}, "differ only by case"),
        ({"state": {"level": Bit, "next_level": Bit}}, "declared more than once"),
        ({"state": {"gain": Bit}}, "gain: declared more than once"),
        ({"state": {"replace": Bit}}, "'replace'"),
        ({"name": "process"}, "reserved word"),
        ({"state": {"level": Unsigned("size")}}, "'size' is no parameter of the rule"),
        ({"state": {"level": Unsigned(0)}}, "at least 1 is needed"),
        ({"state": {"level": Unsigned("shift")}}, "at least 1 is needed"),
        ({"state": {"level": Unsigned(8.0)}}, "a width is an integer"),
        ({"state": {"level": Unsigned(True)}}, "a width is an integer"),
        ({"state": {"level": int}}, "must be Bit, Unsigned"),
        ({"parameters": {"bits": 8}}, "must be a Parameter"),
    ],
)
def test_declarations(declaration, said):
    with pytest.raises(RuleError) as caught:
        declare(unchanged, **declaration)
    assert said in str(caught.value)


@pytest.mark.parametrize("arguments", [(1, 3, 4), (3, 1, 2), (1.0, 3, 2), (1, 3, True)])
def test_ranges_of_parameters(arguments):
    low, high, default = arguments
    with pytest.raises(RuleError):
        Parameter(low, high, default=default)


def test_a_variable_that_a_language_cannot_carry():
    def leaky(state, inputs, params):
        register = inputs.spike & (inputs.gain > 0)
        return state.replace(flag=register)

    with pytest.raises(RuleError, match="variable 'register' is a reserved word") as caught:
        declare(leaky)
    assert "register = inputs.spike" in str(caught.value)


def test_an_input_that_nothing_depends_on():
    with pytest.raises(RuleError, match="gain: an input that the next state does not depend on"):
        declare(lambda state, inputs, params: state.replace(flag=inputs.spike))


def test_what_is_not_a_state():
    with pytest.raises(RuleError, match=r"must return state.replace.*got int"):
        declare(lambda state, inputs, params: 3)


def test_a_state_is_read_only():
    def leaky(state, inputs, params):
        state.level = inputs.gain
        return state

    with pytest.raises(RuleError, match=r"return state.replace\(level=...\)"):
        declare(leaky)


def test_a_value_of_another_call():
    kept = []

    def leaky(state, inputs, params):
        kept.append(state.flag)
        return state.replace(flag=kept[0] & inputs.spike & (inputs.gain > 0))

    declared = declare(leaky)
    with pytest.raises(RuleError, match="another call"):
        declared.step({"level": 0, "flag": True}, {"spike": True, "gain": 1})


@pytest.mark.parametrize(
    ("location", "read"),
    [
        (Presynaptic, "weight"),
        (Presynaptic, "post_spike"),
        (Postsynaptic, "weight"),
        (Postsynaptic, "pre_spike"),
    ],
)
def test_a_neuron_s_field_that_depends_on_a_synapse_or_the_other_neuron(location, read):
    def local(state, inputs, params):
        values = {"weight": state.weight > 3, "pre_spike": inputs.pre_spike, "post_spike": inputs.post_spike}
        both = inputs.pre_spike & inputs.post_spike
        return state.replace(trace=state.trace & values[read], weight=select(both, 1, state.weight))

    state = {"trace": location(Bit), "weight": Unsigned(4)}
    inputs = {"pre_spike": Presynaptic(Bit), "post_spike": Postsynaptic(Bit)}
    with pytest.raises(RuleError, match=f"depends on {read}"):
        declare(local, state, inputs, {})


class TestSteps:
    """Values that do not fit what is declared are refused by name when a rule runs."""

    def step(self, level=3, flag=False, spike=True, gain=1, **parameters):
        def leaky(state, inputs, params):
            return state.replace(flag=inputs.spike & (inputs.gain > 0))

        return declare(leaky).step({"level": level, "flag": flag}, {"spike": spike, "gain": gain}, parameters)

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"level": 256}, "state.level: must be from 0 to 255, got 256"),
            ({"level": -1}, "state.level: must be from 0 to 255"),
            ({"level": 16, "bits": 4}, "state.level: must be from 0 to 15"),
            ({"gain": 8}, "inputs.gain: must be from -8 to 7"),
            ({"level": 1.0}, "state.level: must be an integer"),
            ({"level": True}, "state.level: must be an integer"),
            ({"spike": 2}, "inputs.spike: must be from 0 to 1"),
            ({"spike": "yes"}, "inputs.spike: must be a bit"),
            ({"gain": np.array([1.0])}, "inputs.gain: must be an array of integers, got float64"),
            ({"gain": np.array([1, 8])}, "inputs.gain: must be from -8 to 7, got 1 to 8"),
            ({"spike": np.array([1])}, "inputs.spike: must be an array of bools"),
            ({"bits": 17}, "bits: must be from 2 to 16, got 17"),
            ({"bits": 8.0}, "bits: must be an integer"),
            ({"width": 8}, "width: no such parameter"),
        ],
    )
    def test_values(self, values, said):
        with pytest.raises(RuleError) as caught:
            self.step(**values)
        assert said in str(caught.value)

    def test_names(self):
        declared = declare(unchanged)
        with pytest.raises(RuleError, match=r"state: missing level; unknown levle"):
            declared.step({"levle": 3, "flag": False}, {"spike": True, "gain": 1})


def test_more_than_64_bits_are_refused_on_arrays_by_name_and_exact_on_ints():
    def wide(state, inputs, params):
        square = state.level * state.level
        return state.replace(level=saturate(square * inputs.gain, Unsigned(40)))

    declared = declare(wide, {"level": Unsigned(40)}, {"gain": Signed(4)}, name="wide")
    assert declared.step({"level": 2**19}, {"gain": 3}) == {"level": 3 * 2**38}
    assert declared.step({"level": 2**40 - 1}, {"gain": -8}) == {"level": 0}
    with pytest.raises(RuleError, match=r"rule 'wide': NumPy arrays hold 64 bits, and \w+ can need 84"):
        declared.step({"level": np.array([3])}, {"gain": np.array([1])})
