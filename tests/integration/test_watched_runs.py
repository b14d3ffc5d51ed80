"""A run that is watched: event files, report and early stopping, undisturbed and resumed."""

from __future__ import annotations

import copy
import tomllib

import pytest

import sc_run

CONFIG = tomllib.loads("""
seed = 7
[data]
name = "digits"
encoder = { name = "current", n_steps = 5 }
[network]
populations = [
    { name = "pixels", n = 64, neuron = "Input" },
    { name = "hidden", n = 16, neuron = "LIF" },
    { name = "digit", n = 10, neuron = "LI" },
]
projections = [ { source = "pixels", target = "hidden" }, { source = "hidden", target = "digit" } ]
[learner]
name = "bptt"
lr = 2e-3
[scheduler]
name = "warmup-cosine"
warmup_steps = 10
[[callbacks]]
name = "csv"
[[callbacks]]
name = "tensorboard"
[[callbacks]]
name = "report"
[[callbacks]]
name = "early-stopping"
metric = "validation_accuracy"
mode = "max"
patience = 1
min_delta = 0.9
[training]
epochs = 6
batch_size = 128
""")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("SC_THREADS", "1")


def test_a_watched_run(tmp_path, capsys):
    result = sc_run.train(CONFIG, output=tmp_path / "run", progress=False)
    # No gain of 0.9 in accuracy comes after the first epoch: the second is the last.
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert sum(row.startswith(f"{result.n_steps},") for row in rows) == 3  # update, epoch, test
    assert result.n_steps < 6 * 9 + 6
    assert list((tmp_path / "run" / "runs").glob("events.out.tfevents.*"))
    report = (tmp_path / "run" / "report.html").read_text()
    for title in (
        "Loss",
        "Accuracy",
        "Learning rate",
        "raster/hidden",
        "rates/hidden",
        "weights/pixels-&gt;hidden",
    ):
        assert f"<figcaption>{title}</figcaption>" in report
    assert "test_accuracy" in report
    assert "switched off" not in capsys.readouterr().err


def test_a_run_that_is_killed_and_resumed_has_the_same_files(tmp_path, monkeypatch):
    config = copy.deepcopy(CONFIG)
    config["callbacks"] = [{"name": "csv"}, {"name": "report"}]
    config["training"]["epochs"] = 3
    sc_run.train(config, output=tmp_path / "whole" / "run", progress=False)

    saved = []
    write = sc_run.loop.write_checkpoint

    def stop_after_two(*arguments):
        write(*arguments)
        saved.append(arguments[1])
        if len(saved) == 3:  # of the beginning and of two epochs
            raise KeyboardInterrupt

    monkeypatch.setattr("sc_run.loop.write_checkpoint", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        sc_run.train(config, output=tmp_path / "killed" / "run", progress=False)
    monkeypatch.undo()
    monkeypatch.setenv("SC_THREADS", "1")
    sc_run.resume(tmp_path / "killed" / "run", progress=False)
    for name in ("metrics.csv", "report.html"):
        whole, killed = ((tmp_path / run / "run" / name).read_bytes() for run in ("whole", "killed"))
        assert whole == killed, name
