"""Sparse training against a fixed random pattern, at 2 % of the synapses: Fashion-MNIST and MNIST-1D, five seeds.

    python benchmarks/sparse_training.py RESULTS.json
    python benchmarks/sparse_training.py RESULTS.json --only mnist1d --methods fixed rigl

Every method has the same number of synapses, the same first pattern for a seed, and the same updates; its options
are the same for all data and stand below. Runs that RESULTS.json has already are not repeated.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats

import sc_run
from sc_core.atomic_file import write_atomically
from sc_run.config import read_toml

FOLDER = Path(__file__).with_name("sparse")
METHODS: Mapping[str, Mapping[str, Any]] = {
    "fixed": {},
    "set": {"every": 100, "fraction": 0.3},
    "rigl": {"every": 100, "fraction": 0.3},
    "deep_r": {"every": 20, "l1": 1e-3},
}


def configuration(table: Mapping[str, Any], method: str, seed: int) -> dict[str, Any]:
    """Return the run of a method."""
    run = copy.deepcopy(dict(table)) | {"seed": seed}
    if method == "fixed":
        return run
    run["learner"] = {"name": "structural", "method": method, "learner": run["learner"], "seed": seed}
    run["learner"] |= METHODS[method]
    return run


def measure(run: Mapping[str, Any]) -> dict[str, Any]:
    """Train once, in a folder that does not stay."""
    with tempfile.TemporaryDirectory() as folder:
        result = sc_run.train(run, output=Path(folder) / "run", progress=False)
    return {
        "validation_accuracy": result.validation_metrics["accuracy"],
        "test_accuracy": result.test_metrics["accuracy"],
        "synapses": sum(projection.n_synapses for projection in result.network.projections),
        "seconds": result.seconds,
    }


def interval(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return mean and half width of the 95 % interval of the mean (Student's t)."""
    width = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values) if len(values) > 1 else np.nan
    return float(values.mean()), float(width)


def table_of(results: Mapping[str, Any]) -> str:
    """Return the table in Markdown: accuracy, and the difference to the fixed pattern seed by seed."""
    lines = [
        "| data | method | synapses | test, % | over fixed, points (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    for data, methods in results.items():
        fixed = {seed: run["test_accuracy"] for seed, run in methods.get("fixed", {}).items()}
        for method, runs in methods.items():
            accuracies = np.array([run["test_accuracy"] for run in runs.values()])
            shared = [seed for seed in runs if seed in fixed]
            gains = np.array([runs[seed]["test_accuracy"] - fixed[seed] for seed in shared])
            gain = "" if method == "fixed" else "{:+.2f} ± {:.2f}".format(*(100 * x for x in interval(gains)))
            spread = f"{100 * accuracies.mean():.2f} ± {100 * accuracies.std(ddof=min(1, len(runs) - 1)):.2f}"
            synapses = next(iter(runs.values()))["synapses"]
            lines.append(f"| {data} | {method} | {synapses} | {spread} ({len(runs)} seeds) | {gain} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", nargs="+", default=["mnist1d", "fashion-mnist"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for seed in arguments.seeds:
        for data in arguments.only:
            table = read_toml(FOLDER / f"{data}.toml")
            for method in arguments.methods:
                runs = results.setdefault(data, {}).setdefault(method, {})
                if str(seed) in runs:
                    continue
                runs[str(seed)] = measure(configuration(table, method, seed))
                print(f"{data}, {method}, seed {seed}: {runs[str(seed)]}", flush=True)
                write_atomically(arguments.results, (json.dumps(results, indent=1) + "\n").encode())
    print(table_of(results))


if __name__ == "__main__":
    main()
