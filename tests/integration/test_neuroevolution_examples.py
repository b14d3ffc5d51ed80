"""The examples of neuroevolution: their copies of gymnasium's environments, step for step, and what is shown."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from sc_run.environments import GymnasiumEpisodes

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / "neuroevolution" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("copy", "name"), [("ManyAcrobots", "Acrobot-v1"), ("ManyCartPoles", "CartPole-v1")])
@pytest.mark.parametrize("kind", ["random", "feedback"])
def test_the_copies_for_training_are_gymnasium_s_step_for_step(copy, name, kind):
    mine, original = getattr(load("many_episodes"), copy)(), GymnasiumEpisodes(name)
    assert (mine.n_observations, mine.n_actions) == (original.n_observations, original.n_actions)
    rng = np.random.default_rng(0)
    seeds = np.array([3, 11, 3, 99, 7])
    observed = original.reset(seeds)
    np.testing.assert_allclose(mine.reset(seeds), observed, atol=1e-6)
    running, n_ended_early, t = np.ones(len(seeds), bool), 0, 0
    while running.any():
        if kind == "random":
            actions = rng.integers(mine.n_actions, size=len(seeds))
        elif copy == "ManyAcrobots":  # pump: gains all the energy that there is, and reaches every speed
            actions = np.where(observed[:, 5] > 0, 2, 0)
        else:  # balance, so that the time limit is reached
            actions = (observed @ [0.5, 0.5, 1.0, 1.0] > 0).astype(int)
        observed, reward, ended = original.step(actions)
        my_observed, my_reward, my_ended = mine.step(actions)
        np.testing.assert_allclose(my_observed[running], observed[running], atol=1e-5)
        np.testing.assert_array_equal(my_reward[running], reward[running])
        np.testing.assert_array_equal(my_ended[running], ended[running])
        t += 1
        n_ended_early += np.count_nonzero(running & ended) if t < 500 else 0
        running &= ~ended
    if (copy, kind) in {("ManyAcrobots", "feedback"), ("ManyCartPoles", "random")}:
        assert n_ended_early > 0
    else:
        assert t == 500


def test_the_networks_have_at_most_64_neurons_and_the_goals_are_met():
    results = json.loads((ROOT / "docs" / "gallery" / "neuroevolution_classic_control.json").read_text())
    example = (ROOT / "examples" / "neuroevolution" / "classic_control.py").read_text()
    assert "N_HIDDEN, N_STEPS, SEEDS = 32, 4, 5" in example  # and at most 6 senses and 3 actions
    for name, goal in (("Acrobot-v1", -100.0), ("CartPole-v1", 475.0)):
        assert len(results[name]) == 5
        assert sum(result["test_return"] >= goal for result in results[name].values()) >= 4
