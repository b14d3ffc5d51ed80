"""The rule as documented, and one that forgets: each written once (specs/online-o1.md)."""

from __future__ import annotations

from typing import Any

from sc_hardware.rules import (
    Bit,
    Declaration,
    Parameter,
    Postsynaptic,
    Presynaptic,
    Signed,
    Unsigned,
    rule,
    saturate,
    select,
    shift_right,
)

PARAMETERS = {
    "weight_bits": Parameter(1, 31, default=16),
    "trace_bits": Parameter(2, 30, default=12),
    "reward_bits": Parameter(1, 30, default=8),
    "learning_shift": Parameter(0, 30, default=4),
    "trace_decay_shift": Parameter(0, 30, default=4),
}
STATE: dict[str, Declaration] = {
    "weight": Unsigned("weight_bits"),
    "pre_trace": Presynaptic(Unsigned("trace_bits")),
    "post_trace": Postsynaptic(Unsigned("trace_bits")),
    "eligibility": Signed("trace_bits"),
}
INPUTS: dict[str, Declaration] = {
    "pre_spike": Presynaptic(Bit),
    "post_spike": Postsynaptic(Bit),
    "reward": Signed("reward_bits"),
}


def decay(value: Any, decay_shift: Any) -> Any:
    """Return D(v) = v - (v >> shift), with D(-v) = -D(v) (eq. 1); a shift of 0 keeps v."""
    lost = shift_right(value, decay_shift, "toward_zero")
    remaining = value - lost
    stays = decay_shift == 0
    return select(stays, value, remaining)


def fade(value: Any, decay_shift: Any) -> Any:
    """Return F(v), which loses at least 1 in every step until it is 0 (eq. 6)."""
    lost = shift_right(value, decay_shift, "away_from_zero")
    return value - lost


def pairing_of_spikes(state: Any, inputs: Any, max_trace: Any) -> Any:
    """Return p - d, what the spikes of this step add to the eligibility (eq. 3)."""
    latest_pre_trace = select(inputs.pre_spike, max_trace, state.pre_trace)
    potentiation = select(inputs.post_spike, latest_pre_trace, 0)
    depression = select(inputs.pre_spike, state.post_trace, 0)
    return potentiation - depression


@rule(state=STATE, inputs=INPUTS, parameters=PARAMETERS)
def reward_modulated_stdp(state: Any, inputs: Any, params: Any) -> Any:
    """Reward-modulated STDP with bounded traces: eligibility collects pairings, reward turns it into weight."""
    max_trace = Unsigned(params.trace_bits).maximum
    decayed_pre_trace = decay(state.pre_trace, params.trace_decay_shift)
    decayed_post_trace = decay(state.post_trace, params.trace_decay_shift)
    pre_trace = select(inputs.pre_spike, max_trace, decayed_pre_trace)
    post_trace = select(inputs.post_spike, max_trace, decayed_post_trace)

    pairing = pairing_of_spikes(state, inputs, max_trace)
    decayed_eligibility = decay(state.eligibility, params.trace_decay_shift)
    eligibility_sum = decayed_eligibility + pairing
    eligibility = saturate(eligibility_sum, Signed(params.trace_bits))

    product = inputs.reward * eligibility
    weight_change = product >> params.learning_shift
    weight_sum = state.weight + weight_change
    weight = saturate(weight_sum, Unsigned(params.weight_bits))
    return state.replace(weight=weight, pre_trace=pre_trace, post_trace=post_trace, eligibility=eligibility)


@rule(state=STATE, inputs=INPUTS, parameters=PARAMETERS)
def fading_reward_modulated_stdp(state: Any, inputs: Any, params: Any) -> Any:
    """Reward-modulated STDP whose traces reach 0, and whose weight moves alike in both directions."""
    max_trace = Unsigned(params.trace_bits).maximum
    faded_pre_trace = fade(state.pre_trace, params.trace_decay_shift)
    faded_post_trace = fade(state.post_trace, params.trace_decay_shift)
    pre_trace = select(inputs.pre_spike, max_trace, faded_pre_trace)
    post_trace = select(inputs.post_spike, max_trace, faded_post_trace)

    pairing = pairing_of_spikes(state, inputs, max_trace)
    faded_eligibility = fade(state.eligibility, params.trace_decay_shift)
    eligibility_sum = faded_eligibility + pairing
    eligibility = saturate(eligibility_sum, Signed(params.trace_bits))

    product = inputs.reward * eligibility
    weight_change = shift_right(product, params.learning_shift, "toward_zero")
    weight_sum = state.weight + weight_change
    weight = saturate(weight_sum, Unsigned(params.weight_bits))
    return state.replace(weight=weight, pre_trace=pre_trace, post_trace=post_trace, eligibility=eligibility)


RULES = {rule.name: rule for rule in (reward_modulated_stdp, fading_reward_modulated_stdp)}
