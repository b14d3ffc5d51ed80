"""The formula for a lane's resources against yosys, on configurations that it was not fitted to."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from sc_plugin_online_o1.config import OnlineO1Config
from sc_plugin_online_o1.resources import COEFFICIENTS, FAMILIES, estimate

_SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "resource_estimates.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("resource_estimates", _SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def within(script, rows):
    """Return the share of estimates within the tolerance; flip-flops and multipliers must be exact."""
    good = 0
    for row in rows:
        found = estimate(OnlineO1Config(*row["config"]), 1, row["target"])
        assert (found.lane_ff_bits, found.estimated_dsps) == (row["flip_flops"], row["multipliers"]), row
        good += abs(found.estimated_luts - row["luts"]) <= script.tolerance(row["luts"])
    return good / len(rows)


def test_flip_flops_and_multipliers_are_exact(script, tmp_path):
    # Of a set that nothing else uses; yosys runs.
    within(script, script.measured([("other", 6, 2)], tmp_path / "cells.json"))


def test_what_is_kept_is_what_was_drawn_and_fitted(script):
    rows = json.loads(script.RESULTS.read_text())["rows"]
    drawn = {
        (name, *config.parameters.values())
        for name, seed, n_configurations in (*script.FITTING, script.HOLD_OUT)
        for config in script.draw(seed, n_configurations)
    }
    assert {(row["set"], *row["config"]) for row in rows} == drawn
    for family in FAMILIES:
        assert script.fitted([row for row in rows if row["set"] == "fit"], family) == COEFFICIENTS[family]
        held_out = [row for row in rows if (row["set"], row["target"]) == ("hold-out", family)]
        assert within(script, held_out) >= 0.9


@pytest.mark.slow
def test_nine_of_ten_held_out_configurations_are_within_10_percent_or_8(script, tmp_path):
    rows = script.measured([script.HOLD_OUT], tmp_path / "cells.json")
    for family in FAMILIES:
        assert within(script, [row for row in rows if row["target"] == family]) >= 0.9
