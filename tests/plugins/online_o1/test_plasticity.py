"""`online-o1` from the registry: the documented rule at a projection's synapses, in C and NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import sc_native
from sc_core import LIF, Input, Population, Projection, registry
from sc_hardware.rules.by_name import registered_name
from sc_plugin_online_o1 import OnlineO1Config, OnlineO1Synapse, fading_reward_modulated_stdp
from sc_plugin_online_o1.plasticity import FadingOnlineO1Plasticity, OnlineO1Plasticity
from sc_plugin_online_o1.rules import reward_modulated_stdp

KERNELS = [
    "reference",
    pytest.param(
        "native", marks=pytest.mark.skipif(not sc_native.available, reason="needs compiled kernels")
    ),
]


def test_the_registry_has_it():
    assert registry.get("plasticity", "online-o1") is OnlineO1Plasticity
    assert registry.get("plasticity", "online-o1-fading") is FadingOnlineO1Plasticity
    assert registered_name(reward_modulated_stdp) == "online-o1"
    assert registered_name(fading_reward_modulated_stdp) == "online-o1-fading"


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(
    "plasticity", [OnlineO1Plasticity, FadingOnlineO1Plasticity], ids=lambda c: c.__name__
)
def test_each_synapse_learns_as_one_alone(plasticity, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    rng = np.random.default_rng(0)
    source, target = Population("source", 4, Input()), Population("target", 5, LIF())
    projection = Projection(source, target, rng.integers(1, 1000, (4, 5)).astype(float))
    learner = plasticity(reward_bits=6, trace_decay_shift=3)
    learner.bind(projection, 1.0, rng)
    config = OnlineO1Config(reward_bits=6, trace_decay_shift=3)
    options = {"rule": fading_reward_modulated_stdp} if plasticity is FadingOnlineO1Plasticity else {}
    lanes = [OnlineO1Synapse(config, int(weight), **options) for weight in projection.data]
    for step in range(40):
        pre, post = (rng.random(4) < 0.3) * 1.0, (rng.random(5) < 0.3) * 1.0
        reward = float(rng.integers(-40, 41))
        learner.after_step(pre, post, reward)
        for k, lane in enumerate(lanes):
            lane.step(pre_spike=pre[k // 5] > 0, post_spike=post[k % 5] > 0, reward=int(reward))
        assert projection.data.tolist() == [lane.weight for lane in lanes], step
    assert learner.state_dict()["eligibility"].tolist() == [lane.eligibility for lane in lanes]
