"""The plots: times and memory of a contest, and the growth of time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw times and memory of a contest, for each contestant and number of threads."""
    runs = {threads: result["contestants"] for threads, result in report["threads"].items()}
    first = next(iter(runs.values()))
    names = sorted(first, key=lambda name: float(first[name]["median_ms"]))
    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(10, 0.45 * len(names) + 1.6), sharey=True)
    height = 0.8 / len(runs)
    for number, (threads, contestants) in enumerate(runs.items()):
        shown = [name for name in names if name in contestants]
        places = [names.index(name) + height * (number - (len(runs) - 1) / 2) for name in shown]
        label = f"{threads} thread{'s' if threads != '1' else ''}"
        medians = [contestants[name]["median_ms"] for name in shown]
        # Points, not bars: a logarithmic axis has no zero for bars to begin at.
        times.plot(medians, places, "o", label=label)
        for median, place in zip(medians, places, strict=True):
            times.annotate(f"{median:.3g}", (median, place), (6, -3), textcoords="offset points", fontsize=8)
        memory.barh(places, [contestants[name]["peak_memory_mb"] or 0 for name in shown], height, label=label)
    times.set(
        xscale="log", xlabel="ms per training step (median)", yticks=range(len(names)), yticklabels=names
    )
    times.invert_yaxis()
    times.margins(x=0.15)
    times.grid(axis="x", alpha=0.3)
    memory.set(xlabel="peak resident memory of the process, MB")
    times.legend(fontsize=8)
    figure.suptitle(report["description"], fontsize=10)
    _save(figure, path)


def draw_growth(sweeps: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw time and memory at work over each quantity that grows, with the fitted line."""
    figure, panels = pyplot.subplots(2, len(sweeps), figsize=(3.6 * len(sweeps), 6), squeeze=False)
    for column, sweep in enumerate(sweeps):
        for row, (key, label) in enumerate(
            (("median_ms", "ms per training step"), ("memory_mb", "MB at work"))
        ):
            panel = panels[row][column]
            for threads, points in sweep["points"].items():
                sizes = np.array([point["size"] for point in points], dtype=float)
                values = np.array([point[key] for point in points], dtype=float)
                (line,) = panel.plot(
                    sizes, values, "o", label=f"{threads} thread{'s' if threads != '1' else ''}"
                )
                fit = sweep["fits"][threads][key]
                panel.plot(
                    sizes, fit["offset"] + fit["slope"] * sizes, "-", color=line.get_color(), linewidth=1
                )
            panel.set(
                xscale="log", yscale="log", xlabel=sweep["quantity"], ylabel=label if column == 0 else ""
            )
    panels[0][0].legend(fontsize=8)
    figure.suptitle("sc-core: points measured, lines a + b x fitted", fontsize=10)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
