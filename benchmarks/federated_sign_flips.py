"""Test accuracy on digits when some of ten clients send the opposite of their update: majority of signs, and mean.

    python benchmarks/federated_sign_flips.py

Rates are selected without such clients, by the mean validation accuracy of seeds that are not tested. Writes
benchmarks/federated/sign_flips.json and .svg; docs/federated-learning.md shows them.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot

import sc_run
from sc_run.config import read_toml

RESULTS = Path(__file__).resolve().parent / "federated"
CONFIG = RESULTS / "sign_flips.toml"
RATES = {"sign_majority": (0.03, 0.1, 0.3), "fedsgd": (0.3, 1.0, 3.0, 10.0)}
SPLITS: dict[str, dict[str, Any]] = {
    "uniform": {"name": "uniform"},
    "Dirichlet(0.3)": {"name": "dirichlet", "alpha": 0.3},
}
NAMES = {"sign_majority": "majority of signs", "fedsgd": "mean of gradients"}
TUNING_SEEDS = (100, 101)
FLIPPING = (0, 1, 2, 3, 4, 5)


def train(method: str, rate: float, split: str, flipping: int, seed: int) -> tuple[float, float]:
    """Return the validation and test accuracy of a run."""
    config = copy.deepcopy(read_toml(CONFIG))
    config["seed"] = seed
    config["clients"]["split"] = SPLITS[split]
    config["learner"] |= {"method": method, "weights": "equal", "sign_flipping": flipping}
    config["learner"]["learner"]["lr"] = rate
    config["callbacks"] = []
    with tempfile.TemporaryDirectory() as folder:
        result = sc_run.train(config, output=Path(folder) / "run", progress=False)
    return result.validation_metrics["accuracy"], result.test_metrics["accuracy"]


def select_rate(method: str, split: str) -> tuple[float, dict[str, float]]:
    """Return the rate with the best mean validation accuracy without flipping clients, and that of each."""
    found = {
        str(rate): float(np.mean([train(method, rate, split, 0, seed)[0] for seed in TUNING_SEEDS]))
        for rate in RATES[method]
    }
    return float(max(found, key=lambda rate: found[rate])), found


def measure(split: str, seeds: list[int]) -> dict[str, Any]:
    """Return the test accuracies of every method, number of flipping clients and seed."""
    results: dict[str, Any] = {}
    for method in RATES:
        rate, tried = select_rate(method, split)
        print(f"{split}, {NAMES[method]}: rate {rate} of {tried}", flush=True)
        accuracy = {
            str(flipping): [train(method, rate, split, flipping, seed)[1] for seed in seeds]
            for flipping in FLIPPING
        }
        results[method] = {"rate": rate, "tried": tried, "test_accuracy": accuracy}
    return results


def draw(results: dict[str, Any], path: Path) -> None:
    figure, panels = pyplot.subplots(
        1, len(results), figsize=(4.2 * len(results), 3.4), sharey=True, squeeze=False
    )
    percent = [10 * flipping for flipping in FLIPPING]
    for panel, (split, methods) in zip(panels[0], results.items(), strict=True):
        for method, found in methods.items():
            runs = 100 * np.array([found["test_accuracy"][str(flipping)] for flipping in FLIPPING])
            (line,) = panel.plot(percent, runs.mean(axis=1), "o-", label=NAMES[method])
            panel.fill_between(percent, runs.min(axis=1), runs.max(axis=1), alpha=0.2, color=line.get_color())
        panel.set(title=f"{split} clients", xlabel="clients that flip signs, %")
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("test accuracy, %")
    panels[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def print_table(results: dict[str, Any]) -> None:
    print("| clients, method | rate | " + " | ".join(f"{10 * flipping} %" for flipping in FLIPPING) + " |")
    print("|---|---|" + "---|" * len(FLIPPING))
    for split, methods in results.items():
        for method, found in methods.items():
            cells = []
            for flipping in FLIPPING:
                runs = 100 * np.array(found["test_accuracy"][str(flipping)])
                cells.append(f"{runs.mean():.1f} ± {runs.std(ddof=1):.1f}")
            print(f"| {split}, {NAMES[method]} | {found['rate']} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    mpl.rcParams["svg.hashsalt"] = "sc-core"
    results: dict[str, Any] = {}
    for split in SPLITS:
        results[split] = measure(split, seeds)
        text = json.dumps({"seeds": seeds, "tuning_seeds": TUNING_SEEDS, "results": results}, indent=1)
        (RESULTS / "sign_flips.json").write_text(text + "\n")
        draw(results, RESULTS / "sign_flips.svg")
    print_table(results)


if __name__ == "__main__":
    main()
