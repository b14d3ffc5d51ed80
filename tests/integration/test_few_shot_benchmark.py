"""The script that compares few-shot learners: what it draws, and what it writes."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed; the script's plot needs it")

_SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "few_shot_digits.py"


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("few_shot_digits", _SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "few_shot_digits", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TEST_TASKS", 6)
    monkeypatch.setattr(module, "CURVE_TASKS", 2)
    return module


def test_the_pairs_of_the_test_are_not_those_of_training(script):
    train, test = script.make_pools(shots=1, seed=0)
    pairs = [
        {tuple(members[0].tolist()) + tuple(members[1].tolist()) for members in part}
        for part in ([pool.members for pool in train], [pool.members for pool in test])
    ]
    assert [len(part) for part in pairs] == [35, 10]
    assert not pairs[0] & pairs[1]


def test_every_method_begins_with_the_same_weights(script):
    train, _ = script.make_pools(shots=1, seed=3)
    one, other = script.make_network(train, 3), script.make_network(train, 3)
    for mine, its in zip(one.projections, other.projections, strict=True):
        np.testing.assert_array_equal(mine.data, its.data)


def test_it_writes_every_run_and_prints_the_table(script, tmp_path, monkeypatch, capsys):
    options = ["--seeds", "2", "--shots", "1", "--outer-steps", "2", "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["few_shot_digits.py", *options])
    script.main()
    runs = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert [(run["method"], run["seed"]) for run in runs] == [(m, s) for s in (0, 1) for m in script.METHODS]
    assert (tmp_path / "curves.svg").stat().st_size > 1000
    mean = 100 * np.mean([run["accuracy"]["1"] for run in runs if run["method"] == "Reptile"])
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("| Reptile |"))
    assert row.split("|")[3].split("±")[0].strip() == f"{mean:.1f}"
