"""Learning curves of several methods over seeds: kept as JSON, drawn with a line for each seed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from sc_core.atomic_file import replacing, write_atomically

mpl.use("Agg")
import matplotlib.pyplot as plt

Curves = Mapping[str, Sequence[Sequence[float]]]
"""By method, one curve for each seed."""


def save(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result as JSON, whole or not at all."""
    write_atomically(path, (json.dumps(result, indent=1) + "\n").encode())


def draw(
    path: Path, every: int, curves: Curves, labels: Mapping[str, Any], goal: float, *, first: int = 0
) -> None:
    """Draw a line for each seed, a colour for each method, and the goal.

    Parameters
    ----------
    path : Path
        Of the picture.
    every : int
        Iterations between two points of a curve.
    curves : mapping of str to sequences of sequences of float
        They may end at different iterations.
    labels : mapping of str to object
        Title, labels and scales of the axes, as matplotlib's ``Axes.set`` takes them.
    goal : float
        Drawn as a line.
    first : int
        The iteration of a curve's first point.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for number, (name, of_seeds) in enumerate(curves.items()):
        for seed, curve in enumerate(of_seeds):
            iterations = [first + every * place for place in range(len(curve))]
            axes.plot(iterations, curve, f"C{number}", linewidth=0.8, label=None if seed else name)
    axes.axhline(goal, color="0.5", linestyle=":", label="goal")
    axes.set(xlabel="iteration", **labels)
    axes.legend()
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=120, format=path.suffix[1:])
    plt.close(figure)
