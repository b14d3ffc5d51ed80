"""A run that ``scn train`` made, quantised by ``scn quantise``."""

import json

import tomli_w
from click.testing import CliRunner

from sc_run.cli import main

_CONFIG = {
    "seed": 7,
    "data": {"name": "digits", "encoder": {"name": "rate", "n_steps": 20, "max_rate": 800.0}},
    "network": {
        "populations": [
            {"name": "pixels", "n": 64, "neuron": "Input"},
            {"name": "hidden", "n": 64, "neuron": "LIF"},
            {"name": "digit", "n": 10, "neuron": "LIF"},
        ],
        "projections": [
            {"source": "pixels", "target": "hidden"},
            {"source": "hidden", "target": "digit"},
        ],
    },
    "learner": {"name": "bptt", "lr": 5e-3, "optimiser": "adam"},
    "training": {"epochs": 4, "batch_size": 32},
}


def test_eight_bits_keep_the_accuracy_of_a_trained_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.toml").write_text(tomli_w.dumps(_CONFIG))
    assert CliRunner().invoke(main, ["train", "run.toml", "--output", "out"]).exit_code == 0
    result = CliRunner().invoke(main, ["quantise", "out", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report == json.loads((tmp_path / "out/quantised/report.json").read_text())
    assert report["accuracy_before"] > 0.8
    assert report["accuracy_after"] > report["accuracy_before"] - 0.02
    refused = CliRunner().invoke(main, ["quantise", "nowhere"])
    assert refused.exit_code == 2
    assert "nowhere: not the folder of a run" in refused.stderr
