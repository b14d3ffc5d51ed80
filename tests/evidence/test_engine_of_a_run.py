"""From a training run to both languages by the command line; and that a fault in what is emitted does not pass."""

from __future__ import annotations

import json
import re

import pytest
import tomli_w
import yaml
from click.testing import CliRunner

from sc_hardware.verification import ghdl, icarus
from sc_hardware.verification.programs import ProgramFailed
from sc_plugin_verilog.backend import VerilogBackend
from sc_plugin_vhdl.backend import VHDLBackend
from sc_run import cli

CONFIG = {
    "seed": 3,
    "data": {"name": "digits", "encoder": {"name": "rate", "n_steps": 20, "max_rate": 800.0}},
    "network": {
        "populations": [
            {"name": "pixels", "n": 64, "neuron": "Input"},
            {"name": "hidden", "n": 32, "neuron": "LIF"},
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
FAULTS = {
    "verilog": (icarus, "engine_synapses.v", "total = sum_before +", "total = sum_before -"),
    "vhdl": (ghdl, "engine_synapses.vhd", "total <= sum_before +", "total <= sum_before -"),
}


def scn(*words):
    return CliRunner().invoke(cli.main, list(map(str, words)), prog_name="scn")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    (folder / "run.toml").write_text(tomli_w.dumps(CONFIG))
    for words in (("train", folder / "run.toml", "--output", folder / "run"), ("quantise", folder / "run")):
        result = scn(*words)
        assert result.exit_code == 0, result.output
    return folder / "run"


def test_held_out_samples_of_a_run_play_in_both_languages(run):
    result = scn("hdl", "verify", run, "--samples", "6", "--json")
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert table["holds"]
    played = {check["tool"]: check["samples"] for check in table["checks"] if check["samples"]}
    assert played == {"verilator": 6, "icarus": 1, "ghdl": 1}


def test_verify_shows_what_is_not_as_the_model_says(run, monkeypatch):
    for language, backend in (("verilog", VerilogBackend), ("vhdl", VHDLBackend)):
        monkeypatch.setattr(backend, "emit", broken(backend.emit, *FAULTS[language][1:]))
    result = scn("hdl", "verify", run, "--samples", "1")
    assert result.exit_code == 1
    assert "NOT AS THE MODEL SAYS: engine" in result.stdout
    outcomes = re.findall(r"^(holds|FAILS) +[\d.]+ s  (\w+)", result.stdout, re.MULTILINE)
    assert outcomes[-3:] == [("FAILS", "verilator"), ("FAILS", "icarus"), ("FAILS", "ghdl")]
    assert result.stderr.count("MISMATCH at operation") >= 3


def broken(emit, file, old, new):
    def emit_broken(self, design):
        files = emit(self, design)
        assert old in files[file]
        return files | {file: files[file].replace(old, new)}

    return emit_broken


@pytest.mark.parametrize("language", FAULTS)
def test_the_emitted_testbench_passes_until_a_source_is_changed(run, language, tmp_path):
    simulator, file, old, new = FAULTS[language]
    folder = tmp_path / "emitted"
    result = scn("hdl", "emit", run, "--samples", "1", "--output", folder)
    assert result.exit_code == 0, result.output
    filesets = yaml.safe_load((folder / "engine.core").read_text().partition("\n")[2])["filesets"]
    sources = [*filesets[language]["files"], *filesets[f"{language}_testbench"]["files"]]
    assert "PASS" in simulator.simulate(sources, folder, top="engine_tb")
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    try:
        said = simulator.simulate(sources, folder, top="engine_tb")
    except ProgramFailed as error:  # GHDL's, by an assertion
        said = error.output
    assert "PASS" not in said
    assert "MISMATCH at operation" in said
