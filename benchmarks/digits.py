"""Mean accuracy of benchmarks/digits.toml over stratified cross-validation, several seeds each.

Within each fold a tenth of the other samples selects the model; the fold itself is looked at once, at the end.
The README quotes the last line.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
from pathlib import Path

import numpy as np

import sc_run
from sc_run.config import read_toml

CONFIG = Path(__file__).with_name("digits.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ...")
    parser.add_argument("--output", type=Path, help="write the accuracies as JSON")
    arguments = parser.parse_args()
    table = read_toml(CONFIG)
    accuracies = np.zeros((arguments.seeds, arguments.folds))
    for seed in range(arguments.seeds):
        for fold in range(arguments.folds):
            run = copy.deepcopy(table) | {"seed": seed, "callbacks": []}
            run["data"] |= {"fold": fold, "n_folds": arguments.folds}
            with tempfile.TemporaryDirectory() as folder:
                result = sc_run.train(run, output=Path(folder) / "run", progress=False)
            accuracies[seed, fold] = result.test_metrics["accuracy"]
            print(
                f"seed {seed}, fold {fold}: {100 * accuracies[seed, fold]:.2f} %, {result.seconds:.1f} s",
                flush=True,
            )
    if arguments.output:
        arguments.output.write_text(
            json.dumps({"accuracy": accuracies.tolist()}, indent=1) + "\n", encoding="utf-8"
        )
    print(
        f"mean {100 * accuracies.mean():.2f} % over {arguments.folds} folds x {arguments.seeds} seeds; "
        f"standard deviation over the runs {100 * accuracies.std(ddof=1):.2f} %, "
        f"lowest {100 * accuracies.min():.2f} %"
    )


if __name__ == "__main__":
    main()
