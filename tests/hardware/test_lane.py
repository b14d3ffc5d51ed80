"""The design of lanes: what is refused, which conversions are made, for parameters of every size."""

from __future__ import annotations

import itertools

import pytest

from sc_core.errors import ConfigurationError
from sc_hardware.lane import build_lane
from sc_hardware.lane.design import Operand
from sc_hardware.rules import Bit, Parameter, Signed, Unsigned, rule, saturate, select, shift_right

PARAMETERS = {
    "wide": Parameter(1, 12, default=6),
    "narrow": Parameter(1, 12, default=3),
    "amount": Parameter(0, 14, default=2),
}


@rule(
    state={"level": Signed("wide"), "count": Unsigned("narrow"), "kept": Unsigned("narrow")},
    inputs={"gain": Signed("narrow"), "spike": Bit},
    parameters=PARAMETERS,
)
def mixture(state, inputs, params):
    """Signs and widths that no order of the parameters settles."""
    larger = select(state.level < inputs.gain, inputs.gain, state.level)
    product = larger * inputs.gain
    scaled = shift_right(product, params.amount, "toward_zero")
    level = saturate(scaled - state.count, Signed(params.wide))
    raised = select(inputs.spike, state.count + params.amount, state.count >> params.amount)
    return state.replace(level=level, count=saturate(raised, Unsigned(params.narrow)))


def operands(design):
    for stage in design.stages:
        for assignment in stage.assignments:
            for operand in assignment.operands:
                if isinstance(operand, Operand):
                    yield operand


def test_conversions_are_legal_for_all_parameters():
    met = set()
    corners = itertools.product((1, 2, 3, 12), (1, 2, 3, 12), (0, 1, 5, 14))
    choices = [dict(zip(PARAMETERS, corner, strict=True)) for corner in corners]
    for operand in operands(build_lane(mixture)):
        met.add(operand.conversion)
        for choice in choices:
            have, want = (width.value(choice) for width in (operand.signal.shape.width, operand.shape.width))
            assert have >= 1
            assert {"same": have == want, "extend": have < want, "low": have >= want}[operand.conversion], (
                operand
            )
    assert met == {"same", "extend", "low"}


def test_the_step_is_cut_at_its_multiplier():
    first, second = build_lane(mixture).stages
    assert "multiply" not in {assignment.operation for assignment in first.assignments}
    (product,) = (a for a in second.assignments if a.operation == "multiply")
    ports = {port.name for port in second.ports if port.direction == "in"}
    assert {operand.signal.name for operand in product.operands} <= ports


def test_modules_declare_the_parameters_that_they_read():
    design = build_lane(mixture)
    for module in design.modules:
        assert {parameter.name for parameter in module.parameters} <= {"WIDE", "NARROW", "AMOUNT"}
    assert len(design.lane.parameters) == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("signal", "reserved word of VHDL"),
        ("Signal", "reserved word of VHDL"),
        ("module", "reserved word of Verilog"),
        ("2fast", "letters"),
        ("two words", "letters"),
        ("semi;colon", "letters"),
        ("", "letters"),
        ("underscore_", "letters"),
        (7, "no text"),
    ],
)
def test_module_names_that_a_language_cannot_carry_are_refused(name, reason):
    with pytest.raises(ConfigurationError, match=reason) as error:
        build_lane(mixture, module_name=name)
    assert error.value.path == "module_name"


def test_unknown_fields_are_refused_by_name():
    with pytest.raises(
        ConfigurationError, match=r"read: mixture has no state 'weight'; it has: level, count, kept"
    ):
        build_lane(mixture, read=("weight",))
    with pytest.raises(ConfigurationError, match="load"):
        build_lane(mixture, load=("gain",))


def test_a_field_may_not_be_called_like_a_port():
    @rule(state={"clk": Unsigned(3)}, inputs={"spike": Bit})
    def clocked(state, inputs, params):
        return state.replace(clk=select(inputs.spike, state.clk, 0))

    with pytest.raises(ConfigurationError, match="clk"):
        build_lane(clocked)


def test_options_add_ports():
    design = build_lane(mixture, read=("level", "kept"), load=("count",))
    ports = [port.name for port in design.lane.ports]
    assert ports == [
        *("clk", "rst_n", "step_en", "gain", "spike", "load_en", "load_count"),
        *("current_level", "current_kept", "update_done"),
    ]
