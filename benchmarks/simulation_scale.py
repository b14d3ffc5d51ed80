"""The CUBA network with STDP at 4, 10, 40 and 100 thousand neurons with 80 synapses each: time per synaptic event.

The weights must come out the same, bit for bit, for any number of threads; 4000 neurons are too few for two of
them. Numbers of threads take turns, and the shortest time of all turns counts: who else uses the machine's caches
can only add to it.

python benchmarks/simulation_scale.py [--neurons N ...] [--threads 1 2] [--rounds N] [--output FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bptt_speed import machine
from simulation_speed import cuba

HERE = Path(__file__).parent / "simulation_speed"
_SECONDS = 3


def measure(n: int, threads: int, folder: Path) -> dict[str, float]:
    """Return the shortest of some biological seconds' times, and what it is per synaptic event."""
    network = folder / f"cuba_{n}.npz"
    if not network.exists():
        cuba.write(network, n, 0.1)
    command = [sys.executable, str(HERE / "ours.py"), str(network), str(_SECONDS), "stdp"]
    environment = {**os.environ, "SC_THREADS": str(threads)}
    answer = json.loads(
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    )
    seconds = min(answer["seconds"])
    events = answer["rate"] * n * cuba.IN_DEGREE  # spikes arriving at synapses in a second
    return {
        "neurons": n,
        "threads": threads,
        "seconds": seconds,
        "rate": answer["rate"],
        "nanoseconds_per_event": 1e9 * seconds / events,
        "weights": answer["weights"],
        "bytes_per_plastic_synapse": answer["bytes_per_plastic_synapse"],
        "resident_bytes": answer["resident_bytes"],
    }


def shortest(n: int, threads: list[int], rounds: int, folder: Path) -> list[dict[str, float]]:
    """Return the shortest of some turns for each number of threads."""
    turns = [
        [measure(n, each, folder) for each in (threads if turn % 2 == 0 else threads[::-1])]
        for turn in range(rounds)
    ]
    measured = [row for turn in turns for row in turn]
    return [
        min((row for row in measured if row["threads"] == each), key=lambda row: row["seconds"])
        for each in threads
    ]


def compare(row: dict[str, float], rows: list[dict[str, float]]) -> dict[str, float]:
    """Return a row's ratios to those before it, and stop where threads give other weights."""
    one = next((other for other in rows if other["neurons"] == row["neurons"]), row)
    smallest = next((other for other in rows if other["threads"] == row["threads"]), row)
    if row["weights"] != one["weights"]:
        raise SystemExit(f"{row['neurons']} neurons: {row['threads']} threads give other weights")
    return {
        "speedup": one["seconds"] / row["seconds"],
        "event_to_smallest": row["nanoseconds_per_event"] / smallest["nanoseconds_per_event"],
    }


def describe(row: dict[str, float]) -> str:
    """Return a line of the table."""
    return (
        f"{row['neurons']:7} neurons, {row['threads']} thread(s): {row['seconds']:.4f} s, {row['rate']:.2f} Hz, "
        f"{row['nanoseconds_per_event']:.1f} ns per event ({row['event_to_smallest']:.2f} x the smallest's), "
        f"{row['speedup']:.2f} x as fast as one thread, "
        f"{row['bytes_per_plastic_synapse']:.1f} bytes per plastic synapse"
    )


def main() -> None:
    """Read the command line, measure, write and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--neurons", type=int, nargs="+", default=[4_000, 10_000, 40_000, 100_000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turns")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    options = parser.parse_args()
    surroundings = machine.describe()
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for n in options.neurons:
            for row in shortest(n, options.threads, options.rounds, Path(folder)):
                rows.append(row | compare(row, rows))
                print(describe(rows[-1]), flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    results = json.dumps({"machine": surroundings, "rows": rows}, indent=1)
    (options.output / "scale.json").write_text(results + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
