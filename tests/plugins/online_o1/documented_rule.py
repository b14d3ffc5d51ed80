"""The documented rule, straight from its five numbered steps, on Python's integers: the tests' oracle."""

from __future__ import annotations

import math
from fractions import Fraction


def clamp(number, bits, signed):
    lowest, values = (-(2 ** (bits - 1)) if signed else 0), 2**bits
    return sorted((lowest, number, lowest + values - 1))[1]


def faded(value, shift):
    """D(v): what v keeps after losing floor(|v| / 2^shift); nothing with a shift of 0."""
    if shift == 0:
        return value
    magnitude = abs(value)
    kept = magnitude - math.floor(Fraction(magnitude, 2**shift))
    return kept if value >= 0 else -kept


def next_state(state, inputs, config):
    """One step; `state` is (weight, pre_trace, post_trace, eligibility), `inputs` (pre, post, reward)."""
    weight, old_pre, old_post, eligibility = state
    pre, post, reward = inputs
    shift, top = config["trace_decay_shift"], 2 ** config["trace_bits"] - 1
    reward = clamp(reward, config["reward_bits"], signed=True)  # 1
    new_pre = top if pre else faded(old_pre, shift)  # 2
    new_post = top if post else faded(old_post, shift)
    gain = 0  # 3
    if post:
        gain = top if pre else old_pre
    loss = old_post if pre else 0
    eligibility = clamp(faded(eligibility, shift) + gain - loss, config["trace_bits"], signed=True)  # 4
    moved = math.floor(Fraction(reward * eligibility, 2 ** config["learning_shift"]))  # 5
    return clamp(weight + moved, config["weight_bits"], signed=False), new_pre, new_post, eligibility
