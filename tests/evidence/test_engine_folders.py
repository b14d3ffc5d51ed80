"""Folders of engines: what stands in them, tables that are of the design, FuseSoC's builds, `scn hdl`'s checks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from sc_core.errors import ConfigurationError
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.integer_network.storage import save
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.folder import write_engine
from sc_hardware.projection_engine.operations import run_of
from sc_hardware.projection_engine.samples import operations_of_samples
from sc_hardware.verification import verilator
from sc_hardware.verification.programs import find_program
from sc_hardware.verification.simulate_engine import simulate_engine
from sc_plugin_online_o1.rules import reward_modulated_stdp
from sc_run import cli

SMALL = {"weight_bits": 8, "trace_bits": 6, "reward_bits": 4, "learning_shift": 3, "trace_decay_shift": 2}


def network(*, learns):
    rng = np.random.default_rng(3)
    lif = IntegerLIF(decay_multiplier=1, decay_shift=3, threshold=200)
    rule = {"rule": reward_modulated_stdp, "parameters": SMALL} if learns else {"weight_bits": 8}
    weights = rng.integers(20, 90, (6, 3))
    return IntegerNetwork(
        [IntegerPopulation("cues", 6, IntegerInput()), IntegerPopulation("actions", 3, lif)],
        [
            IntegerProjection(source="cues", target="actions", weights=weights, **rule),
            IntegerProjection(
                source="actions", target="actions", weights=-40 * (1 - np.eye(3, dtype=int)), delay=1
            ),
        ],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    design = HardwareDesign.from_network(network(learns=True), "bandit")
    rng = np.random.default_rng(1)
    operations = run_of(design, rng.random((8, 6)) < 0.5, rng.integers(-8, 8, 8))
    place = tmp_path_factory.mktemp("emitted") / "bandit"
    write_engine(design, operations, place)
    return place


def test_the_folder_holds_what_an_engineer_needs(folder):
    names = {path.name for path in folder.iterdir()}
    assert {
        "README.md",
        "block_diagram.svg",
        "waveform.svg",
        "bandit.core",
        "bandit.lpf",
        "bandit.pcf",
    } <= names
    assert {"bandit.v", "bandit.vhd", "bandit_tb.v", "bandit_tb.vhd", "bandit_tb.hex"} <= names
    assert len((folder / "bandit_weights.hex").read_text().split()) == 24
    diagram = (folder / "block_diagram.svg").read_text()
    assert "weights  24 x 9" in diagram
    assert "synapse_state  18 x 6" in diagram


def test_the_readme_has_the_memory_map_and_the_bit_fields(folder):
    text = (folder / "README.md").read_text()
    design = HardwareDesign.from_network(network(learns=True), "bandit")
    for row in design.memory_map:
        address = f"{row['host_address']:0{-(-design.host_address_bits // 4)}x}"
        assert (
            f"| {row['number']} | `{row['memory']}` | `{address}` | {row['words']} | {row['bits']} |" in text
        )
    assert "`synapse_state`, cues->actions:" in text
    assert "| 5:0 | `eligibility` | signed | -32 to 31 |" in text
    assert "| `reward` | in | 4 |" in text
    assert "`reward_modulated_stdp` (weight_bits 8, trace_bits 6," in text
    assert all(f"| `{port.name}` |" in text for port in design.engine.ports)
    assert not re.search(r"\|\s+\|$", text.partition("## Ports")[2].partition("## Schedule")[0], re.MULTILINE)


def test_fusesoc_simulates_the_engine_in_both_languages(folder, tmp_path):
    core = yaml.safe_load((folder / "bandit.core").read_text().partition("\n")[2])
    assert core["filesets"]["constraints"]["files"] == [
        {"bandit.lpf": {"file_type": "LPF"}},
        {"bandit.pcf": {"file_type": "PCF"}},
    ]
    _program, environment = verilator.find_verilator()
    environment |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for target, told in (("sim", "PASS"), ("sim_vhdl", "PASS"), ("lint", "")):
        command = [find_program("fusesoc"), "--cores-root", folder, "run", "--target", target, "bandit"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert told in done.stdout + done.stderr


@pytest.fixture
def scn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli.main, ["hdl", *words], prog_name="scn")


def test_scn_emits_and_verifies_a_folder(scn, tmp_path):
    save(network(learns=True), tmp_path / "stored")
    result = scn("emit", "stored", "--module-name", "mine", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == report["files"]
    result = scn("verify", "stored", "--json")
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert table["holds"]
    assert [check["tool"] for check in table["checks"]] == [
        "verilator",
        "ghdl",
        "verilator",
        "icarus",
        "ghdl",
    ]
    assert all(check["operations"] > 100 for check in table["checks"][2:])


def test_scn_places_the_engine_of_a_folder(scn, tmp_path):
    save(network(learns=False), tmp_path / "stored")
    result = scn("synth", "stored", "--target", "ecp5-85k", "--json")
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    (row,) = table["results"]
    assert row["block_rams"] == 7  # one for each memory
    assert row["clock_mhz"] > 20
    assert table["clocks_of_step_at_most"] > 24
    assert f"{row['clock_mhz']} MHz" in result.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["emit", "stored", "--set", "weight_bits=3"], "--set: is for rules"),
        (["emit", "stored", "--module-name", "entity"], "reserved word of VHDL"),
        (["emit", "empty"], "scn quantise empty makes one"),
        (["verify", "stored", "--time-limit", "3"], "--time-limit: is for rules"),
    ],
)
def test_bad_input_leaves_nothing(scn, tmp_path, words, reason):
    save(network(learns=False), tmp_path / "stored")
    (tmp_path / "empty").mkdir()
    result = scn(*words)
    assert result.exit_code == 2, result.output
    assert reason in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"stored", "empty"}


def test_samples_one_after_the_other_begin_from_rest(tmp_path):
    design = HardwareDesign.from_network(network(learns=False))
    samples = (np.random.default_rng(2).random((5, 12, 6)) < 0.6).astype(np.uint8)
    operations = operations_of_samples(design, samples)
    assert sum(operation.kind == "clear" for operation in operations) == 4
    assert sum(operation.kind == "expect_spike" for operation in operations) > 10
    assert simulate_engine("icarus", design, operations, tmp_path) == len(operations)
    with pytest.raises(ConfigurationError, match="one sequence"):
        operations_of_samples(HardwareDesign.from_network(network(learns=True)), samples)
