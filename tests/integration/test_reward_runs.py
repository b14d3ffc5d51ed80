"""Runs in which a network learns by reward alone, by the learners online-o1 and rstdp (specs/reward.md)."""

import csv

import numpy as np
import pytest

import sc_run

LEARNERS = {
    "online-o1": {"name": "online-o1", "weight_unit": 2.0**-12, "learning_shift": 4},
    "rstdp": {"name": "rstdp", "learning_rate": 1e-4, "tau_reward": 20.0, "w_max": 16.0},
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Two patterns; the network begins with a preference for the wrong answers."""
    monkeypatch.chdir(tmp_path)
    labels = np.repeat(np.arange(2), 40)
    inputs = np.where((np.arange(20) // 10 == labels[:, np.newaxis]), 0.1, 1.0)
    np.savez(tmp_path / "patterns.npz", inputs=inputs, targets=labels)
    encoder = {"name": "rate", "n_steps": 25, "max_rate": 200.0}
    return {
        "seed": 1,
        "data": {"name": "patterns.npz", "encoder": encoder},
        "network": {
            "populations": [
                {"name": "source", "n": 20, "neuron": "Input"},
                {"name": "answer", "n": 2, "neuron": "LIF"},
            ],
            "projections": [{"source": "source", "target": "answer", "density": 0.7, "weight": 4.0}],
        },
        "learner": LEARNERS["online-o1"],
        "training": {"epochs": 8, "batch_size": 16},
    }


def test_online_o1_learns_better_answers(config, tmp_path):
    sc_run.train(config, output=tmp_path / "run", progress=False)
    with (tmp_path / "run/metrics.csv").open(newline="") as file:
        epochs = [float(row["train_accuracy"]) for row in csv.DictReader(file) if row["epoch"]]
    assert epochs[0] < 0.4
    assert np.mean(epochs[-4:]) > 0.55


def test_without_reward_no_weight_changes(config, tmp_path):
    """A reward that is less than half a unit is none."""
    config["learner"] = {**LEARNERS["online-o1"], "modulator_unit": 2.1}
    config["training"]["epochs"] = 1
    result = sc_run.train(config, output=tmp_path / "run", progress=False)
    np.testing.assert_array_equal(result.network.projections[0].data, 4.0)


@pytest.mark.parametrize("name", LEARNERS)
def test_an_interrupted_run_ends_with_the_same_bits(config, check_interrupted_run, name):
    config["learner"] = LEARNERS[name]
    config["training"]["epochs"] = 3
    undisturbed = check_interrupted_run(config, after=5)
    assert np.ptp(undisturbed.network.projections[0].data) > 0


def test_a_scheduler_is_refused(config, tmp_path):
    config["scheduler"] = {"name": "cosine"}
    with pytest.raises(ValueError, match=r"lr: of online-o1 is 2\^-learning_shift, 0\.0625"):
        sc_run.train(config, output=tmp_path / "run", progress=False)
