"""Sparse training against a fixed random pattern, at 2 % of the synapses: Fashion-MNIST and MNIST-1D.

    python benchmarks/sparse_training.py RESULTS.json         (also draws RESULTS.png)
    python benchmarks/sparse_training.py RESULTS.json --only mnist1d --methods fixed rigl

Every method has the same number of synapses, the same first pattern for a seed, and the same updates; its options
stand below. Runs that RESULTS.json has already are not repeated.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import scipy.stats

import sc_run
from sc_core.atomic_file import replacing, write_atomically
from sc_run.config import read_toml

mpl.use("Agg")
import matplotlib.pyplot as plt

FOLDER = Path(__file__).with_name("sparse")
METHODS: Mapping[str, Mapping[str, Any]] = {
    "fixed": {},
    "set": {"every": 25, "fraction": 0.3},
    "rigl": {"every": 25, "fraction": 0.3},
    "deep_r": {"every": 25, "l1": 1e-3},
}
SEEDS = {"fashion-mnist": 5, "mnist1d": 60}  # which have 10000 and 1000 test samples
UNTIL = {
    "fashion-mnist": 1260,
    "mnist1d": 400,
}  # updates; set and rigl rest in the last quarter of the training


def configuration(table: Mapping[str, Any], data: str, method: str, seed: int) -> dict[str, Any]:
    """Return the run of a method on a data set."""
    run = copy.deepcopy(dict(table)) | {"seed": seed}
    if method == "fixed":
        return run
    run["learner"] = {"name": "structural", "method": method, "learner": run["learner"], "seed": seed}
    run["learner"] |= METHODS[method]
    if method != "deep_r":
        run["learner"]["until"] = UNTIL[data]
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


def gains_over_fixed(methods: Mapping[str, Any], method: str) -> np.ndarray[Any, Any]:
    """Return by how many points a method is better in the test than the fixed pattern, seed by seed."""
    fixed, runs = methods.get("fixed", {}), methods[method]
    gains = [runs[seed]["test_accuracy"] - fixed[seed]["test_accuracy"] for seed in runs if seed in fixed]
    return 100 * np.array(gains)


def draw(path: Path, results: Mapping[str, Any]) -> None:
    """Draw every seed's gain as a dot, its mean with the 95 % interval as a bar."""
    figure, panels = plt.subplots(1, len(results), figsize=(7.2, 3.0), layout="constrained", squeeze=False)
    for axes, (data, methods) in zip(panels[0], results.items(), strict=True):
        names = [method for method in METHODS if method in methods and method != "fixed"]
        for place, method in enumerate(names):
            gains = gains_over_fixed(methods, method)
            mean, width = interval(gains)
            axes.plot(np.full(len(gains), place) - 0.15, gains, ".", color="0.6")
            axes.errorbar(place + 0.1, mean, width, fmt="o", capsize=4, color=f"C{place}")
        axes.axhline(0.0, color="0.5", linestyle=":")
        axes.set_xticks(range(len(names)), names)
        axes.set(title=data, ylabel="test, points over fixed", xlim=(-0.6, len(names) - 0.4))
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=120, format=path.suffix[1:])
    plt.close(figure)


def table_of(results: Mapping[str, Any]) -> str:
    """Return the table in Markdown: accuracy, and the difference to the fixed pattern seed by seed."""
    lines = [
        "| data | method | synapses | test, % | over fixed, points (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    for data, methods in results.items():
        for method, runs in methods.items():
            accuracies = np.array([run["test_accuracy"] for run in runs.values()])
            gains = interval(gains_over_fixed(methods, method))
            gain = "" if method == "fixed" else "{:+.2f} ± {:.2f}".format(*gains)
            spread = f"{100 * accuracies.mean():.2f} ± {100 * accuracies.std(ddof=min(1, len(runs) - 1)):.2f}"
            synapses = next(iter(runs.values()))["synapses"]
            lines.append(f"| {data} | {method} | {synapses} | {spread} ({len(runs)} seeds) | {gain} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", nargs="+", default=["fashion-mnist", "mnist1d"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", help="0 to 4, on mnist1d 0 to 59, unless given")
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for data in arguments.only:
        table = read_toml(FOLDER / f"{data}.toml")
        for seed in arguments.seeds or range(SEEDS[data]):
            for method in arguments.methods:
                runs = results.setdefault(data, {}).setdefault(method, {})
                if str(seed) in runs:
                    continue
                runs[str(seed)] = measure(configuration(table, data, method, seed))
                print(f"{data}, {method}, seed {seed}: {runs[str(seed)]}", flush=True)
                write_atomically(arguments.results, (json.dumps(results, indent=1) + "\n").encode())
    draw(arguments.results.with_suffix(".png"), results)
    print(table_of(results))


if __name__ == "__main__":
    main()
