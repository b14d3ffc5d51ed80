"""The demonstrations of docs/hardware-examples.md, shortened; and that their kept results are what the page says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from sc_hardware.integer_network import IntegerSimulation
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.operations import Operation
from sc_hardware.verification.programs import ProgramFailed
from sc_hardware.verification.simulate_engine import simulate_engine

ROOT = Path(__file__).parents[2]


def example(name):
    specification = importlib.util.spec_from_file_location(
        name, ROOT / "examples" / "hardware" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def kept(name):
    return json.loads((ROOT / "docs" / "gallery" / f"{name}.json").read_text())


def test_trials_of_the_reward_task_go_the_same_way_in_the_engine(tmp_path):
    task = example("reward_task")
    rng = np.random.default_rng(0)
    design = HardwareDesign.from_network(task.build(rng), "reward_task")
    simulation = IntegerSimulation(design.layout.network)
    operations = []
    for _ in range(4):
        operations += task.trial(design, simulation, rng)[1]
    before = design.layout.network.projections["learns"].data
    assert (simulation.weights_of("learns") != before).sum() > 10
    operations.append(Operation("end"))
    assert simulate_engine("icarus", design, operations, tmp_path) == len(operations)
    place = max(n for n, operation in enumerate(operations) if operation.kind == "expect_word")
    operations[place] = Operation("expect_word", operations[place].address, operations[place].data ^ 1)
    with pytest.raises(ProgramFailed, match="FAIL: 1 mismatches"):
        simulate_engine("icarus", design, operations, tmp_path)


def test_the_kept_results_are_what_the_page_says():
    page = (ROOT / "docs" / "hardware-examples.md").read_text()
    task, digits = kept("hardware_reward_task"), kept("hardware_digits")
    rewarded = task["rewarded_percent_of_each_40_trials"]
    assert f"| rewarded, % | {' | '.join(map(str, rewarded))} |" in page
    assert f"{task['weights_and_eligibilities_compared']} words, no mismatch" in page
    assert rewarded[-1] > 3 * 25
    assert f"| float weights | {100 * digits['accuracy_before']:.2f} % |" in page
    assert f"16-bit membranes | {100 * digits['accuracy_after']:.2f} % |" in page
    assert digits["accuracy_loss_points"] <= 1
    played = {check["tool"]: check["samples"] for check in digits["checks"] if check["samples"]}
    assert played == {"verilator": 200, "icarus": 1, "ghdl": 1}
    assert all(check["holds"] for check in digits["checks"])
    assert not task["hardware_measurement_claimed"]
    assert not digits["hardware_measurement_claimed"]


def test_the_kept_costs_are_the_pages_table_and_no_block_ram_is_off():
    specification = importlib.util.spec_from_file_location("cost", ROOT / "benchmarks" / "hardware_cost.py")
    cost = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(cost)
    report = kept("hardware_cost")
    assert not report["hardware_measurement_claimed"]
    assert cost.table(report["rows"]) in (ROOT / "docs" / "hardware-examples.md").read_text()
    placed = [row for row in report["rows"] if not row["block_rams_missing"]]
    assert len(placed) >= 4
    assert all(row["block_rams"] == row["block_rams_estimated"] for row in placed)
