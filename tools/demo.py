"""Train a spiking network on real handwritten digits and set it beside two baselines on the same split.

``tox run -e demo`` runs this; it trains benchmarks/digits.toml as ``scn train`` would.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression

import sc_run
from sc_run.config import parse_config, read_toml
from sc_run.parts import Parts, assemble
from sc_run.samples import Samples

CONFIG = Path(__file__).resolve().parents[1] / "benchmarks" / "digits.toml"
PROMISED_ACCURACY = 0.97


def logistic_regression(parts: Parts) -> float:
    """Return the test accuracy of scikit-learn's logistic regression on the pixels.

    It needs no validation part, so it trains on that too.
    """
    train, validation, test = (cast(Samples, part) for part in (parts.train, parts.validation, parts.test))
    known = (train, validation)
    inputs = np.concatenate([samples.inputs for samples in known])
    targets = np.concatenate([samples.targets for samples in known])
    model = LogisticRegression(max_iter=5000).fit(inputs, targets)
    return float(model.score(test.inputs, test.targets))


def untrained_hidden_layer(table: dict[str, Any]) -> float:
    """Return the test accuracy of the same network when only its readout is trained."""
    frozen = copy.deepcopy(table)
    for projection in frozen["network"]["projections"]:
        projection["trainable"] = projection["target"] == frozen["network"]["populations"][-1]["name"]
    with tempfile.TemporaryDirectory() as folder:
        return sc_run.train(frozen, output=Path(folder) / "run", progress=False).test_metrics["accuracy"]


def main() -> int:
    """Run the demo; return 0 if the network keeps the README's promise."""
    console = Console()
    table = read_toml(CONFIG)
    result = sc_run.train(CONFIG)
    accuracy = result.test_metrics["accuracy"]
    parts = assemble(parse_config(table, CONFIG.parent), "")
    console.print(
        "\nFor comparison, on the same split: logistic regression, and only the readout trained ..."
    )
    rows = {
        "spiking network, all layers trained (bptt)": accuracy,
        "the same network, hidden layer untrained": untrained_hidden_layer(table),
        "logistic regression on the pixels": logistic_regression(parts),
    }
    summary = Table(title=f"{len(parts.test)} held-out digits")
    summary.add_column("model")
    summary.add_column("accuracy", justify="right")
    for name, value in rows.items():
        summary.add_row(name, f"{100 * value:.2f} %")
    console.print(summary)
    console.print(f"trained in {result.seconds:.1f} s; run folder: {result.folder}", soft_wrap=True)
    if accuracy < PROMISED_ACCURACY:
        console.print(f"below the promised {100 * PROMISED_ACCURACY:.0f} %")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
