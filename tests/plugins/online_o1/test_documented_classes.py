"""The documented names: configuration, single synapse, annotation and memory proof."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import numpy as np
import pytest

import sc_native
from sc_core.errors import ShapeError
from sc_plugin_online_o1 import (
    OnlineO1Config,
    OnlineO1Snapshot,
    OnlineO1Synapse,
    build_online_o1_memory_proof,
    fading_reward_modulated_stdp,
)

sys.path.insert(0, str(Path(__file__).parent))
from documented_rule import next_state

RANGES = {
    "weight_bits": (1, 31),
    "trace_bits": (2, 30),
    "reward_bits": (1, 30),
    "learning_shift": (0, 30),
    "trace_decay_shift": (0, 30),
}


@pytest.fixture(
    params=[
        "reference",
        pytest.param(
            "native", marks=pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
        ),
    ]
)
def kernels(request, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", request.param)


@pytest.mark.parametrize(("name", "ends"), RANGES.items())
def test_ranges(name, ends):
    for value in ends:
        assert getattr(OnlineO1Config(**{name: value}), name) == value
    for value in (ends[0] - 1, ends[1] + 1):
        with pytest.raises(ValueError, match=name):
            OnlineO1Config(**{name: value})
    for value in (True, 3.0, "3", None):
        with pytest.raises(TypeError, match=name):
            OnlineO1Config(**{name: value})


def test_another_family():
    with pytest.raises(ValueError, match="rule_family"):
        OnlineO1Config(rule_family="stdp")


def test_a_configuration_is_frozen_and_derives_its_bounds():
    config = OnlineO1Config()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.weight_bits = 8
    assert (config.max_weight, config.max_trace) == (65535, 4095)
    assert (config.min_eligibility, config.max_eligibility) == (-2048, 2047)
    assert (config.min_reward, config.max_reward) == (-128, 127)
    assert config.per_synapse_state_bits == 16 + 3 * 12


def test_annotation():
    assert OnlineO1Config(8, 6, 4, 3, 2).to_scnir_annotation(rule_id="r1") == {
        "schema_version": "sc-neurocore.online-o1.annotation.v1",
        "rule_id": "r1",
        "rule_family": "reward_modulated_stdp",
        "state_fields": ["weight", "pre_trace", "post_trace", "eligibility"],
        "per_synapse_state_bits": 26,
        "weight_bits": 8,
        "trace_bits": 6,
        "reward_bits": 4,
        "learning_shift": 3,
        "trace_decay_shift": 2,
        "saturation_policy": "signed_eligibility_unsigned_weight",
        "hidden_history_fields": [],
        "sequence_length_independent": True,
    }
    with pytest.raises(ValueError, match="rule_id"):
        OnlineO1Config().to_scnir_annotation(rule_id="")


def test_memory_proof():
    proof = build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config())
    assert proof == {
        "schema_version": "sc-neurocore.online-o1.memory-proof.v1",
        "n_synapses": 10,
        "state_fields": ["weight", "pre_trace", "post_trace", "eligibility"],
        "per_synapse_state_bits": 52,
        "total_state_bits": 520,
        "sequence_length_independent": True,
        "hidden_history_fields": [],
    }
    for length in (0, 1, 10**9):
        assert (
            build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config(), sequence_length=length)
            == proof
        )


@pytest.mark.parametrize("name", ["n_synapses", "sequence_length"])
@pytest.mark.parametrize(("value", "error"), [(-1, ValueError), (True, TypeError), (1.0, TypeError)])
def test_counts_that_are_none(name, value, error):
    with pytest.raises(error, match=name):
        build_online_o1_memory_proof(**{"n_synapses": 1, "config": OnlineO1Config(), name: value})


def test_regression_of_weights(kernels):
    synapse, weights = OnlineO1Synapse(OnlineO1Config(8, 6, 4, 3, 2)), []
    for _ in range(3):
        synapse.step(pre_spike=True, post_spike=False, reward=0)
        weights.append(synapse.step(pre_spike=False, post_spike=True, reward=7).weight)
    assert weights == [27, 54, 81]


def test_initial_weights():
    assert OnlineO1Synapse(OnlineO1Config(), 70000).weight == 65535
    for value, error in ((-1, ValueError), (True, TypeError), (1.0, TypeError)):
        with pytest.raises(error, match="initial_weight"):
            OnlineO1Synapse(OnlineO1Config(), value)


@pytest.mark.parametrize("reward", [True, 1.0, "1"])
def test_rewards_that_are_none(reward):
    with pytest.raises(TypeError, match="reward"):
        OnlineO1Synapse(OnlineO1Config()).step(pre_spike=True, post_spike=False, reward=reward)


def test_state_of_a_synapse():
    synapse = OnlineO1Synapse(OnlineO1Config(), 5)
    assert synapse.snapshot() == OnlineO1Snapshot(5, 0, 0, 0)
    assert tuple(synapse.state_fields) == ("weight", "pre_trace", "post_trace", "eligibility")
    assert synapse.state_bit_count == 52
    after = synapse.step(pre_spike=True, post_spike=False, reward=0)
    assert after == synapse.snapshot() == OnlineO1Snapshot(5, 4095, 0, 0)


@pytest.mark.parametrize("bits", [(16, 12, 8, 4, 4), (31, 30, 30, 0, 1), (3, 3, 2, 1, 1)])
def test_a_sequence_is_its_steps_and_the_documented_ones(bits, kernels):
    config, rng = OnlineO1Config(*bits), np.random.default_rng(3)
    pre, post = rng.random((2, 60)) < 0.4
    rewards = rng.integers(2 * config.min_reward, 2 * config.max_reward + 2, 60)  # half of them saturate
    sequence, steps = OnlineO1Synapse(config, 3), OnlineO1Synapse(config, 3)
    first = sequence.run(pre_spikes=pre[:25], post_spikes=post[:25], rewards=rewards[:25])
    second = sequence.run(pre_spikes=pre[25:], post_spikes=post[25:], rewards=rewards[25:])
    expected = (3, 0, 0, 0)
    for k in range(60):
        after = steps.step(pre_spike=pre[k], post_spike=post[k], reward=int(rewards[k]))
        expected = next_state(expected, (pre[k], post[k], int(rewards[k])), config.parameters)
        part, place = (first, k) if k < 25 else (second, k - 25)
        assert (
            attrs.astuple(after) == expected == tuple(int(part[name][place]) for name in attrs.asdict(after))
        )
    assert sequence.snapshot() == steps.snapshot()


def test_sequences_that_are_none():
    synapse = OnlineO1Synapse(OnlineO1Config())
    with pytest.raises(ShapeError, match="one shape"):
        synapse.run(pre_spikes=[1], post_spikes=[1, 0], rewards=[0])
    with pytest.raises(TypeError, match="rewards"):
        synapse.run(pre_spikes=[1], post_spikes=[1], rewards=[0.5])


def test_the_documented_rule_drifts_where_nothing_happens_and_the_fading_one_does_not(kernels):
    """The known weakness: stuck traces, and saturation of a silent synapse under a constant reward."""
    silent = np.zeros(3000, bool)
    rewards = np.where(np.arange(3000) < 2000, 0, 127)
    pre, post = silent.copy(), silent.copy()
    pre[0], post[1] = True, True
    ends = {}
    for rule in ({}, {"rule": fading_reward_modulated_stdp}):
        synapse = OnlineO1Synapse(OnlineO1Config(), 1000, **rule)
        history = synapse.run(pre_spikes=pre, post_spikes=post, rewards=rewards)
        ends[len(rule)] = (synapse.snapshot(), history["weight"][1999])
    assert ends[0][0] == OnlineO1Snapshot(65535, 15, 15, 15)
    assert ends[1][0] == OnlineO1Snapshot(1000, 0, 0, 0)
