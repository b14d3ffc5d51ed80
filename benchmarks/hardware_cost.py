"""What engines cost on small FPGAs: yosys and nextpnr on ECP5-85k and iCE40, for two sizes, dense and at 20 %.

python benchmarks/hardware_cost.py docs/gallery/hardware_cost.json     # goes on where it stopped; --table shows it

Nothing runs on an FPGA. Rows that do not fit a device say how many block RAMs are missing; they are not placed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import scipy.sparse

from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.block_ram import blocks
from sc_hardware.projection_engine.cycles import phase_bound, step_bound
from sc_hardware.verification.synthesise_engine import DEVICES, missing_block_rams, synthesise_engine
from sc_plugin_online_o1.rules import reward_modulated_stdp

SIZES = ((64, 128, 10), (256, 256, 16))
DENSITIES = (1.0, 0.2)
ACTIVITY = 0.2
"""The share of neurons that spike in a step, for the clocks of a step."""
SEEDS = (1, 2, 3)
"""Of the placements: the clock is their median."""
STEPS = 30
"""Steps of an inference, as in the digits example."""


def network(sizes: tuple[int, ...], density: float, learns: bool) -> IntegerNetwork:
    """Return two layers with random weights: 8 bits, or those of online-o1 at its defaults where they learn."""
    rng = np.random.default_rng(0)
    lif = IntegerLIF(decay_multiplier=12, decay_shift=8, threshold=900)
    names = ("pixels", "hidden", "digit")
    populations = [IntegerPopulation(names[0], sizes[0], IntegerInput())]
    populations += [IntegerPopulation(name, n, lif) for name, n in zip(names[1:], sizes[1:], strict=True)]
    projections = []
    for place in range(2):
        shape = sizes[place : place + 2]
        filled = rng.random(shape) < density
        weights = rng.integers(1, 128, shape) * (1 if learns else rng.choice((-1, 1), shape)) * filled
        rule: dict[str, Any] = {"rule": reward_modulated_stdp} if learns else {}
        csr = scipy.sparse.csr_array(weights)
        projections.append(
            IntegerProjection(source=names[place], target=names[place + 1], weights=csr, **rule)
        )
    return IntegerNetwork(populations, projections)


def clocks_of_step(design: HardwareDesign) -> int:
    """Return the clocks of a step in which `ACTIVITY` of the sources spike; learning sweeps take all rows."""
    clocks = 1
    for phase in design.layout.phases:
        whole = phase_bound(phase)
        own = phase.projection
        if own is not None and own.learner is None:
            rows = int(np.maximum(np.diff(own.projection.indptr), 1).sum())
            whole += round((ACTIVITY - 1) * rows)
        elif phase.kind == "send":
            whole += round((ACTIVITY - 1) * phase.population.n)
        clocks += whole
    return clocks


def cases() -> list[dict[str, Any]]:
    """Return what is measured, the smallest first."""
    return [
        {"size": "-".join(map(str, sizes)), "density": density, "learns": learns, "device": device}
        for sizes in SIZES
        for density in DENSITIES
        for device in DEVICES
        for learns in (False, True)
    ]


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table."""
    sizes = tuple(map(int, case["size"].split("-")))
    design = HardwareDesign.from_network(network(sizes, case["density"], case["learns"]))
    device = case["device"]
    row = case | {
        "memory_bits": sum(memory.total_bits for memory in design.memories),
        "block_rams_estimated": blocks(design, DEVICES[device].block_ram),
        "block_rams_missing": missing_block_rams(design, device),
        "clocks_of_step": clocks_of_step(design),
        "clocks_of_step_at_most": step_bound(design.layout),
    }
    if row["block_rams_missing"]:
        return row
    with tempfile.TemporaryDirectory() as place:
        cost = synthesise_engine(design, device, Path(place), seeds=SEEDS)
    clock = statistics.median(cost.clocks_mhz)
    row |= {**attrs.asdict(cost.usage), "clocks_mhz": cost.clocks_mhz, "clock_mhz": clock}
    row["inferences_per_second"] = round(1e6 * clock / (STEPS * row["clocks_of_step"]))
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    heads = [
        "network",
        "synapses",
        "",
        "device",
        "memory, bits",
        "BRAM",
        "LUT",
        "FF",
        "DSP",
        "MHz",
        "clocks a step",
    ]
    lines = ["| " + " | ".join([*heads, "inferences/s"]) + " |", "|" + "---|" * (len(heads) + 1)]
    for row in rows:
        first = [row["size"], f"{100 * row['density']:.0f} %", "learning" if row["learns"] else "frozen"]
        cells = [*first, DEVICES[row["device"]].target.device, row["memory_bits"]]
        if row["block_rams_missing"]:
            cells += [
                f"does not fit: {row['block_rams_missing']} too few",
                *[""] * 4,
                row["clocks_of_step"],
                "",
            ]
        else:
            cells += [row[key] for key in ("block_rams", "luts", "flip_flops", "multipliers")]
            clocks = row["clocks_mhz"]
            cells.append(f"{row['clock_mhz']} ({min(clocks)} to {max(clocks)})")
            cells += [row["clocks_of_step"], row["inferences_per_second"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure what is missing in the file, one row after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--table", action="store_true", help="show the rows and measure nothing")
    arguments = parser.parse_args()
    rows = json.loads(arguments.file.read_text())["rows"] if arguments.file.exists() else []
    if not arguments.table:
        known = [{key: row[key] for key in ("size", "density", "learns", "device")} for row in rows]
        for case in cases():
            if case not in known:
                rows.append(measure(case))
                report = {
                    "activity": ACTIVITY,
                    "steps": STEPS,
                    "hardware_measurement_claimed": False,
                    "rows": rows,
                }
                arguments.file.write_text(json.dumps(report, indent=1) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
