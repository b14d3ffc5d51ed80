"""W3: the CUBA network of Vogels & Abbott with plasticity: a biological second on one thread, in turns with peers.

Times are the processor's, which is what Brian2 states of its own runs; on a quiet machine the clock shows the same.

python benchmarks/simulation_w3.py [--dt 0.1 1.0] [--rule stdp rstdp static] [--rounds N] [--output FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bptt_speed import environments, machine
from bptt_speed.environments import NEST, Environment, Unavailable
from simulation_speed import cuba

HERE = Path(__file__).parent / "simulation_speed"
BRIAN2 = Environment("peers-brian2", "3.11")
CONTESTANTS: dict[str, tuple[Environment | None, list[str]]] = {
    "ours": (None, ["ours.py"]),
    "brian2_standalone": (BRIAN2, ["peer_brian2.py", "cpp_standalone"]),
    "brian2_cython": (BRIAN2, ["peer_brian2.py", "cython"]),
    "nest": (NEST, ["peer_nest.py"]),
}
_PER_ROUND = 3  # seconds of biological time that each contestant simulates in its turn


def contest(dt: float, rule: str, rounds: int, folder: Path) -> dict[str, Any]:
    """Let the contestants take turns; return medians, in seconds, and all single times."""
    network = folder / f"cuba_{dt}.npz"
    cuba.write(network, 4000, dt)
    times: dict[str, list[float]] = {}
    rates: dict[str, float] = {}
    left_out: dict[str, str] = {}
    one_thread = {**os.environ, "SC_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for number in range(rounds):
        for name, (environment, (script, *mode)) in CONTESTANTS.items():
            if name in left_out:
                continue
            try:
                python = environments.interpreter(environment, folder)
            except Unavailable as reason:
                left_out[name] = str(reason)
                continue
            command = [str(python), str(HERE / script), str(network), str(_PER_ROUND), rule, *mode]
            result = subprocess.run(command, env=one_thread, capture_output=True, text=True)
            if result.returncode:
                left_out[name] = result.stderr.strip().splitlines()[-1]
                continue
            answer = json.loads(result.stdout.splitlines()[-1])
            times.setdefault(name, []).extend(answer["processor_seconds"])
            rates[name] = answer["rate"]
            print(
                f"{rule}, dt {dt}, round {number + 1}: {name} {min(answer['processor_seconds']):.4f} s",
                file=sys.stderr,
                flush=True,
            )
    return {
        "dt": dt,
        "rule": rule,
        "median": {name: statistics.median(each) for name, each in times.items()},
        "rate": rates,
        "left_out": left_out,
        "seconds": times,
    }


def main() -> None:
    """Read the command line, measure, write and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dt", type=float, nargs="+", default=[0.1, 1.0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rule", nargs="+", default=["stdp", "rstdp"], choices=["static", "stdp", "rstdp"])
    parser.add_argument("--output", type=Path, default=HERE / "results")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "sc-benchmarks")
    options = parser.parse_args()
    options.environments.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    surroundings = machine.describe()
    runs = [
        contest(dt, rule, options.rounds, options.environments) for rule in options.rule for dt in options.dt
    ]
    results = {"machine": surroundings, "parameters": cuba.PARAMETERS, "runs": runs}
    (options.output / "W3.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for run in runs:
        for name, seconds in run["median"].items():
            ratio = seconds / run["median"]["ours"]
            what = f"{run['rule']:6} dt {run['dt']} ms  {name:18}"
            print(f"{what} {seconds:.4f} s  {ratio:5.1f} x ours  {run['rate'][name]:.2f} Hz")
        for name, reason in run["left_out"].items():
            print(f"{run['rule']:6} dt {run['dt']} ms  {name:18} left out: {reason}")


if __name__ == "__main__":
    main()
