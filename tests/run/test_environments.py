"""Environments of a run: gymnasium's, one's own, and the episodes that are drawn of them."""

from __future__ import annotations

import sys

import gymnasium
import numpy as np
import pytest

from sc_core.contracts import Environment, Episodes, Generation
from sc_core.errors import ConfigurationError, MissingDependency
from sc_run.environments import (
    EnvironmentTable,
    GymnasiumEpisodes,
    load_environment,
    make_episode_pools,
    observe_at_random,
)

OWN = """
import numpy as np

class Countdown:
    n_observations, n_actions = 1, 2
    def __init__(self, length=3):
        self.length = length
    def reset(self, seeds):
        self.left = np.full(len(seeds), self.length)
        return self.left[:, None].astype(float)
    def step(self, actions):
        self.left = self.left - 1
        return self.left[:, None].astype(float), np.ones(len(self.left)), self.left <= 0

here = Countdown(5)
number = 7
"""


def test_gymnasium_s_episodes_side_by_side_are_gymnasium_s_one_by_one():
    rng = np.random.default_rng(0)
    seeds = np.array([3, 11, 3])
    actions = rng.integers(2, size=(60, 3))
    actions[:, 2] = actions[:, 0]
    side_by_side = GymnasiumEpisodes("CartPole-v1")
    observed = [side_by_side.reset(seeds)]
    rewards, ends = [], []
    for chosen in actions:
        observation, reward, ended = side_by_side.step(chosen)
        observed.append(observation)
        rewards.append(reward)
        ends.append(ended)
    limit = np.array([4.8, 1.0, 24 * np.pi / 180, 1.0])
    assert np.all(ends[-1])
    for place, seed in enumerate(seeds.tolist()):
        alone = gymnasium.make("CartPole-v1")
        np.testing.assert_allclose(observed[0][place] * limit, alone.reset(seed=seed)[0], rtol=1e-6)
        for t, action in enumerate(actions[:, place].tolist()):
            observation, reward, terminated, truncated, _ = alone.step(action)
            np.testing.assert_allclose(observed[t + 1][place] * limit, observation, rtol=1e-6)
            assert rewards[t][place] == reward
            assert ends[t][place] == (terminated or truncated)
            if terminated:
                break
        assert np.all([ended[place] for ended in ends[t:]])
        assert not any(reward[place] for reward in rewards[t + 1 :])


def test_the_time_limit_ends_an_episode():
    environment = GymnasiumEpisodes("Acrobot-v1", max_episode_steps=7)
    environment.reset(np.array([1]))
    ends = [bool(environment.step(np.array([1]))[2][0]) for _ in range(7)]
    assert ends == [False] * 6 + [True]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Acrobat-v1", {}, "cannot be made"),
        ("CartPole-v1", {"gravity": 3}, "cannot be made.*gravity"),
        ("Pendulum-v1", {}, "not some to choose from"),
        ("FrozenLake-v1", {}, "no vector"),
    ],
)
def test_environments_that_do_not_fit_are_refused(name, options, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        load_environment(name, ".", options)
    assert caught.value.path == "environment.name"


def test_without_gymnasium_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(MissingDependency, match=r"pip install 'sc-run\[gymnasium\]'"):
        load_environment("CartPole-v1", ".", {})


def test_one_s_own_environment_is_found_by_module_and_attribute(tmp_path):
    (tmp_path / "own_environment.py").write_text(OWN)
    made = load_environment("own_environment:Countdown", tmp_path, {"length": 4})
    assert isinstance(made, Environment)
    assert made.reset(np.array([0])).tolist() == [[4.0]]
    assert load_environment("own_environment:here", tmp_path, {}).length == 5
    with pytest.raises(ConfigurationError, match=r"environment.name: .*int, which is no"):
        load_environment("own_environment:number", tmp_path, {})
    with pytest.raises(ConfigurationError, match=r"environment.length: .* takes no options"):
        load_environment("own_environment:number", tmp_path, {"length": 1})
    with pytest.raises(ConfigurationError, match="did you mean 'here'"):
        load_environment("own_environment:hero", tmp_path, {})
    sys.modules.pop("own_environment")


def test_parts_draw_episodes_whose_seeds_never_meet():
    table = EnvironmentTable(name="CartPole-v1", n_steps=3, train_episodes=7, test_episodes=0)
    environment = GymnasiumEpisodes("CartPole-v1")
    pools = make_episode_pools(environment, table)
    assert [len(pool) for pool in pools] == [7, 20, 0]
    seeds = []
    for pool in pools:
        drawn = pool.draw(np.arange(500), None, np.random.default_rng(1))
        assert isinstance(drawn, Generation)
        assert isinstance(drawn.trial, Episodes)
        assert (drawn.trial.environment, drawn.trial.n_steps) == (environment, 3)
        assert drawn.trial.seeds.shape == (500,)
        seeds.append(set(drawn.trial.seeds.tolist()))
    assert max(seeds[0]) < min(seeds[1]) <= max(seeds[1]) < min(seeds[2])


def test_what_is_observed_at_random_has_the_shape_of_inputs():
    observed = observe_at_random(GymnasiumEpisodes("Acrobot-v1"), np.random.default_rng(0))
    assert observed.shape == (50, 16, 6)
    assert np.abs(observed).max() <= 1


@pytest.mark.parametrize("seeds", [[], [-1]])
def test_episodes_need_seeds(seeds):
    with pytest.raises(ValueError, match="seeds"):
        Episodes(GymnasiumEpisodes("CartPole-v1"), seeds)
