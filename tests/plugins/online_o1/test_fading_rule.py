"""The corrected rule: everything fades to 0 in time, the weight then stands still, and both directions are alike."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import z3

import sc_native
from sc_hardware.rules import Parameter, Signed, rule, select, shift_right
from sc_hardware.rules.compiled import CompiledRule
from sc_plugin_online_o1.rules import PARAMETERS, fading_reward_modulated_stdp

DECAYS = PARAMETERS["trace_decay_shift"]


def fading_steps(magnitude, shift):
    """Steps until |v| is 0, where each takes ceil(|v| / 2^shift) off: all steps that take the same off at once."""
    steps = 0
    while magnitude:
        off = -(-magnitude >> shift)
        least = ((off - 1) << shift) + 1  # the smallest magnitude that loses as much
        together = (magnitude - least) // off + 1
        steps, magnitude = steps + together, magnitude - together * off
    return steps


@pytest.mark.parametrize(
    ("magnitude", "shift"), list(itertools.product([1, 2, 15, 16, 17, 255, 4095], [0, 1, 2, 4, 7, 13]))
)
def test_steps_taken_together_are_steps_of_the_rule(magnitude, shift):
    parameters = {"trace_bits": 13, "trace_decay_shift": shift}
    state = {"weight": 0, "pre_trace": magnitude, "post_trace": 0, "eligibility": -magnitude}
    steps = 0
    while state["pre_trace"] or state["eligibility"]:
        assert state["pre_trace"] == -state["eligibility"]
        inputs = {"pre_spike": np.zeros(1, bool), "post_spike": False, "reward": 0}
        state = {
            name: int(np.ravel(v)[0])
            for name, v in fading_reward_modulated_stdp.step(state, inputs, parameters).items()
        }
        steps += 1
        if steps > 300:
            return  # the first 300 were alike; more would only take time
    assert steps == fading_steps(magnitude, shift)


@pytest.mark.parametrize("shift", [s for s in range(DECAYS.low, DECAYS.high + 1) if s >= 8])
def test_the_largest_trace_is_gone_in_time_for_slow_decays(shift):
    """D is monotone, so the largest trace of the widest type takes longest: it bounds every history's."""
    assert fading_steps(2**30 - 1, shift) <= 20 * 2**shift


@pytest.mark.parametrize("shift", range(8))
def test_the_largest_trace_is_gone_in_time_for_fast_decays(shift):
    magnitude, steps = 2**30 - 1, 0
    while magnitude:
        magnitude -= -(-magnitude >> shift)
        steps += 1
    assert steps <= 20 * 2**shift


@pytest.mark.parametrize("bits", [2, 4, 7])
@pytest.mark.parametrize("shift", range(9))
def test_a_fading_step_is_monotone_and_keeps_the_sign(bits, shift):
    values = np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    silent = {"pre_spike": np.zeros(1, bool), "post_spike": np.zeros(1, bool), "reward": 0}
    state = {"weight": 0, "pre_trace": 0, "post_trace": 0, "eligibility": values}
    after = fading_reward_modulated_stdp.step(
        state, silent, {"trace_bits": bits, "trace_decay_shift": shift}
    )["eligibility"]
    assert np.all(np.diff(after) >= 0)
    assert np.all(np.abs(after) < np.maximum(np.abs(values), 1))
    np.testing.assert_array_equal(np.minimum(after * np.sign(values), 0), 0)
    expected = np.sign(values) * (np.abs(values) - np.ceil(np.abs(values) / 2**shift))
    np.testing.assert_array_equal(after, expected)


def test_every_state_of_a_small_configuration_fades_and_then_the_weight_stands_still():
    parameters = {
        "weight_bits": 3,
        "trace_bits": 4,
        "reward_bits": 3,
        "learning_shift": 1,
        "trace_decay_shift": 2,
    }
    axes = [np.arange(8), np.arange(16), np.arange(16), np.arange(-8, 8), np.arange(-4, 4)]
    weight, pre, post, eligibility, reward = (a.ravel() for a in np.meshgrid(*axes, indexing="ij"))
    state = {"weight": weight, "pre_trace": pre, "post_trace": post, "eligibility": eligibility}
    inputs = {"pre_spike": np.zeros(1, bool), "post_spike": np.zeros(1, bool), "reward": reward}
    for _ in range(20 * 2**2):
        state = fading_reward_modulated_stdp.step(state, inputs, parameters)
    for name in ("pre_trace", "post_trace", "eligibility"):
        assert not np.any(state[name])
    after = fading_reward_modulated_stdp.step(state, inputs, parameters)
    for name, values in state.items():  # a fixed point: no number of silent steps changes anything
        np.testing.assert_array_equal(after[name], values)


@pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
def test_a_million_silent_steps_after_fading_move_no_weight():
    from sc_native.online_o1 import lanes

    rng = np.random.default_rng(5)
    n_lanes, parameters = 4, {}
    compiled = CompiledRule(fading_reward_modulated_stdp, lanes)
    state = {
        name: np.zeros(n_lanes, np.int64) for name in ("weight", "pre_trace", "post_trace", "eligibility")
    }
    active = {
        "pre_spike": rng.random((500, n_lanes)) < 0.1,
        "post_spike": rng.random((500, n_lanes)) < 0.1,
        "reward": rng.integers(-128, 128, (500, n_lanes)),
    }
    compiled.run(state, active, parameters)
    silent = np.zeros((20 * 16, n_lanes), bool)
    compiled.run(
        state, {"pre_spike": silent, "post_spike": silent, "reward": np.full(silent.shape, 127)}, parameters
    )
    before = state["weight"].copy()
    silent = np.zeros((1_000_000, n_lanes), bool)
    compiled.run(
        state, {"pre_spike": silent, "post_spike": silent, "reward": np.full(silent.shape, 127)}, parameters
    )
    np.testing.assert_array_equal(state["weight"], before)


def proven(claim):
    solver = z3.Solver()
    solver.add(z3.Not(claim))
    return solver.check() == z3.unsat


PARAMETERS_OF_DECAYS = {"bits": Parameter(2, 30, default=12), "shift": Parameter(0, 30, default=4)}


def decaying(function):
    return rule(state={"level": Signed("bits")}, inputs={}, parameters=PARAMETERS_OF_DECAYS)(function)


@decaying
def by_rounding(state, inputs, params):
    return state.replace(level=state.level - shift_right(state.level, params.shift, "toward_zero"))


def mirrored(level, shift):
    """-D(-v) where v is negative, in the documentation's words."""
    opposite = -level
    return select(level < 0, -(opposite - (opposite >> shift)), level - (level >> shift))


@pytest.mark.parametrize(("bits", "shift"), [(12, 4), (2, 0), (2, 1), (30, 30), (30, 1), (7, 9)])
def test_two_forms_of_decay_are_proven_equal(bits, shift):
    @rule(state={"level": Signed("bits"), "same": Signed(32)}, inputs={}, parameters=PARAMETERS_OF_DECAYS)
    def by_mirror(state, inputs, params):
        return state.replace(same=mirrored(state.level, params.shift))

    parameters = {"bits": bits, "shift": shift}
    state, _ = by_mirror.solver_inputs(parameters)
    other = by_mirror.step(state, {}, parameters)["same"]
    one = by_rounding.step({"level": state["level"]}, {}, parameters)["level"]
    assert proven(z3.SignExt(32 - bits, one) == other)
    assert (
        not proven(one == state["level"] - (state["level"] >> shift)) or shift == 0
    )  # floor is another decay
