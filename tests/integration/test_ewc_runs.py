"""The ewc learner in runs, around the real gradient learners."""

import csv
import tomllib

import numpy as np
import pytest

import sc_run
from sc_core.errors import ConfigurationError

CONFIG = """
seed = 3
[data]
name = "digits"
test_fraction = 0.6
encoder = { name = "current", n_steps = 12 }
tasks = { name = "classes", groups = [[0, 1], [2, 3], [4, 5]], shared_labels = true }
[network]
populations = [
    { name = "pixels", n = 64, neuron = "Input" },
    { name = "hidden", n = 32, neuron = "LIF" },
    { name = "digit", n = 2, neuron = "LI" },
]
projections = [ { source = "pixels", target = "hidden" }, { source = "hidden", target = "digit" } ]
[learner]
name = "ewc"
ewc_lambda = 1e4
learner = { name = "bptt", lr = 1e-2, optimiser = "adam" }
[[callbacks]]
name = "csv"
[training]
epochs = 3
batch_size = 16
"""


@pytest.fixture
def config():
    return tomllib.loads(CONFIG)


def rows_of_tests(folder):
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    return [row for row in rows if row.get("test_accuracy")]


@pytest.mark.parametrize(
    "wrapped",
    [{"name": "bptt"}, {"name": "tbptt"}, {"name": "eprop", "mode": "stored", "loss_fn": "cross_entropy"}],
    ids=lambda wrapped: wrapped["name"],
)
def test_tasks_in_sequence_are_learned_and_held(config, tmp_path, wrapped):
    config["learner"]["learner"] |= wrapped
    config["training"]["epochs"] = 5
    held = sc_run.train(config, output=tmp_path / "held", progress=False)
    rows = rows_of_tests(tmp_path / "held")
    assert len(rows) == 3
    assert all(float(rows[i][f"test_task_{i + 1}_accuracy"]) > 0.85 for i in range(3))
    config["learner"]["ewc_lambda"] = 0.0
    free = sc_run.train(config, output=tmp_path / "free", progress=False)
    # What both have after the first task is the same; after the last, one has stayed nearer to it.
    assert rows_of_tests(tmp_path / "free")[0]["test_loss"] == rows[0]["test_loss"]
    for task in (1, 2):
        assert held.test_metrics[f"task_{task}_loss"] < 0.95 * free.test_metrics[f"task_{task}_loss"]


def test_without_a_strength_it_is_the_wrapped_learner_bit_for_bit(config, tmp_path):
    config["learner"]["ewc_lambda"] = 0.0
    zero = sc_run.train(config, output=tmp_path / "zero", progress=False)
    config["learner"] = config["learner"]["learner"]
    alone = sc_run.train(config, output=tmp_path / "alone", progress=False)
    assert zero.test_metrics == alone.test_metrics
    for one, other in zip(zero.network.projections, alone.network.projections, strict=True):
        np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize(
    ("method", "step"),
    [("_update", 3), ("_update", 24), ("_end_task", 24), ("_update", 30)],
    ids=["in the first task", "before its end", "between tasks", "in the second task"],
)
def test_an_interrupted_run_ends_with_the_same_bits(config, check_interrupted_run, method, step):
    config["learner"] |= {"variant": "online", "gamma": 0.9}
    check_interrupted_run(config, after=step, leaving=method)


def test_the_configuration_as_resolved_names_the_wrapped_learners_defaults(config, tmp_path):
    config["training"]["epochs"] = 1
    sc_run.train(config, output=tmp_path / "run", progress=False)
    table = tomllib.loads((tmp_path / "run" / "config.toml").read_text())["learner"]
    assert table["fisher"] == "exact"
    assert table["learner"]["surrogate"] == "fast_sigmoid"
    again = sc_run.train(tmp_path / "run" / "config.toml", output=tmp_path / "again", progress=False)
    assert again.test_metrics == sc_run.resume(tmp_path / "run", progress=False).test_metrics


@pytest.mark.parametrize(
    ("learner", "words"),
    [
        ({"name": "ewc", "learner": {"name": "bptt", "lr": -1.0}}, r"^learner.learner.lr: must be > 0"),
        ({"name": "ewc", "learner": {"name": "bptt", "rate": 1.0}}, r"^learner.learner.rate: unknown key"),
        ({"name": "ewc", "gamma": 0.5}, r"^learner.gamma: is an option of variant"),
        (
            {"name": "ewc", "learner": {"name": "bptt", "loss_fn": "mean_square"}},
            r"^learner.fisher: 'exact' needs",
        ),
    ],
)
def test_options_are_refused_by_name_before_anything_is_trained(config, tmp_path, learner, words):
    config["learner"] = learner
    with pytest.raises(ConfigurationError, match=words):
        sc_run.train(config, output=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
