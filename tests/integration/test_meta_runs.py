"""The learner maml in a run: by its name, on classes held out of training, and resumed after kills."""

import csv

import pytest
import tomli_w

import sc_run


def config(**learner):
    return {
        "seed": 7,
        "data": {"name": "digits", "encoder": {"name": "current", "n_steps": 15}},
        "few_shot": {
            "ways": 2,
            "shots": 5,
            "queries": 5,
            "train_tasks": 60,
            "validation_tasks": 10,
            "test_tasks": 60,
            "validation_classes": [6, 7],
            "test_classes": [8, 9],
        },
        "network": {
            "populations": [
                {"name": "pixels", "n": 64, "neuron": "Input"},
                {"name": "hidden", "n": 24, "neuron": {"name": "LIF", "tau": 10.0}},
                {"name": "class", "n": 2, "neuron": {"name": "LI", "tau": 10.0}},
            ],
            "projections": [
                {"source": "pixels", "target": "hidden"},
                {"source": "hidden", "target": "class"},
            ],
        },
        "learner": {"name": "maml", "inner_steps": 2, "inner_lr": 1.0, "outer_lr": 0.01, "optimiser": "adam"}
        | learner,
        "scheduler": {"name": "cosine"},
        "callbacks": [{"name": "csv"}],
        "training": {"epochs": 2, "batch_size": 4},
    }


@pytest.mark.parametrize(
    "method", [{}, {"order": 1}, {"method": "reptile", "optimiser": "sgd", "outer_lr": 0.5}]
)
def test_a_run_meta_trains_for_classes_that_it_never_sees(method, tmp_path):
    result = sc_run.train(config(**method), output=tmp_path / "run", progress=False)
    assert result.test_metrics["accuracy"] > result.test_metrics["accuracy_before"] + 0.08
    rows = list(csv.DictReader((result.folder / "metrics.csv").read_text().splitlines()))
    losses = [float(row["loss"]) for row in rows if row.get("loss")]
    assert len(losses) == 30
    assert sum(losses[-10:]) < sum(losses[:10])


@pytest.mark.slow
def test_a_meta_training_killed_at_random_moments_ends_bit_identical(tmp_path, check_killed_runs):
    path = tmp_path / "run.toml"
    table = config()
    table["training"]["checkpoint_every"] = 3
    path.write_text(tomli_w.dumps(table))
    check_killed_runs(path, seed=3, kills=10)
