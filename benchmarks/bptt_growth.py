"""How our training step grows: with the steps, the batch, and the synapses up to 10 million.

python benchmarks/bptt_growth.py [--output FOLDER] [--threads 1 2] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bptt_speed import machine
from bptt_speed.environments import ROOT
from bptt_speed.figure import draw_growth
from bptt_speed.growth import SWEEPS, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "runs" / "bptt-speed", help="folder of the results"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=9, help="timed steps of each point")
    options = parser.parse_args()
    where = machine.describe()
    sweeps = [run(sweep, options.threads, options.rounds) for sweep in SWEEPS]
    for sweep in sweeps:
        for threads, fits in sweep["fits"].items():
            for key, fit in fits.items():
                print(
                    f"{sweep['quantity']}, {threads} thread(s): {key} = {fit['offset']:.3g} + {fit['slope']:.3g} x, "
                    f"largest deviation {100 * fit['largest_deviation']:.0f} %"
                )
    options.output.mkdir(parents=True, exist_ok=True)
    report = {"machine": where, "rounds": options.rounds, "sweeps": sweeps}
    (options.output / "growth.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw_growth(sweeps, options.output / "growth.svg")


if __name__ == "__main__":
    main()
