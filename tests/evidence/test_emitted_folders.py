"""Folders that `scn hdl emit` writes: the picture is of the simulation, the file list builds it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rules_under_test import RULES

from sc_core import registry
from sc_hardware.emission.waveform import cut, read_traces
from sc_hardware.lane import build_lane
from sc_hardware.lane.folder import CLOCKS_SHOWN, write_lane
from sc_hardware.verification import icarus, verilator
from sc_hardware.verification.programs import find_program
from sc_hardware.verification.stimuli import lane_vectors, opening_events

RULE = RULES["reward_modulated_stdp"]
TOP = "sc_reward_modulated_stdp"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("emitted") / "lane"
    write_lane(RULE, build_lane(RULE, load=["weight"]), place, n_vectors=60)
    return place


def test_the_picture_shows_what_the_simulation_did(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    sources = [path.name for path in tmp_path.glob("*.v")]
    icarus.simulate(sources, tmp_path, top=f"{TOP}_tb", arguments=["+waveform"])
    names = [("pre_spike", "bit"), ("eligibility", "signed"), ("reward", "signed"), ("weight", "unsigned")]
    vcd = tmp_path / f"{TOP}_tb.vcd"
    traces = cut(read_traces(vcd, f"{TOP}_tb.tested", "clk", names), 0, CLOCKS_SHOWN)
    shown = {trace.name: trace.values for trace in traces}
    design = build_lane(RULE, load=["weight"])
    vectors = lane_vectors(RULE, design, {}, opening_events(design, RULE.graph.defaults))
    for name in ("pre_spike", "reward"):
        assert shown[name] == tuple(vector[name] for vector in vectors)
    for name in ("weight", "eligibility"):  # a clock's outputs are what the next clock begins with
        assert shown[name][1:] == tuple(vector[f"current_{name}"] for vector in vectors[:-1])
    assert min(shown["reward"]) < 0 < max(shown["reward"])
    assert sum(shown["pre_spike"]) >= 2
    assert len(set(shown["weight"])) > 4
    svg = (folder / "waveform.svg").read_text()
    drawn = re.findall(r'font-size="10" text-anchor="middle"[^>]*>(-?\d+)<', svg)
    runs = [
        [str(v) for n, v in enumerate(shown[name]) if n == 0 or v != shown[name][n - 1]]
        for name in ("weight", "eligibility")
    ]
    for run in runs:
        assert any(drawn[start : start + len(run)] == run for start in range(len(drawn)))


def test_the_same_folder_is_written_twice(folder, tmp_path):
    write_lane(RULE, build_lane(RULE, load=["weight"]), tmp_path / "again", n_vectors=60)
    names = sorted(path.name for path in folder.iterdir())
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == names
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_fusesoc_simulates_and_lints_from_the_file_list(folder, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    _program, environment = verilator.find_verilator()
    environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for target, told in (("sim", "PASS: 61 vectors"), ("sim_vhdl", "PASS: 61 vectors"), ("lint", "")):
        command = [find_program("fusesoc"), "--cores-root", str(folder), "run", "--target", target, TOP]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert told in done.stdout + done.stderr


def test_both_languages_have_the_same_names():
    design = build_lane(RULE, read=[field.name for field in RULE.state], load=["weight"])
    for module in design.modules:
        texts = [
            registry.create("hdl", language).emit(design)[f"{module.name}{suffix}"]
            for language, suffix in (("verilog", ".v"), ("vhdl", ".vhd"))
        ]
        names = {signal.name for signal in (*module.ports, *module.signals)}
        names |= {part.name for part in (*module.widths, *module.constants, *module.parameters)}
        for text in texts:
            assert names <= set(re.findall(r"\w+", text))
        for width in module.widths:
            assert all(f"{width.name}: {width.derivation}" in text for text in texts)
