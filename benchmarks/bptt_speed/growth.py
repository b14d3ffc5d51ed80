"""Sweeps of one quantity each: how time and memory of our training step grow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bptt_speed.contest import OURS, Process
from bptt_speed.environments import interpreter
from bptt_speed.task import Recurrent
from bptt_speed.workloads import recurrent


@dataclass(frozen=True)
class Sweep:
    """One quantity that grows.

    Parameters
    ----------
    quantity : str
        With its unit, for the plot.
    values : sequence of float
        What `task` is called with.
    task : callable
        Value -> Recurrent.
    size : callable
        (value, task) -> the quantity.
    """

    quantity: str
    values: tuple[float, ...]
    task: Callable[[float], Recurrent]
    size: Callable[[float, Recurrent], float]


SWEEPS = (
    Sweep(
        "steps",
        (50, 100, 200, 400, 800, 1600),
        lambda n_steps: recurrent(0.1, 4, n_steps=int(n_steps)),
        lambda value, _: value,
    ),
    Sweep(
        "sequences in a batch",
        (1, 2, 4, 8, 16, 32, 64),
        lambda batch: recurrent(0.1, int(batch)),
        lambda value, _: value,
    ),
    # 10 000 neurons: 100 thousand to 10 million synapses.
    Sweep(
        "synapses",
        (0.001, 0.003, 0.01, 0.03, 0.1),
        lambda density: recurrent(density, 4, n=10_000, n_steps=50),
        lambda _, task: task.data.size,
    ),
)


def measure(task: Recurrent, threads: int, rounds: int) -> dict[str, float]:
    """Return the median time of a training step and the memory that it takes, in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.npz"
        task.save(path)
        python = interpreter(OURS.environment, Path(folder))
        with Process(OURS, python, path, threads) as process:
            process.ask("run 2")
            times = process.ask(f"run {rounds}")
            memory = process.ask("memory") - process.start["memory_before"]
    return {"median_ms": float(np.median(times)), "memory_mb": memory}


def line_through(sizes: Iterable[float], values: Iterable[float]) -> dict[str, float]:
    """Fit offset + slope · size with relative errors; return it and the largest relative deviation.

    Examples
    --------
    >>> line_through([1, 2, 4], [3, 5, 9])
    {'offset': 1.0, 'slope': 2.0, 'largest_deviation': 0.0}
    """
    x, y = np.array(list(sizes), dtype=float), np.array(list(values), dtype=float)
    # Relative errors: else the largest point alone decides the line.
    columns = np.stack([1 / y, x / y], axis=1)
    offset, slope = np.linalg.lstsq(columns, np.ones_like(y), rcond=None)[0]
    deviation = np.max(np.abs((offset + slope * x) / y - 1))
    return {
        name: round(float(value), 9) + 0.0
        for name, value in (("offset", offset), ("slope", slope), ("largest_deviation", deviation))
    }


def run(sweep: Sweep, threads: Iterable[int], rounds: int) -> dict[str, Any]:
    """Return the points of a sweep and the lines through them, for each number of threads."""
    points: dict[str, list[dict[str, float]]] = {str(number): [] for number in threads}
    for value in sweep.values:
        task = sweep.task(value)
        for number, mine in points.items():
            point = {"size": sweep.size(value, task), **measure(task, int(number), rounds)}
            mine.append(point)
            print(
                f"{point['size']:>10.0f} {sweep.quantity}, {number} thread(s): {point['median_ms']:.2f} ms, "
                f"{point['memory_mb']:.1f} MB at work",
                flush=True,
            )
    fits = {
        number: {
            key: line_through([point["size"] for point in mine], [point[key] for point in mine])
            for key in ("median_ms", "memory_mb")
        }
        for number, mine in points.items()
    }
    return {"quantity": sweep.quantity, "points": points, "fits": fits}
