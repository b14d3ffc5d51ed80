"""Synapses of a projection: C and NumPy against documented lanes, and each other, for every type and thread count."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import sc_native
from sc_core.errors import ConfigurationError, ShapeError
from sc_plugin_online_o1 import (
    OnlineO1Config,
    OnlineO1Synapses,
    fading_reward_modulated_stdp,
    reward_modulated_stdp,
)

sys.path.insert(0, str(Path(__file__).parent))
from documented_rule import next_state

CONFIGS = [
    OnlineO1Config(),
    OnlineO1Config(8, 6, 4, 3, 2),
    OnlineO1Config(8, 12, 8, 2, 3),
    OnlineO1Config(16, 8, 8, 1, 0),
    OnlineO1Config(31, 7, 3, 0, 5),
    OnlineO1Config(5, 20, 8, 9, 7),
    OnlineO1Config(16, 15, 8, 3, 14),  # the widest that decay in 16 bits
    OnlineO1Config(16, 15, 8, 3, 15),
    OnlineO1Config(16, 16, 8, 3, 2),
    OnlineO1Config(9, 8, 4, 3, 14),
    OnlineO1Config(16, 8, 8, 0, 3),  # the least and the largest shift with which weights change in 16 bits
    OnlineO1Config(12, 12, 8, 16, 4),
    OnlineO1Config(12, 12, 8, 17, 4),
    OnlineO1Config(16, 12, 9, 4, 4),  # some of its rewards are too large for that
    OnlineO1Config(16, 15, 16, 15, 3),
    OnlineO1Config(8, 15, 1, 0, 1),
    OnlineO1Config(1, 2, 1, 0, 0),
    OnlineO1Config(31, 30, 30, 30, 30),
    OnlineO1Config(31, 30, 30, 3, 4),
]
NATIVE = pytest.param(
    "native", marks=pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
)


def projection(rng, n_pre, n_post, density):
    mask = rng.random((n_pre, n_post)) < density
    indptr = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    return indptr, np.nonzero(mask)[1]


def sequence(rng, config, n_steps, n_pre, n_post):
    reward = rng.integers(config.min_reward, config.max_reward + 1, n_steps) * (rng.random(n_steps) < 0.8)
    return rng.random((n_steps, n_pre)) < 0.2, rng.random((n_steps, n_post)) < 0.2, reward


@pytest.mark.parametrize("kernels", ["reference", NATIVE])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: "/".join(map(str, c.parameters.values())))
def test_each_synapse_is_a_documented_lane(config, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    rng = np.random.default_rng(0)
    indptr, indices = projection(rng, 7, 9, 0.4)
    weight = rng.integers(0, config.max_weight + 1, indices.size)
    synapses = OnlineO1Synapses(indptr, indices, 9, config, weight)
    pre, post, reward = sequence(rng, config, 24, 7, 9)
    for part in (slice(0, 1), slice(1, 20), slice(20, 24), slice(24, 24)):
        synapses.run(pre[part], post[part], reward[part])
    rows = np.repeat(np.arange(7), np.diff(indptr))
    for k, (i, j) in enumerate(zip(rows, indices, strict=True)):
        state = (int(weight[k]), 0, 0, 0)
        for step in range(24):
            state = next_state(state, (pre[step, i], post[step, j], int(reward[step])), config.parameters)
        got = (synapses.weight[k], synapses.pre_trace[i], synapses.post_trace[j], synapses.eligibility[k])
        assert tuple(map(int, got)) == state


@pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
@pytest.mark.parametrize(
    "rule", [reward_modulated_stdp, fading_reward_modulated_stdp], ids=lambda rule: rule.name
)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: "/".join(map(str, c.parameters.values())))
def test_c_gives_the_bits_of_the_reference_for_any_number_of_threads(rule, config, monkeypatch):
    rng = np.random.default_rng(1)
    indptr, indices = projection(rng, 60, 80, 0.3)
    weight = rng.integers(0, config.max_weight + 1, indices.size)
    steps = sequence(rng, config, 40, 60, 80)
    results = []
    for kernels, threads in (("reference", 1), ("native", 1), ("native", 2), ("native", 3)):
        monkeypatch.setenv("SC_KERNELS", kernels)
        monkeypatch.setattr("sc_core.kernels.thread_count", lambda work=None, threads=threads: threads)
        synapses = OnlineO1Synapses(indptr, indices, 80, config, weight, rule)
        synapses.run(*steps)
        results.append(synapses.state)
    assert np.ptp(results[0]["eligibility"].astype(np.int64)) > 0
    for other in results[1:]:
        for name, values in results[0].items():
            assert other[name].dtype == values.dtype
            np.testing.assert_array_equal(other[name], values, name)


@pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
@pytest.mark.parametrize(
    "rule", [reward_modulated_stdp, fading_reward_modulated_stdp], ids=lambda rule: rule.name
)
@pytest.mark.parametrize("steps", [1, 2])
def test_every_eligibility_with_every_reward(rule, steps, monkeypatch):
    """The largest products that 16 bits are enough for; the last step and those before are different loops."""
    config = OnlineO1Config(10, 10, 8, 2, 3)
    eligibility = np.arange(config.min_eligibility, config.max_eligibility + 1)
    weight = np.array([0, 1, 500, config.max_weight - 1, config.max_weight])
    results = []
    for kernels in ("reference", "native"):
        monkeypatch.setenv("SC_KERNELS", kernels)
        found = []
        for reward in range(config.min_reward, config.max_reward + 1):
            n = weight.size * eligibility.size
            synapses = OnlineO1Synapses([0, n], np.zeros(n, np.int32), 1, config, rule=rule)
            synapses.weight[:] = np.repeat(weight, eligibility.size)
            synapses.eligibility[:] = np.tile(eligibility, weight.size)
            synapses.run(np.zeros((steps, 1)), np.zeros((steps, 1)), np.full(steps, reward))
            found.append(synapses.weight.copy())
        results.append(np.array(found))
    np.testing.assert_array_equal(*results)
    assert results[0].min() == 0
    assert results[0].max() == config.max_weight


def test_the_narrowest_types():
    def types(*bits):
        synapses = OnlineO1Synapses([0, 1], [0], 1, OnlineO1Config(*bits))
        return synapses.weight.dtype.name, synapses.eligibility.dtype.name

    assert types(8, 8) == ("uint8", "int8")
    assert types(9, 8) == ("uint16", "int8")
    assert types(16, 9) == ("uint16", "int16")
    assert types(17, 17, 8) == ("uint32", "int32")
    assert types(8, 8, 30) == ("uint32", "int32")  # 38 bits in a step


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (([0, 2], [0], 1), ShapeError, "indptr ends with 2"),
        (([0, 1], [1], 1), ShapeError, "indices: must be from 0 to 0"),
        (([1, 1], [0], 1), ShapeError, "must begin with 0"),
        (([0, 1, 0], [], 1), ShapeError, "never fall"),
    ],
)
def test_patterns_that_are_none(arguments, error, said):
    with pytest.raises(error, match=said):
        OnlineO1Synapses(*arguments, OnlineO1Config())


@pytest.mark.parametrize(
    ("weight", "error"),
    [(-1, ConfigurationError), (65536, ConfigurationError), (0.5, ShapeError), ([1, 2], ShapeError)],
)
def test_weights_that_are_none(weight, error):
    with pytest.raises(error, match="weight"):
        OnlineO1Synapses([0, 1], [0], 1, OnlineO1Config(), weight)


def test_steps_that_do_not_fit():
    synapses = OnlineO1Synapses([0, 1], [0], 1, OnlineO1Config())
    with pytest.raises(ShapeError, match="expected shapes"):
        synapses.run([[0, 0]], [[0]], [1])
    with pytest.raises(TypeError, match="rewards"):
        synapses.run([[0]], [[0]], [0.5])
