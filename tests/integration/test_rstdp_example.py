"""The example of R-STDP: its place cells, who learns in it, and what is shown of it."""

import importlib.util
import json
from pathlib import Path

import gymnasium
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cartpole():
    spec = importlib.util.spec_from_file_location("cartpole", ROOT / "examples" / "rstdp" / "cartpole.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_box_has_its_own_place_cell(cartpole):
    inside = [np.concatenate([edges - 1e-6, edges[-1:]]) for edges in cartpole.EDGES]
    boxes = np.stack(np.meshgrid(*inside, indexing="ij"), axis=-1).reshape(-1, 4)
    assert [cartpole.place_of(box) for box in boxes] == list(range(cartpole.N_PLACES))


def test_only_the_learner_changes_its_weights_and_a_fall_weakens_what_led_to_it(cartpole):
    environment, network = gymnasium.make("CartPole-v1"), cartpole.make_network()
    plastic = network.projections[0]
    before = plastic.data.copy()
    cartpole.Agent(network, np.random.default_rng(0), learns=False).play(environment, 1)
    np.testing.assert_array_equal(plastic.data, before)
    n_steps = cartpole.Agent(network, np.random.default_rng(0), learns=True).play(environment, 1)
    assert n_steps < 100  # it fell
    changed = plastic.data != before
    assert 0 < np.count_nonzero(changed) <= 2 * n_steps
    assert plastic.data.sum() < before.sum()


def test_the_goal_is_met_by_learning_and_not_without():
    results = json.loads((ROOT / "docs" / "gallery" / "rstdp_cartpole.json").read_text())
    learnt = [np.mean(result["test"]) for result in results["seeds"].values()]
    frozen = [np.mean(result["frozen"]) for result in results["seeds"].values()]
    assert all(len(result["test"]) == 100 for result in results["seeds"].values())
    assert len(learnt) == 5
    assert sum(mean >= 195.0 for mean in learnt) >= 3
    assert max([*frozen, np.mean(results["random"])]) < 40.0
    page = (ROOT / "docs" / "reward-learning.md").read_text()
    assert ", ".join(f"{mean:.1f}" for mean in learnt) in page
