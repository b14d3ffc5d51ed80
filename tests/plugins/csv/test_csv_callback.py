"""The metrics file: complete, exact, and the same bytes after a resumption."""

from __future__ import annotations

import csv
import json
import math
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc_core import registry
from sc_core.contracts import Callback
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.options import structure
from sc_plugin_csv.callback import CSVCallback, CSVOptions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.csv"


def read(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_registry_has_it(path):
    assert registry.get("callback", "csv") is CSVCallback
    assert isinstance(CSVCallback(path), Callback)


def test_rows_and_columns(path):
    callback = CSVCallback(path)
    callback.log({"loss": 2.5, "accuracy": 0.5}, step=1)
    callback.log({"accuracy": 0.75, "loss": 2.0}, 2)  # another order
    callback.close()
    assert path.read_bytes() == b"step,loss,accuracy\n1,2.5,0.5\n2,2.0,0.75\n"


def test_no_row_no_file(path):
    callback = CSVCallback(path)
    callback.state_dict()
    callback.close()
    assert list(path.parent.iterdir()) == []


def test_later_and_missing_metrics_lose_nothing(path):
    callback = CSVCallback(path)
    callback.log({"loss": 3.0}, 1)
    callback.log({"validation": 0.5}, 2)
    callback.log({}, 3)
    callback.log({"loss": 1.0, 'a, "quoted"\nname': 2.0, "validation": 0.25}, 4)
    callback.close()
    assert read(path) == [
        ["step", "loss", "validation", 'a, "quoted"\nname'],
        ["1", "3.0", "", ""],
        ["2", "", "0.5", ""],
        ["3", "", "", ""],
        ["4", "1.0", "0.25", "2.0"],
    ]
    assert [entry.name for entry in path.parent.iterdir()] == ["metrics.csv"]


def test_a_row_is_on_disk_once_logged(path):
    callback = CSVCallback(path)
    callback.log({"loss": 1.0}, 1)
    assert read(path)[1] == ["1", "1.0"]
    callback.log({"loss": 0.5}, 2)
    assert read(path)[2] == ["2", "0.5"]
    callback.close()


def test_a_row_survives_the_kill_of_the_process(path):
    program = """
        import os, signal, sys
        from sc_plugin_csv.callback import CSVCallback
        callback = CSVCallback(sys.argv[1])
        callback.log({"loss": 1.5}, 1)
        callback.log({"loss": 0.75, "late": 3.0}, 2)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(path)], check=False)
    assert result.returncode == -signal.SIGKILL
    assert read(path) == [["step", "loss", "late"], ["1", "1.5", ""], ["2", "0.75", "3.0"]]


def test_every_hundredth_row_and_the_end_are_forced_to_disk(path, monkeypatch):
    callback = CSVCallback(path)
    callback.log({"loss": 1.0}, 1)
    synced = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(len(read(path)) - 1))
    for step in range(2, 251):
        callback.log({"loss": 1.0}, step)
    callback.close()
    assert synced == [100, 200, 250]


@given(value=st.floats() | st.integers(-(2**53), 2**53) | st.floats(width=32).map(np.float32))
def test_numbers_come_back_with_the_same_bits(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("numbers") / "metrics.csv"
    callback = CSVCallback(path)
    callback.log({"x": value}, np.int64(7))
    callback.close()
    step, text = read(path)[1]
    assert step == "7"
    assert float(text) == value or (math.isnan(float(text)) and math.isnan(value))
    assert math.copysign(1, float(text)) == math.copysign(1, value) or math.isnan(value)


def test_a_relative_path_is_within_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = SimpleNamespace(folder=tmp_path / "run")
    callback = CSVCallback("logs/metrics.csv")
    callback.start(run)
    callback.log({"loss": 1.0}, 1)
    callback.close()
    assert (tmp_path / "run" / "logs" / "metrics.csv").is_file()
    callback = CSVCallback()
    callback.log({"loss": 1.0}, 1)
    callback.close()
    assert (tmp_path / "metrics.csv").is_file()


def test_a_file_of_a_former_run_is_replaced_by_the_first_row(path):
    path.write_text("old\n" * 9)
    callback = CSVCallback(path)
    assert path.read_text().startswith("old")
    callback.log({"loss": 1.0}, 1)
    callback.close()
    assert path.read_bytes() == b"step,loss\n1,1.0\n"


def test_after_close_rows_are_added(path):
    callback = CSVCallback(path)
    for step in range(3):
        callback.log({"loss": 1.0}, step)
        callback.close()
    assert len(read(path)) == 4


def log_range(callback: CSVCallback, start: int, stop: int) -> None:
    """Log rows whose metrics change with the step: a column appears at 4 and another at 7."""
    for step in range(start, stop):
        metrics = {"loss": 1 / (step + 1)}
        if step >= 4 and step % 2:
            metrics["odd"] = step / 3
        if step >= 7:
            metrics["late"] = -step / 7
        callback.log(metrics, step)


@pytest.mark.parametrize("saved", range(10))
@pytest.mark.parametrize(
    "torn", ["", "9,0.1", '9,"0.', "9,\udcc3"], ids=["whole", "torn", "quoted", "half-character"]
)
def test_a_resumed_run_ends_with_the_bytes_of_the_undisturbed_one(tmp_path, saved, torn):
    undisturbed = CSVCallback()
    undisturbed.start(SimpleNamespace(folder=tmp_path / "undisturbed"))
    log_range(undisturbed, 0, 12)
    undisturbed.close()

    run = SimpleNamespace(folder=tmp_path / "killed")
    killed = CSVCallback()
    killed.start(run)
    log_range(killed, 0, saved)
    state = json.loads(json.dumps(killed.state_dict()))
    log_range(killed, saved, 9)  # rows after the checkpoint, which the resumed run will write again
    killed._table._file.close() if killed._table._file else None
    with open(tmp_path / "killed" / "metrics.csv", "a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(torn) if saved < 9 else None
    resumed = CSVCallback()
    resumed.start(run)
    resumed.load_state_dict(state)
    log_range(resumed, saved, 12)
    resumed.close()
    expected = (tmp_path / "undisturbed" / "metrics.csv").read_bytes()
    assert (tmp_path / "killed" / "metrics.csv").read_bytes() == expected


def test_a_run_resumed_from_before_its_first_row_has_no_stale_file(path):
    state = CSVCallback(path).state_dict()
    first = CSVCallback(path)
    first.log({"loss": 1.0}, 1)
    first.close()
    CSVCallback(path).load_state_dict(state)
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "is missing"),
        ("", "has the columns"),
        ("step,loss\n1,1.0\n", "has 1 rows; at the checkpoint it had 2"),
        ("step,loss\n1,1.0\n2,0.", "has 1 rows; at the checkpoint it had 2"),
        ("step,accuracy\n1,1.0\n2,2.0\n", "step, accuracy; at the checkpoint it had step, loss"),
    ],
)
def test_a_file_that_lost_rows_is_refused_and_left_alone(path, content, problem):
    callback = CSVCallback(path)
    callback.log({"loss": 1.0}, 1)
    callback.log({"loss": 0.5}, 2)
    state = callback.state_dict()
    callback.close()
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(CheckpointError, match=f"metrics.csv {problem}|{problem}"):
        CSVCallback(path).load_state_dict(state)
    assert (path.read_text() if path.exists() else None) == content


@pytest.mark.parametrize(
    "state", [{}, {"columns": ["step"]}, {"columns": 3, "n_rows": 1}, {"columns": [], "n_rows": "x"}]
)
def test_a_foreign_state_is_refused(path, state):
    with pytest.raises(CheckpointError, match="no state of a CSV callback"):
        CSVCallback(path).load_state_dict(state)


@pytest.mark.parametrize(
    ("metrics", "name"), [({"step": 1.0}, "metrics.step"), ({"a": 1.0, "b": "x"}, "metrics.b")]
)
def test_bad_metrics_are_refused_by_name_and_write_nothing(path, metrics, name):
    callback = CSVCallback(path)
    with pytest.raises(ConfigurationError) as caught:
        callback.log(metrics, 1)
    assert caught.value.path == name
    assert not path.exists()


def test_a_failed_rewrite_keeps_the_old_file(path, monkeypatch):
    callback = CSVCallback(path)
    callback.log({"loss": 1.0}, 1)
    before = path.read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        callback.log({"loss": 0.5, "late": 1.0}, 2)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["metrics.csv"]


def test_options():
    assert structure(CSVOptions, {}, "callbacks[0]").path == "metrics.csv"
    with pytest.raises(ConfigurationError, match=r"^callbacks\[0\]\.path: its length must be >= 1"):
        structure(CSVOptions, {"path": ""}, "callbacks[0]")
    with pytest.raises(ConfigurationError, match="path: must name a file"):
        CSVCallback("")
