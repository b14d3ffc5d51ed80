"""Tasks in sequence: fine-tuning, EWC, online EWC, and training on all tasks together, over several seeds.

    python benchmarks/continual_learning.py
    python benchmarks/continual_learning.py --only permuted --methods "online EWC" --seeds 0 1 2

Methods that are left out keep the runs that the folder holds. The strength of EWC is selected for each variant and
scenario by the mean validation accuracy over the tasks after the last one, with seeds of its own: other weights,
splits and permutations than those that are tested. A run's test part is looked at when a task ends, and selects
nothing. docs/benchmarks.md quotes the tables.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from continual.figure import draw
from numpy.typing import NDArray

import sc_run
from sc_core import kernels
from sc_core.atomic_file import write_atomically
from sc_run.config import read_toml

SCENARIOS = ("permuted", "task_incremental", "domain_incremental")
VARIANTS = {"EWC": "per_task", "online EWC": "online"}
METHODS = ("fine-tuning", *VARIANTS, "together")
_SMALLEST_GAP = 0.02


@attrs.frozen
class Measured:
    """One run.

    Parameters
    ----------
    accuracies : list of list of float
        Test accuracy on each task (columns) after each task (rows); one row where they are learned together.
    validation_accuracy : float
        After the last task, the mean over tasks.
    """

    seed: int
    accuracies: list[list[float]]
    validation_accuracy: float
    seconds: float

    @property
    def final(self) -> float:
        """The mean accuracy over tasks at the end."""
        return float(np.mean(self.accuracies[-1]))

    @property
    def forgetting(self) -> float:
        """The mean over tasks but the last of the best accuracy before the end minus that at the end."""
        matrix = np.array(self.accuracies)
        return float(np.mean(np.max(matrix[:-1, :-1], axis=0) - matrix[-1, :-1]))


def configuration(
    table: Mapping[str, Any], method: str, seed: int, ewc_lambda: float = 0.0
) -> dict[str, Any]:
    """Return the run of a method; `table` is that of EWC."""
    run = copy.deepcopy(dict(table)) | {"seed": seed}
    if method in VARIANTS:
        run["learner"] |= {"ewc_lambda": ewc_lambda, "variant": VARIANTS[method]}
    else:
        run["learner"] = run["learner"]["learner"]
    if method == "together":
        run["training"]["tasks"] = "together"
    return run


def measure(run: Mapping[str, Any]) -> Measured:
    """Train once, in a folder that does not stay."""
    with tempfile.TemporaryDirectory() as folder:
        result = sc_run.train(run, output=Path(folder) / "run", progress=False)
        rows = list(csv.DictReader((result.folder / "metrics.csv").read_text().splitlines()))
    tests = [row for row in rows if row.get("test_accuracy")]
    n_tasks = sum(name.startswith("test_task_") and name.endswith("_accuracy") for name in tests[0])
    matrix = [[float(row[f"test_task_{task + 1}_accuracy"]) for task in range(n_tasks)] for row in tests]
    last = [row for row in rows if row.get("epoch")][-1]
    return Measured(run["seed"], matrix, float(last["validation_accuracy"]), result.seconds)


def select_lambda(
    table: Mapping[str, Any], method: str, lambdas: Sequence[float], seeds: Sequence[int]
) -> dict[float, float]:
    """Return the mean validation accuracy for each strength."""
    found = {}
    for ewc_lambda in lambdas:
        runs = [measure(configuration(table, method, seed, ewc_lambda)) for seed in seeds]
        found[ewc_lambda] = float(np.mean([run.validation_accuracy for run in runs]))
        print(f"  {method}, lambda {ewc_lambda:g}: validation {100 * found[ewc_lambda]:.2f} %", flush=True)
    return found


def measure_method(
    table: Mapping[str, Any],
    method: str,
    lambdas: Sequence[float],
    selection_seeds: Sequence[int],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Select the strength where the method has one, then test with every seed."""
    result: dict[str, Any] = {}
    chosen = 0.0
    if method in VARIANTS:
        validation = select_lambda(table, method, lambdas, selection_seeds)
        chosen = max(validation, key=lambda ewc_lambda: validation[ewc_lambda])
        result = {
            "ewc_lambda": chosen,
            "validation_by_lambda": {f"{key:g}": value for key, value in validation.items()},
            "selection_seeds": list(selection_seeds),
        }
    runs = [measure(configuration(table, method, seed, chosen)) for seed in seeds]
    print(f"  {method}: {spread([run.final for run in runs])} %", flush=True)
    return {**result, "kernels": kernels.describe(), "runs": [attrs.asdict(run) for run in runs]}


def runs_of(scenario: Mapping[str, Any], method: str) -> list[Measured]:
    """Return the runs of a method."""
    return [Measured(**run) for run in scenario["methods"][method]["runs"]]


def recovered(scenario: Mapping[str, Any], method: str) -> list[float] | None:
    """Return, per seed, how much of the gap a variant of EWC closes; None where there is hardly a gap to close."""
    tuned, ewc, joint = (
        np.array([run.final for run in runs_of(scenario, each)])
        for each in ("fine-tuning", method, "together")
    )
    gap = joint - tuned
    return ((ewc - tuned) / gap).tolist() if gap.min() > _SMALLEST_GAP else None


def spread(values: Sequence[float]) -> str:
    """Return mean ± standard deviation, in %."""
    array: NDArray[np.float64] = 100 * np.array(values)
    return f"{array.mean():.1f} ± {array.std(ddof=1):.1f}" if len(values) > 1 else f"{array[0]:.1f}"


def markdown(scenarios: Mapping[str, Any]) -> str:
    """Return the table of all scenarios."""
    lines = [
        "| scenario | λ | method | accuracy after the last task, % | forgetting, % | of the gap recovered, % |",
        "|---|---|---|---|---|---|",
    ]
    for name, scenario in scenarios.items():
        for method, done in scenario["methods"].items():
            runs = runs_of(scenario, method)
            closed = recovered(scenario, method) if method in VARIANTS else None
            cells = [
                name.replace("_", "-"),
                f"{done['ewc_lambda']:g}" if method in VARIANTS else "",
                method,
                spread([run.final for run in runs]),
                "" if method == "together" else spread([run.forgetting for run in runs]),
                (spread(closed) if closed else "no gap") if method in VARIANTS else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def matrices_markdown(scenario: Mapping[str, Any]) -> str:
    """Return the matrices of accuracies of the methods that learn in sequence, means over the seeds."""
    matrices = {
        method: 100 * np.mean([run.accuracies for run in runs_of(scenario, method)], axis=0)
        for method in scenario["methods"]
        if method != "together"
    }
    tasks = range(1, len(next(iter(matrices.values()))) + 1)
    titles = [f"{method}, {task}" for method in matrices for task in tasks]
    lines = [f"| after task | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for after in tasks:
        cells = [f"{value:.1f}" for matrix in matrices.values() for value in matrix[after - 1]]
        lines.append(f"| {after} | {' | '.join(cells)} |")
    return "\n".join(lines)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=SCENARIOS, help="none: show what the folder holds")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--selection-seeds", type=int, nargs="+", default=[100, 101])
    parser.add_argument("--lambdas", type=float, nargs="+", default=[30.0, 100.0, 300.0, 1000.0])
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("runs/continual-learning"),
        help="of a JSON file for each scenario, and the plot",
    )
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    files = {name: arguments.output / f"{name}.json" for name in SCENARIOS}
    for name in arguments.only:
        print(name, flush=True)
        table = read_toml(Path(__file__).with_name("continual") / f"{name}.toml")
        held = json.loads(files[name].read_text())["methods"] if files[name].exists() else {}
        for method in arguments.methods:
            held[method] = measure_method(
                table, method, arguments.lambdas, arguments.selection_seeds, arguments.seeds
            )
        methods = {method: held[method] for method in METHODS if method in held}
        text = json.dumps({"config": table, "methods": methods}, indent=1) + "\n"
        write_atomically(files[name], text.encode())
    scenarios = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    draw(scenarios, arguments.output / "continual_learning.svg")
    print(markdown(scenarios))
    for name, scenario in scenarios.items():
        print(f"\n{name}: accuracy on each task, %\n\n{matrices_markdown(scenario)}")


if __name__ == "__main__":
    main()
