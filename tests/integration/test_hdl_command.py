"""``scn hdl``: what it writes, and what it refuses; proofs and simulations are in tests/evidence."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from sc_plugin_online_o1 import OnlineO1Config
from sc_plugin_online_o1.emitter import OnlineO1LearningEmitter
from sc_run import cli

RULE = "sc_plugin_online_o1.rules:reward_modulated_stdp"


@pytest.fixture
def scn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli.main, ["hdl", *words], prog_name="scn")


def test_emit_writes_both_languages_testbenches_and_a_readme(scn, tmp_path):
    result = scn("emit", RULE, "--set", "weight_bits=8", "--module-name", "mine", "--vectors", "20", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    folder = tmp_path / report["folder"]
    assert sorted(path.name for path in folder.iterdir()) == report["files"]
    assert {"mine.v", "mine.vhd", "mine_tb.v", "mine_tb.vhd", "mine_tb.hex", "README.md"} <= set(
        report["files"]
    )
    assert "parameter integer WEIGHT_BITS = 8," in (folder / "mine.v").read_text()
    readme = (folder / "README.md").read_text()
    assert "| 7:0 | `weight` | unsigned | 0 to 255 |" in readme
    assert "44 bits for each synapse" in readme
    assert len((folder / "mine_tb.hex").read_text().splitlines()) == 21
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_emit_of_a_pipelined_lane(scn, tmp_path):
    result = scn("emit", RULE, "--pipelined", "--module-name", "fast", "--vectors", "20", "--json")
    assert result.exit_code == 0, result.output
    files = json.loads(result.stdout)["files"]
    assert {"fast_stage_0.v", "fast_stage_1.vhd", "fast_stage_2.v", "fast.v", "fast.vhd"} <= set(files)
    assert "fast_step.v" not in files
    folder = tmp_path / "fast"
    assert "3 clocks after its inputs were applied" in (folder / "README.md").read_text()
    assert "product_after_1 <= product;" in (folder / "fast.v").read_text()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["emit", RULE, "--set", "weight_bits=32"], "weight_bits: must be from 1 to 31, got 32"),
        (["emit", RULE, "--set", "weight_bits=2.5"], "whole number"),
        (["emit", RULE, "--set", "wieght_bits=8"], "no such parameter"),
        (["emit", RULE, "--module-name", "entity"], "reserved word of VHDL"),
        (["emit", RULE, "--read", "membrane"], "has no state 'membrane'"),
        (["emit", RULE, "--language", "chisel"], "no hdl named 'chisel'"),
        (["emit", "sc_plugin_online_o1.rules:decay"], "not a fixed-point rule"),
        (["emit", "sc_plugin_online_o1.rules:absent"], "has no 'absent'"),
        (["emit", "no_such_module:rule"], "cannot be imported"),
        (["verify", "no-such-rule"], "no plasticity named 'no-such-rule'"),
        (["synth", RULE, "--target", "asic"], "must be one of ice40, hx8k, ecp5, xilinx"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(scn, tmp_path, words, reason):
    result = scn(*words)
    assert result.exit_code == 2, result.output
    assert reason in result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_touched(scn, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("mine")
    result = scn("emit", RULE, "--output", "kept")
    assert result.exit_code == 2
    assert "exists" in result.stderr
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


def test_a_rule_of_the_working_folder(scn, tmp_path):
    (tmp_path / "counting.py").write_text(
        "from sc_hardware.rules import Bit, Unsigned, rule, saturate, select\n"
        "@rule(state={'count': Unsigned(5)}, inputs={'spike': Bit})\n"
        "def counter(state, inputs, params):\n"
        "    raised = state.count + select(inputs.spike, 1, 0)\n"
        "    return state.replace(count=saturate(raised, Unsigned(5)))\n"
    )
    assert scn("emit", "counting:counter", "--output", "out", "--vectors", "5").exit_code == 0
    assert "module sc_counter_stage_0 (" in (tmp_path / "out" / "sc_counter_stage_0.v").read_text()


def test_the_documented_emitter():
    emitter = OnlineO1LearningEmitter()
    text = emitter.generate()
    modules = re.findall(r"^module (\w+)", text, re.MULTILINE)
    assert modules[-1] == "sc_online_o1_reward_stdp"
    lane = text[text.index("module sc_online_o1_reward_stdp #(") :]
    parameters = re.findall(r"parameter integer (\w+) = (\d+)", lane)
    assert parameters == [
        ("WEIGHT_BITS", "16"),
        ("TRACE_BITS", "12"),
        ("REWARD_BITS", "8"),
        ("LEARNING_SHIFT", "4"),
        ("TRACE_DECAY_SHIFT", "4"),
    ]
    ports = re.findall(r"^    (input|output) +\w+ +(?:signed )?(?:\[.*\] )?(\w+)", lane, re.MULTILINE)
    assert ports == [
        *(("input", name) for name in ("clk", "rst_n", "step_en", "pre_spike", "post_spike", "reward")),
        ("output", "current_weight"),
        ("output", "update_done"),
    ]
    assert "input  wire signed [REWARD_BITS-1:0] reward" in lane


def test_the_emitters_configuration_and_manifest():
    emitter = OnlineO1LearningEmitter(module_name="narrow", config=OnlineO1Config(weight_bits=5))
    assert "parameter integer WEIGHT_BITS = 5," in emitter.generate()
    manifest = emitter.manifest(verilog_path="narrow.v", n_synapses=3)
    assert manifest["total_state_bits"] == 3 * (5 + 3 * 12)
    assert manifest["hardware_measurement_claimed"] is False
    assert "n_synapses" not in emitter.manifest(verilog_path="narrow.v")
    assert json.loads(json.dumps(manifest)) == manifest
    with pytest.raises(ValueError, match="n_synapses"):
        emitter.manifest(verilog_path="narrow.v", n_synapses=-1)
    with pytest.raises(TypeError, match="n_synapses"):
        emitter.manifest(verilog_path="narrow.v", n_synapses=True)
    for name in ("1st", "always", "two words", ""):
        with pytest.raises(ValueError, match="module_name"):
            OnlineO1LearningEmitter(module_name=name)


def test_without_a_simulator_the_folder_lacks_only_the_picture(scn, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = scn("emit", RULE, "--module-name", "mine", "--vectors", "5", "--output", "out")
    assert result.exit_code == 0, result.output
    assert "no waveform.svg: iverilog is not installed" in result.stderr
    assert {"mine.core", "README.md"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert "waveform.svg" not in (tmp_path / "out" / "README.md").read_text()
