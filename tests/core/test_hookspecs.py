"""The manuals are complete: the plugin in each hookspec's docstring, written to files, works."""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pytest

from sc_core import LI, Batch, Input, Network, Population, Projection, contracts, hookspecs, topology
from sc_core.errors import ConfigurationError
from sc_core.options import structure
from sc_core.registry import KINDS, Registry

NAMES = {
    "learner": "perturbation",
    "scheduler": "halving",
    "callback": "early-stop",
    "plasticity": "hebbian",
    "hdl": "json",
}


def specification(kind: str) -> str:
    return inspect.getdoc(getattr(hookspecs, f"sc_register_{kind}")) or ""


def files_in(docstring: str) -> dict[str, str]:
    """Return the code blocks by the file name in their first line."""
    blocks = re.findall(r"^\.\. code-block:: \w+\n\n((?:(?:    .*)?\n)+)", docstring + "\n", re.M)
    files = {}
    for block in map(textwrap.dedent, blocks):
        marker = re.match(r"# file: (\S+)\n", block)
        assert marker, f"this block does not say which file it is:\n{block}"
        files[marker[1]] = block
    return files


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Write a docstring's plugin to files and install it by hand; hand out its class and its run.toml."""
    before = set(sys.modules)

    def install(kind: str) -> tuple[type[Any], dict[str, Any]]:
        for name, text in files_in(specification(kind)).items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        entry_points = project["entry-points"]
        information = tmp_path / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
            f"Summary: {project['description']}\n"
            + "".join(f"Requires-Dist: {requirement}\n" for requirement in project["dependencies"])
        )
        (information / "entry_points.txt").write_text(
            "".join(
                f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
                for group, points in entry_points.items()
            )
        )
        monkeypatch.syspath_prepend(str(tmp_path / "src"))
        registry = Registry()
        record = next(record for record in registry.records(kind) if record.name == NAMES[kind])
        assert (record.error, record.distribution, record.api_range) == (None, project["name"], "<0.2,>=0.1")
        run = tmp_path / "run.toml"
        return registry.get(kind, NAMES[kind]), tomllib.loads(run.read_text()) if run.exists() else {}

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("sc_plugin_"):
            del sys.modules[name]


def options_of(cls: type[Any], table: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    """Return the options of a table in a run's configuration, checked as a run checks them."""
    assert table.pop("name") == name
    return attrs.asdict(structure(cls.Options, table, path))


@pytest.mark.parametrize("kind", KINDS)
def test_the_manual_has_every_file_and_says_since_when(kind):
    text = specification(kind)
    assert "versionadded:: 0.1" in text
    for heading in ("Returns", "Notes", "Examples"):
        assert f"{heading}\n---" in text
    assert "Called once per process" in text
    files = files_in(text)
    project = tomllib.loads(files["pyproject.toml"])
    package = project["project"]["name"].replace("-", "_")
    assert project["project"]["entry-points"] == {f"sc.{kind}": {NAMES[kind]: f"{package}.hooks"}}
    assert {f"src/{package}/__init__.py", f"src/{package}/hooks.py"} < set(files)
    assert ("run.toml" in files) == (kind != "hdl")


def test_there_is_one_hook_for_each_kind():
    hooks = {name for name in vars(hookspecs) if name.startswith("sc_register_")}
    assert hooks == {f"sc_register_{kind}" for kind in KINDS}


def make_network(rng: np.random.Generator) -> Network:
    pixels, digit = Population("pixels", 4, Input()), Population("digit", 2, LI(tau=5.0))
    return Network([pixels, digit], [Projection(pixels, digit, topology.dense(4, 2, rng=rng))])


def test_the_learner_learns_and_resumes_with_the_same_bits(installed):
    cls, run = installed("learner")
    options = options_of(cls, run["learner"], "perturbation", "learner")
    assert cls.consumes is Batch
    rng = np.random.default_rng(5)
    targets = np.arange(16) % 2
    inputs = np.zeros((6, 16, 4))
    inputs[:, np.arange(16), targets] = 1.0  # the first two inputs tell the class
    batch = Batch(inputs, targets)

    network = make_network(np.random.default_rng(1))
    learner = cls(network, **{**options, "lr": 0.5})
    assert isinstance(learner, contracts.Learner)
    losses = [learner.learn(batch)["loss"] for _ in range(200)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    predicted = network.run(inputs).mean(axis=0).argmax(axis=1)
    np.testing.assert_array_equal(predicted, targets)

    state = json.loads(json.dumps(learner.state_dict()))
    weights = network.projections[0].data.copy()
    expected = [learner.learn(batch) for _ in range(5)]
    other = make_network(rng)
    other.projections[0].data[:] = weights
    resumed = cls(other, **options)
    resumed.load_state_dict(state)
    assert [resumed.learn(batch) for _ in range(5)] == expected
    np.testing.assert_array_equal(other.projections[0].data, network.projections[0].data)


def test_the_scheduler_halves(installed):
    cls, run = installed("scheduler")
    options = options_of(cls, run["scheduler"], "halving", "scheduler")
    scheduler = cls.from_run(SimpleNamespace(lr=0.8), 200, **options)
    assert isinstance(scheduler, contracts.Scheduler)
    rates = [scheduler.step() for _ in range(75)]
    assert rates == [0.8] * 50 + [0.4] * 25
    resumed = cls.from_run(SimpleNamespace(lr=0.1), 200, **options)
    resumed.load_state_dict(scheduler.state_dict())
    assert resumed.lr == 0.4
    assert [resumed.step() for _ in range(50)] == [0.4] * 25 + [0.2] * 25
    with pytest.raises(ConfigurationError, match=r"^scheduler\.every: must be >= 1, got 0$"):
        structure(cls.Options, {"every": 0}, "scheduler")


def test_the_callback_asks_the_run_to_stop(installed, tmp_path):
    cls, run = installed("callback")
    options = options_of(cls, run["callbacks"][0], "early-stop", "callbacks[0]")
    assert options["patience"] == 200
    stops = []
    fake_run = SimpleNamespace(folder=tmp_path, network=None, request_stop=lambda: stops.append(step))
    callback = cls(patience=3)
    assert isinstance(callback, contracts.Callback)
    callback.start(fake_run)
    for step, loss in enumerate([3.0, 2.0, 2.5]):
        callback.log({"loss": loss}, step)
    callback.log({"accuracy": 1.0}, 3)
    resumed = cls(patience=3)
    resumed.start(fake_run)
    resumed.load_state_dict(callback.state_dict())
    for step, loss in enumerate([2.0, 2.1], start=4):
        assert stops == []
        resumed.log({"loss": loss}, step)
    resumed.close()
    assert stops == [5]


def test_the_plasticity_is_hebbian(installed):
    cls, run = installed("plasticity")
    projection = run["network"]["projections"][0]
    options = options_of(cls, projection["plasticity"], "hebbian", "network.projections[0].plasticity")
    rule = cls(**options)
    assert isinstance(rule, contracts.Plasticity)
    dense = np.array([[0.5, 0.0, 1.0], [0.0, 2.0, 0.0]])
    bound = SimpleNamespace(
        source=SimpleNamespace(n=2),
        target=SimpleNamespace(n=3),
        indptr=np.array([0, 2, 3]),
        indices=np.array([0, 2, 1]),
        data=np.array([0.5, 1.0, 2.0]),
    )
    rng = np.random.default_rng(3)
    rule.bind(bound, 0.5, rng)
    for _ in range(20):
        pre, post = rng.integers(0, 2, 2).astype(float), rng.integers(0, 2, 3).astype(float)
        rule.after_step(pre, post, 0.0)
        dense = np.where(dense != 0, dense + 0.01 * np.outer(pre, post) - dense * 0.5 / 5000.0, 0.0)
    np.testing.assert_allclose(bound.data, dense[dense != 0], rtol=1e-12)
    rule.load_state_dict(rule.state_dict())


def test_the_plasticity_takes_a_real_projection(installed):
    cls, _ = installed("plasticity")
    projection = make_network(np.random.default_rng(0)).projections[0]
    before = projection.data.copy()
    rule = cls(learning_rate=0.125, tau=1e12)
    rule.bind(projection, 1.0, np.random.default_rng(0))
    rule.after_step(np.array([1.0, 0, 0, 0]), np.array([0, 1.0]), 0.0)
    expected = np.zeros((4, 2))
    expected[0, 1] = 0.125
    np.testing.assert_allclose((projection.data - before).reshape(4, 2), expected, atol=1e-6)


def test_the_hdl_backend_writes_a_design(installed, tmp_path):
    @attrs.frozen
    class Design:
        name: str
        memory: Any

    cls, _ = installed("hdl")
    backend = cls()
    assert isinstance(backend, contracts.HDLBackend)
    design = Design("lane", np.array([1, 2]))
    sources = backend.emit(design)
    assert {name: json.loads(text) for name, text in sources.items()} == {
        "design.json": {"name": "lane", "memory": [1, 2]}
    }
    assert all(name.endswith(backend.file_suffix) for name in sources)
    (vectors,) = backend.testbench(design, [{"pre_spike": 1}]).values()
    assert json.loads(vectors) == [{"pre_spike": 1}]
    assert dict(backend.memory_images(design)) == {}
    assert backend.lint_command(["design.json"])[-1] == "design.json"
