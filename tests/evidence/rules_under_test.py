"""The rules whose lanes are linted, simulated and proven."""

from __future__ import annotations

import pytest

from sc_hardware.example_rules import homeostatic_threshold, pair_stdp
from sc_hardware.rules import Bit, Parameter, Signed, Unsigned, rule, saturate, select, shift_right
from sc_plugin_online_o1.rules import fading_reward_modulated_stdp, reward_modulated_stdp


@rule(
    state={"level": Signed("wide"), "count": Unsigned("narrow"), "kept": Unsigned("narrow")},
    inputs={"gain": Signed("narrow"), "spike": Bit},
    parameters={
        "wide": Parameter(1, 12, default=6),
        "narrow": Parameter(1, 12, default=3),
        "amount": Parameter(0, 14, default=2),
    },
)
def mixture(state, inputs, params):
    """Signs and widths that no order of the parameters settles."""
    larger = select(state.level < inputs.gain, inputs.gain, state.level)
    product = larger * inputs.gain
    scaled = shift_right(product, params.amount, "toward_zero")
    level = saturate(scaled - state.count, Signed(params.wide))
    raised = select(inputs.spike, state.count + params.amount, state.count >> params.amount)
    return state.replace(level=level, count=saturate(raised, Unsigned(params.narrow)))


@rule(
    state={"total": Signed(40), "fired": Bit},
    inputs={"first": Signed(20), "second": Unsigned(9), "spike": Bit},
    parameters={"shift": Parameter(0, 40, default=3)},
)
def wide_products(state, inputs, params):
    """Numbers beyond 32 bits, two multipliers one after the other, logic on bits."""
    square = inputs.first * inputs.second
    cube = (square >> params.shift) * inputs.second
    offset = select(inputs.spike & ~state.fired, -5_000_000_000, 7)
    total = saturate(cube + offset, Signed(40))
    fired = (total >= 3_000_000_000) | (inputs.spike != state.fired)
    return state.replace(total=total, fired=fired)


RULES = {
    each.name: each
    for each in (
        reward_modulated_stdp,
        fading_reward_modulated_stdp,
        pair_stdp,
        homeostatic_threshold,
        mixture,
        wide_products,
    )
}
QUICK = ("reward_modulated_stdp", "pair_stdp")
"""Those that stand for all in the quick part."""


def by_rule():
    """Return every rule's name as parameters of a test; those that are not QUICK are slow."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in RULES]
