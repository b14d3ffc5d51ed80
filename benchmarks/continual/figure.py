"""The plot: mean accuracy on the tasks seen so far, after each task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot


def draw(scenarios: Mapping[str, Any], path: Path) -> None:
    """Draw a panel for each scenario: mean and range over the seeds."""
    figure, panels = pyplot.subplots(
        1, len(scenarios), figsize=(4.2 * len(scenarios), 3.4), sharey=True, squeeze=False
    )
    for panel, (name, scenario) in zip(panels[0], scenarios.items(), strict=True):
        for method, done in scenario["methods"].items():
            matrices = 100 * np.array([run["accuracies"] for run in done["runs"]])
            if method == "together":
                panel.axhline(matrices.mean(), color="black", linestyle=":", label="all tasks together")
                continue
            n_tasks = matrices.shape[1]
            seen = np.array(
                [[matrix[after, : after + 1].mean() for after in range(n_tasks)] for matrix in matrices]
            )
            after = np.arange(1, n_tasks + 1)
            (line,) = panel.plot(after, seen.mean(axis=0), "o-", label=method)
            panel.fill_between(after, seen.min(axis=0), seen.max(axis=0), alpha=0.2, color=line.get_color())
        panel.set(title=name.replace("_", "-"), xlabel="tasks learned", xticks=after)
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("test accuracy on these tasks, %")
    panels[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
