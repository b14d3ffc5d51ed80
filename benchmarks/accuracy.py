"""Test accuracy of training runs over several seeds: mean and spread, as a table.

    python benchmarks/accuracy.py benchmarks/fashion-mnist.toml
    python benchmarks/accuracy.py benchmarks/digits.toml --folds 5 --output digits.json

Each run has a seed of its own, and with it other weights, another order of the samples and another validation
part. The validation part selects the network within a run; the test part is looked at once, at the run's end.
The README and docs/benchmarks.md quote the table.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

import sc_run
from sc_core import kernels
from sc_core.errors import SCError
from sc_run.config import read_toml


@attrs.frozen
class Measured:
    """One run: its seed, its fold where there are folds, and what it came to."""

    seed: int
    fold: int | None
    validation_accuracy: float
    test_accuracy: float
    best_step: int
    n_steps: int
    seconds: float


def measure(table: Mapping[str, Any], seed: int, fold: int | None, n_folds: int | None) -> Measured:
    """Train once, in a folder that does not stay."""
    run = copy.deepcopy(dict(table)) | {"seed": seed, "callbacks": []}
    if fold is not None:
        run["data"] |= {"fold": fold, "n_folds": n_folds}
    with tempfile.TemporaryDirectory() as folder:
        result = sc_run.train(run, output=Path(folder) / "run")
    return Measured(
        seed,
        fold,
        result.validation_metrics["accuracy"],
        result.test_metrics["accuracy"],
        result.best_step,
        result.n_steps,
        result.seconds,
    )


def measure_all(name: str, table: Mapping[str, Any], seeds: Sequence[int], n_folds: int) -> list[Measured]:
    """Train with every seed, and on every fold where there are folds; tell how far it is."""
    folds: Sequence[int | None] = range(n_folds) if n_folds else [None]
    runs: list[Measured] = []
    for seed in seeds:
        for fold in folds:
            place = f"seed {seed}" if fold is None else f"seed {seed}, fold {fold}"
            print(f"\n{name}, {place}: run {len(runs) + 1} of {len(seeds) * len(folds)}", flush=True)
            runs.append(measure(table, seed, fold, n_folds or None))
    return runs


def mean_and_spread(values: Sequence[float]) -> str:
    """Return the mean of accuracies, with their sample standard deviation where there are several, in %."""
    mean = f"{100 * statistics.fmean(values):.2f}"
    return mean if len(values) < 2 else f"{mean} ± {100 * statistics.stdev(values):.2f}"


def markdown_row(name: str, runs: Sequence[Measured]) -> str:
    tests = [run.test_accuracy for run in runs]
    return (
        f"| {name} | {len(runs)} | {mean_and_spread([run.validation_accuracy for run in runs])} "
        f"| {mean_and_spread(tests)} | {100 * min(tests):.2f} … {100 * max(tests):.2f} "
        f"| {statistics.median(run.seconds for run in runs):.0f} |"
    )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, nargs="+", help="TOML file of a run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folds", type=int, default=0, help="test on each of so many folds in turn")
    parser.add_argument("--output", type=Path, help="write all runs' figures as JSON")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    tables = {path.stem: read_toml(path) for path in arguments.config}
    results = {
        name: measure_all(name, table, arguments.seeds, arguments.folds) for name, table in tables.items()
    }
    if arguments.output:
        report = {
            name: {
                "config": tables[name],
                "kernels": kernels.describe(),
                "runs": [attrs.asdict(r) for r in runs],
            }
            for name, runs in results.items()
        }
        arguments.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print("\n| run | runs | validation, % | test, % | test, lowest … highest | seconds, median |")
    print("|---|---|---|---|---|---|")
    for name, runs in results.items():
        print(markdown_row(name, runs))


if __name__ == "__main__":
    try:
        main()
    except sc_run.RunInterrupted:
        sys.exit("stopped; runs that had not ended are lost, their folders are temporary")
    except SCError as error:
        sys.exit(f"Error: {error}")
