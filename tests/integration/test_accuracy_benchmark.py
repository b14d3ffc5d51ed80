"""The script that measures accuracies over seeds, and the configurations that it is for."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sc_core import Batch, registry
from sc_run.builder import Drive, build_network
from sc_run.config import parse_config, read_toml

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SMALL_RUN = """
[data]
name = "digits"
encoder = { name = "current", n_steps = 4 }
[network]
populations = [ { name = "pixels", n = 64, neuron = "Input" }, { name = "digit", n = 10, neuron = "LI" } ]
projections = [ { source = "pixels", target = "digit" } ]
[learner]
name = "bptt"
lr = 0.1
[training]
epochs = 1
"""


def measure(tmp_path, *options):
    (tmp_path / "small.toml").write_text(SMALL_RUN)
    command = [sys.executable, BENCHMARKS / "accuracy.py", "small.toml", "--output", "figures.json", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((tmp_path / "figures.json").read_text())["small"]["runs"]


def test_the_row_is_the_mean_and_spread_of_the_runs(tmp_path):
    shown, runs = measure(tmp_path, "--seeds", "3", "5")
    assert [run["seed"] for run in runs] == [3, 5]
    tests = [100 * run["test_accuracy"] for run in runs]
    assert tests[0] != tests[1]
    cells = [cell.strip() for cell in shown.splitlines()[-1].strip("|").split("|")]
    assert cells[:2] == ["small", "2"]
    assert cells[3] == f"{statistics.fmean(tests):.2f} ± {statistics.stdev(tests):.2f}"
    assert cells[4] == f"{min(tests):.2f} … {max(tests):.2f}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.json", "small.toml"]


def test_every_fold_is_tested_once(tmp_path):
    _, runs = measure(tmp_path, "--seeds", "0", "--folds", "2")
    assert [(run["seed"], run["fold"]) for run in runs] == [(0, 0), (0, 1)]
    assert runs[0]["test_accuracy"] != runs[1]["test_accuracy"]


def test_a_missing_file_is_one_line(tmp_path):
    command = [sys.executable, BENCHMARKS / "accuracy.py", "absent.toml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: absent.toml: there is no such file\n"


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_configuration_trains(path):
    config = parse_config(read_toml(path), BENCHMARKS)
    rng = np.random.default_rng(0)
    network = build_network(config.network, Drive(0.1, 0.1), rng)
    learner = registry.create("learner", config.learner.name, network, **config.learner.keywords())
    batch = Batch(rng.random((10, 8, network.input_population.n)), rng.integers(0, 10, 8))
    before = [projection.data.copy() for projection in network.projections]
    assert np.isfinite([learner.learn(batch)["loss"] for _ in range(2)]).all()
    for projection, weights in zip(network.projections, before, strict=True):
        assert projection.trainable
        assert (projection.data != weights).any(), projection.name
