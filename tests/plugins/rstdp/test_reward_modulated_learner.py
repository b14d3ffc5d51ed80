"""specs/rstdp.md, the learner: the rule on every projection, and the documented formula word for word."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from sc_core import LIF, Input, Network, Population, Projection
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_plugin_rstdp import RewardModulatedLearner, RewardModulatedSTDP


def network(seed=0):
    """Populations and projections of other people's making, with voltages alone on one side."""
    rng = np.random.default_rng(seed)
    first = SimpleNamespace(n=3, spikes=np.zeros(3), voltages=np.zeros(3))
    second = SimpleNamespace(n=2, voltages=np.zeros(2))
    forward = SimpleNamespace(
        source=first, target=second, indptr=np.array([0, 2, 2, 3]), indices=np.array([0, 1, 1])
    )
    back = SimpleNamespace(
        source=second, target=first, indptr=np.array([0, 1, 3]), indices=np.array([2, 0, 1]), delay=2
    )
    for projection in (forward, back):
        projection.data = rng.random(3)
    return SimpleNamespace(populations=[first, second], projections=[forward, back])


def step(built, rng):
    first, second = built.populations
    first.spikes = (rng.random(3) < 0.2).astype(float)
    second.voltages = rng.random(2) * 1.2
    return first.spikes, (second.voltages > 0.9).astype(float)


def test_hebbian_is_the_documented_formula():
    built, rng = network(), np.random.default_rng(1)
    learner = RewardModulatedLearner(built, tau_reward=30.0, rule="hebbian")
    weights = [[float(w) for w in projection.data] for projection in built.projections]
    synapses = [[(0, 0), (0, 1), (2, 1)], [(0, 2), (1, 0), (1, 1)]]
    traces = [[[0.0] * 3, [0.0] * 2], [[0.0] * 2, [0.0] * 3]]
    eligibility = [[0.0] * 3, [0.0] * 3]
    for _ in range(200):
        spikes, reward = step(built, rng), float(rng.normal() - 0.3)
        learner.step(reward)
        for p, both in enumerate((spikes, spikes[::-1])):
            for trace, fired in zip(traces[p], both, strict=True):
                for n in range(len(trace)):
                    trace[n] = trace[n] * math.exp(-1 / 20) + fired[n]
            for k, (i, j) in enumerate(synapses[p]):
                eligibility[p][k] = (
                    eligibility[p][k] * math.exp(-1 / 30.0) + traces[p][0][i] * traces[p][1][j]
                )
                weights[p][k] = max(0.0, weights[p][k] + 0.01 * reward * eligibility[p][k])
            np.testing.assert_allclose(built.projections[p].data, weights[p], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("delay", "dt"), [(2, 1.0), (np.int64(2), 0.5), (1.0, 0.5)])
def test_signed_is_the_plasticity_on_every_projection(delay, dt):
    """A whole number of steps, or ms."""
    built, alone = network(), network()
    built.dt, built.projections[1].delay = dt, delay
    rng = np.random.default_rng(2)
    options = {"learning_rate": 1e-3, "tau_eligibility": 50.0, "tau_baseline": 100.0}
    learner = RewardModulatedLearner(built, **options)
    rules = [RewardModulatedSTDP(tau_reward=100.0, **options) for _ in range(2)]
    for rule, projection in zip(rules, alone.projections, strict=True):
        rule.bind(projection, dt, rng)
    start = [projection.data.copy() for projection in built.projections]
    silent = np.zeros(2)
    history = [silent, silent]
    for _ in range(300):
        (first, second), reward = step(built, rng), float(rng.normal())
        history.append(second)
        learner.step(reward)
        rules[0].after_step(first, second, reward)
        rules[1].after_step(history[-3], first, reward)  # two steps on the way
    for mine, other, before in zip(built.projections, alone.projections, start, strict=True):
        np.testing.assert_array_equal(mine.data, other.data)
        assert np.abs(mine.data - before).min() > 1e-4


@pytest.mark.parametrize("cut", [0, 1, 41])
@pytest.mark.parametrize("rule", ["signed", "hebbian"])
def test_resumed_bit_for_bit(rule, cut):
    built, rng = network(), np.random.default_rng(3)
    learner = RewardModulatedLearner(built, rule=rule)
    for t in range(100):
        if t == cut:
            saved, other = learner.state_dict(), network()
            for old, new in zip(built.projections, other.projections, strict=True):
                new.data = old.data.copy()
            resumed = RewardModulatedLearner(other, rule=rule)
            resumed.load_state_dict(saved)
        step(built, rng)
        reward = float(rng.normal())
        learner.step(reward)
        if t >= cut:
            for mine, theirs in zip(other.populations, built.populations, strict=True):
                mine.__dict__.update(theirs.__dict__)
            resumed.step(reward)
    for mine, theirs in zip(other.projections, built.projections, strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)
    with pytest.raises(CheckpointError, match="2 projections"):
        RewardModulatedLearner(network(), rule="hebbian" if rule == "signed" else "signed").load_state_dict(
            saved
        )


@pytest.mark.parametrize(("spike_source", "expected"), [("spikes", 1.0), ("voltage", 1.01)])
def test_spikes_before_voltages_unless_asked(spike_source, expected):
    built = network()
    first, second = built.populations
    first.spikes, first.voltages, second.voltages = np.zeros(3), np.ones(3), np.ones(2)
    built.projections[0].data[:] = 1.0
    RewardModulatedLearner(built, rule="hebbian", spike_source=spike_source).step(1.0)
    np.testing.assert_allclose(built.projections[0].data, expected, rtol=1e-12)


def test_a_network_of_ours_with_delays_in_the_network():
    """The learner lets delays pass: a spike and a target's spike, as many steps later, coincide."""
    for delays in ({"delay": 3}, {"delays": [3.0]}):
        source, target = Population("source", 1, Input()), Population("target", 1, LIF())
        built = Network([source, target], [Projection(source, target, [[1.0]], **delays)])
        learner = RewardModulatedLearner(built, learning_rate=0.1, a_minus=0.0, tau_plus=1e-3)
        for t in range(6):
            source.step_all([float(t == 1)])
            fired = target.step_all([1e3 * (t == 4)])
            assert t == 5 or fired[0] == (t == 4)
            learner.step(float(t == 4))
        assert built.projections[0].data[0] == pytest.approx(1.0 + 0.1, rel=0.01)


def test_bad_input_is_refused():
    for options in (
        {"rule": "x"},
        {"spike_source": "x"},
        {"rule": "hebbian", "a_plus": 1.0},
        {"tau_reward": -1.0},
    ):
        with pytest.raises(ConfigurationError):
            RewardModulatedLearner(network(), **options)
    built = network()
    learner = RewardModulatedLearner(built)
    with pytest.raises(ConfigurationError, match="must be finite"):
        learner.step(math.nan)
    built.populations[0].spikes = np.array([0.0, 2.0, 0.0])
    with pytest.raises(ConfigurationError, match=r"neuron 1 has 2\.0"):
        learner.step(0.0)
    built.populations[0].spikes = np.zeros(4)
    with pytest.raises(ShapeError, match="expected shape"):
        learner.step(0.0)
