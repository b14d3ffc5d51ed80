"""The plugins of the hook specifications' docstrings, as somebody else's installed distributions, run by name.

Here they lie on the path beside their metadata, as an installer leaves them; `tox run -e wheels` builds them
and installs them with pip.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sc_run

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("manual_plugins", ROOT / "tools" / "manual_plugins.py")
manual_plugins = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(manual_plugins)

LEARNING_KINDS = ("learner", "scheduler", "callback")
N_SAMPLES, N_TRAINED, BATCH_SIZE, N_EPOCHS, N_STEPS = 400, 60, 16, 4, 10
TRAIN = """
import sys, sc_run
for name in sys.argv[1:]:
    sc_run.train(f"{name}.toml", output=name, progress=False)
"""


def unpack(package, site):
    """Put a package and its metadata where an installer would."""
    shutil.copytree(package / "src", site, dirs_exist_ok=True)
    project = manual_plugins.project_of(package)
    information = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in project["dependencies"])
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        f"Summary: {project['description']}\n{requirements}"
    )
    ((group, points),) = project["entry-points"].items()
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (information / "entry_points.txt").write_text(f"[{group}]\n{lines}")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return manual_plugins.write_packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def site(packages, tmp_path_factory):
    """A folder for the path, with all the packages."""
    site = tmp_path_factory.mktemp("site")
    for package in packages.values():
        unpack(package, site)
    return site


@pytest.fixture
def run_python(tmp_path, site):
    """A function that runs Python in a process of its own, where the packages are installed.

    Its current folder has a data set of ten classes: each lights six pixels, and the first pixel stays dark.
    """
    targets = np.repeat(np.arange(10), N_SAMPLES // 10)
    lit = (np.arange(64) + 5) // 6 - 1 == targets[:, None]
    inputs = np.where(lit, 0.9, 0.05) * (np.arange(64) > 0)
    np.savez(tmp_path / "classes.npz", inputs=inputs, targets=targets)

    def run(*arguments, expect=0, site=site):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site), "SC_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == expect, done.stderr
        return done

    return run


def run_with(*kinds):
    return manual_plugins.run_with(*kinds, data="classes.npz")


def weights_of(folder):
    """Return the weights of the only projection, (64, 10)."""
    (projection,) = sc_run.load_best(folder)["projections"].values()
    return projection["data"].astype(np.float64).reshape(64, 10)


def updates_of(folder):
    """Return the loss and the rate of each update."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lr"]]
    return [float(row["loss"]) for row in rows], [float(row["lr"]) for row in rows]


def test_all_are_listed_and_none_is_broken(run_python, packages):
    records = json.loads(run_python("-m", "sc_run", "plugins", "list", "--json", "--check").stdout)
    expected = manual_plugins.expected_records(packages)
    assert {record["kind"] for record in expected} == {*LEARNING_KINDS, "plasticity", "hdl"}
    assert [record for record in expected if record not in records] == []


def test_learner_scheduler_and_callback_run_by_name(run_python, tmp_path):
    text = run_with(*LEARNING_KINDS)
    text = text.replace("every = 50", "every = 2").replace("patience = 200", "patience = 3")
    (tmp_path / "run.toml").write_text(text)
    run_python("-m", "sc_run", "train", "run.toml", "--output", "run")
    losses, rates = updates_of(tmp_path / "run")
    assert 2 < len(losses) < N_EPOCHS * N_TRAINED // BATCH_SIZE
    assert rates == [0.02 * 0.5 ** (n // 2) for n in range(len(losses))]
    since_the_best = [n - np.argmin(losses[: n + 1]) for n in range(len(losses))]
    assert since_the_best.index(3) == len(losses) - 1


def test_plasticity_runs_by_name_alone_and_beside_a_learner(run_python, tmp_path):
    alone, both = run_with("plasticity"), run_with("plasticity", "learner")
    configurations = {
        "frozen": alone.replace("tau = 5000.0", "tau = 1e300, learning_rate = 0.0"),
        "alone": alone,
        "idle": both.replace("lr = 0.02", "lr = 0.0"),
        "both": both,
    }
    for name, text in configurations.items():
        (tmp_path / f"{name}.toml").write_text(text)
    run_python("-c", TRAIN, *configurations)
    initial, alone, idle, both = (weights_of(tmp_path / name) for name in configurations)
    gain = alone - initial * (1 - 1 / 5000.0) ** (N_EPOCHS * N_TRAINED * N_STEPS)
    np.testing.assert_allclose(gain[0], 0.0, atol=1e-3)  # the dark pixel's weights only decay
    assert gain.min() > -1e-3
    assert gain.max() > 0.1  # where both neurons spike they grow
    np.testing.assert_array_equal(idle, alone)
    assert np.abs(both - alone).max() > 1e-3


def test_a_name_that_is_not_installed_is_one_line(run_python, packages, tmp_path):
    site = tmp_path / "without-scheduler"
    site.mkdir()
    for kind in ("learner", "callback"):
        unpack(packages[kind], site)
    text = run_with(*LEARNING_KINDS)
    (tmp_path / "run.toml").write_text(text)
    (tmp_path / "misspelt.toml").write_text(text.replace('"perturbation"', '"perturbaton"'))
    for file, hint in (
        ("run.toml", "pip install sc-plugin-halving"),
        ("misspelt.toml", "Did you mean 'perturbation'?"),
    ):
        error = run_python("-m", "sc_run", "train", file, expect=2, site=site).stderr
        assert error.count("\n") == 1
        assert hint in error
    assert not (tmp_path / "runs").exists()
