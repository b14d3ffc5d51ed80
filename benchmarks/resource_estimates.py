"""Fit the formula for look-up tables to yosys, and hold it against configurations that it was not fitted to.

    python benchmarks/resource_estimates.py [--results FILE]

Configurations are drawn uniformly from all legal ones: the fitting set with the seeds 1 and 3, the hold-out set with
seed 5, which was drawn when the formula stood.
What yosys said is kept in the results' file, so that the script goes on where it was stopped. It prints the fitted
coefficients, which `sc_plugin_online_o1.resources` has, and how the shipped formula does on the hold-out set.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from sc_core import registry
from sc_core.atomic_file import write_atomically
from sc_hardware.lane import build_lane
from sc_hardware.verification.synthesise import TARGETS, synthesise, usage
from sc_plugin_online_o1.config import OnlineO1Config
from sc_plugin_online_o1.resources import COEFFICIENTS, FAMILIES, LookUpTables, estimate, features
from sc_plugin_online_o1.rules import PARAMETERS, reward_modulated_stdp

# Name, seed, and how many.
FITTING = (("fit", 1, 30), ("fit", 3, 20))
HOLD_OUT = ("hold-out", 5, 20)
RESULTS = Path(__file__).parent / "resource_estimates" / "cells.json"


def draw(seed: int, n_configurations: int) -> list[OnlineO1Config]:
    """Return configurations, each parameter uniform over its range."""
    rng = np.random.default_rng(seed)

    def one() -> OnlineO1Config:
        values: dict[str, Any] = {
            name: int(rng.integers(p.low, p.high, endpoint=True)) for name, p in PARAMETERS.items()
        }
        return OnlineO1Config(**values)

    return [one() for _ in range(n_configurations)]


def measured(sets: list[tuple[str, int, int]], file: Path) -> list[dict[str, Any]]:
    """Return what yosys makes of every configuration of some sets for every family; known ones are not run."""
    rows = json.loads(file.read_text())["rows"] if file.exists() else []
    known = {(row["set"], *row["config"], row["target"]): row for row in rows}
    found = []
    design = build_lane(reward_modulated_stdp)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, text in registry.create("hdl", "verilog").emit(design).items():
            (folder / name).write_text(text)
        for name, seed, n_configurations in sets:
            for config in draw(seed, n_configurations):
                values = list(config.parameters.values())
                for target in FAMILIES:
                    key = (name, *values, target)
                    if key not in known:
                        cells = synthesise(design, config.parameters, target, folder)
                        used = usage(cells, TARGETS[target].family)
                        known[key] = {
                            "set": name,
                            "config": values,
                            "target": target,
                            "luts": used.luts,
                            "flip_flops": used.flip_flops,
                            "multipliers": used.multipliers,
                        }
                        save(list(known.values()), file)
                    found.append(known[key])
    return found


def save(rows: list[dict[str, Any]], file: Path) -> None:
    """Write the results' file, one row a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    flags = {target: TARGETS[target].synthesis for target in FAMILIES}
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    head = f'{{"flags": {json.dumps(flags)},\n "parameters": {json.dumps(list(PARAMETERS))},'
    text = f'{head}\n "rows": [\n{lines}\n]}}\n'
    write_atomically(file, text.encode())


def tolerance(luts: int) -> float:
    """Return how far off an estimate may be: 10 %, or 8 where that is more."""
    return max(8.0, 0.1 * luts)


def fitted(rows: list[dict[str, Any]], target: str) -> LookUpTables:
    """Return the coefficients of a family by least squares of errors in units of the tolerance."""
    chosen = [row for row in rows if row["target"] == target]
    units = np.array(
        [attrs.astuple(features(OnlineO1Config(*row["config"]), target)) for row in chosen], float
    )
    luts = np.array([row["luts"] for row in chosen], float)
    scale = np.array([1 / tolerance(row["luts"]) for row in chosen])
    # The small ridge decides what the set says nothing about.
    ridge = 1e-3 * np.eye(units.shape[1])
    system, wanted = np.vstack([units * scale[:, None], ridge]), np.append(luts * scale, np.zeros(len(ridge)))
    return LookUpTables(*(round(float(c), 2) for c in np.linalg.lstsq(system, wanted, rcond=None)[0]))


def main() -> None:
    """Print the coefficients and a table of the hold-out set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    rows = measured([*FITTING, HOLD_OUT], parser.parse_args().results)
    for target in FAMILIES:
        again = fitted([row for row in rows if row["set"] == "fit"], target)
        print(f"{target:7} fitted {attrs.astuple(again)}, shipped {attrs.astuple(COEFFICIENTS[target])}")
    print(f"\n{'weight/trace/reward/shifts':28}{'family':8}{'FF':>5}{'DSP':>5}{'LUT':>6}{'estimate':>10}")
    within = dict.fromkeys(FAMILIES, 0)
    exact = True
    for row in (row for row in rows if row["set"] == "hold-out"):
        found = estimate(OnlineO1Config(*row["config"]), 1, row["target"])
        good = abs(found.estimated_luts - row["luts"]) <= tolerance(row["luts"])
        within[row["target"]] += good
        exact &= (found.lane_ff_bits, found.estimated_dsps) == (row["flip_flops"], row["multipliers"])
        name = "/".join(map(str, row["config"]))
        print(
            f"{name:28}{row['target']:8}{row['flip_flops']:5}{row['multipliers']:5}{row['luts']:6}"
            f"{found.estimated_luts:10}{'' if good else '  beyond'}"
        )
    for target, number in within.items():
        print(f"{target}: {number} of {HOLD_OUT[2]} within 10 % or 8")
    print(f"flip-flops and multipliers exact everywhere: {exact}")


if __name__ == "__main__":
    main()
