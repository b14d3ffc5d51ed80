"""The eprop learner in a run by its name: it trains, and what is resumed goes on bit for bit."""

import csv

import numpy as np
import pytest

import sc_run

CONFIG = {
    "seed": 7,
    "data": {"name": "digits", "test_fraction": 0.8, "encoder": {"name": "current", "n_steps": 12}},
    "network": {
        "populations": [
            {"name": "pixels", "n": 64, "neuron": "Input"},
            {"name": "hidden", "n": 32, "neuron": "ALIF"},
            {"name": "digit", "n": 10, "neuron": "LI"},
        ],
        "projections": [
            {"source": "pixels", "target": "hidden"},
            {"source": "hidden", "target": "hidden", "delay": 1},
            {"source": "hidden", "target": "digit"},
        ],
    },
    "learner": {"name": "eprop", "feedback": "adaptive", "lr": 1e-1, "optimiser": "adam"},
    "callbacks": [{"name": "csv"}],
    "training": {"epochs": 4, "batch_size": 32},
}


def test_a_run_trains_with_it_by_name(tmp_path):
    folder = sc_run.train(CONFIG, output=tmp_path / "run", progress=False).folder
    rows = csv.DictReader((folder / "metrics.csv").read_text().splitlines())
    losses = [float(row["loss"]) for row in rows if row.get("loss")]
    assert np.mean(losses[-5:]) < 0.7 * losses[0]


@pytest.mark.parametrize(
    "options", [{}, {"mode": "stored", "feedback": "random"}, {"update_every": 5}], ids=str
)
def test_an_interrupted_run_ends_with_the_same_bits(options, check_interrupted_run):
    config = CONFIG | {"learner": CONFIG["learner"] | options, "training": {"epochs": 2, "batch_size": 32}}
    check_interrupted_run(config, after=7)
