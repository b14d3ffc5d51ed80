"""The learner is the plasticity on every trainable projection, with the rewards of specs/reward.md."""

from __future__ import annotations

import numpy as np
import pytest

from sc_core import LIF, Batch, Input, Network, Population, Projection, Simulation, registry
from sc_core.errors import ConfigurationError
from sc_plugin_online_o1 import OnlineO1Learner
from sc_plugin_online_o1.plasticity import OnlineO1Plasticity

OPTIONS = {"weight_unit": 2.0**-12, "learning_shift": 3, "modulator_unit": 0.1}


def network():
    rng = np.random.default_rng(1)
    source, middle, answer = (
        Population("source", 12, Input()),
        Population("middle", 8, LIF(tau=5.0)),
        Population("answer", 3, LIF(tau=5.0)),
    )
    return Network(
        [source, middle, answer],
        [
            Projection(source, middle, 3.0 * rng.random((12, 8))),
            Projection(middle, answer, 6.0 * rng.random((8, 3)), delay=1),
            Projection(source, answer, rng.random((12, 3)), trainable=False),
        ],
    )


def batch(seed, n=6):
    rng = np.random.default_rng(seed)
    return Batch((rng.random((20, n, 12)) < 0.2).astype(np.uint8), rng.integers(0, 3, n))


def test_it_is_the_plasticity_with_rewards_for_right_answers():
    learned, expected = network(), network()
    learner = OnlineO1Learner(learned, **OPTIONS)
    rules = {p.name: OnlineO1Plasticity(**OPTIONS) for p in expected.projections[:2]}
    simulation = Simulation(expected, rules, np.random.default_rng(0))
    right = []
    for seed in range(3):
        given = batch(seed)
        metrics = learner.learn(given)
        right.clear()
        for sample, label in enumerate(given.targets):
            trial = network()  # answers before the reward is known
            copies = {name: OnlineO1Plasticity(**OPTIONS) for name in rules}
            dry = Simulation(trial, copies, np.random.default_rng(0))
            trial.load_state_dict(expected.state_dict())
            for name, rule in copies.items():
                rule.load_state_dict(rules[name].state_dict())
            answer = dry.run(given.inputs[:, sample])["answer"].sum(axis=0).argmax()
            right.append(answer == label)
            simulation.run(given.inputs[:, sample], modulator=np.array([0.0] * 19 + [2.0 * right[-1] - 1.0]))
        assert metrics == {"accuracy": np.mean(right), "reward": pytest.approx(2 * np.mean(right) - 1)}
    for mine, other, start in zip(
        learned.projections, expected.projections, network().projections, strict=True
    ):
        np.testing.assert_array_equal(mine.data, other.data)
        assert np.any(mine.data != start.data) == mine.trainable


def test_it_is_resumed_bit_for_bit():
    whole, stopped, resumed = network(), network(), network()
    learner, first = OnlineO1Learner(whole, **OPTIONS), OnlineO1Learner(stopped, **OPTIONS)
    for seed in range(4):
        learner.learn(batch(seed))
        if seed < 2:
            first.learn(batch(seed))
    again = OnlineO1Learner(resumed, **OPTIONS)
    resumed.load_state_dict(stopped.state_dict())
    again.load_state_dict(first.state_dict())
    for seed in (2, 3):
        again.learn(batch(seed))
    for mine, other in zip(resumed.projections, whole.projections, strict=True):
        np.testing.assert_array_equal(mine.data, other.data)


def test_its_rate_is_a_constant():
    assert registry.get("learner", "online-o1") is OnlineO1Learner
    learner = OnlineO1Learner(network(), **OPTIONS)
    assert learner.lr == 0.125
    learner.lr = 0.125  # a resumed run sets what was
    with pytest.raises(ConfigurationError, match="leave out the scheduler"):
        learner.lr = 0.1


def test_bad_options_and_weights_are_refused():
    with pytest.raises(ConfigurationError, match="weight_bits"):
        OnlineO1Learner(network(), weight_bits=32)
    with pytest.raises(ConfigurationError, match=r"weights: must be from 0 to 65535 units"):
        OnlineO1Learner(network(), weight_unit=2.0**-14)
