"""Where the time of a training step goes: W1, W2a and W2b of the speed benchmark, sc-core alone.

python benchmarks/bptt_profile.py [--steps N] [--only W1 W2a W2b]     (SC_THREADS sets the threads)
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from bptt_speed.contestants.ours import Ours
from bptt_speed.task import Layered, Recurrent
from bptt_speed.workloads import layered, recurrent

from sc_core import kernels
from sc_gradient import GradientEngine, Optimiser
from sc_native.network import NativeNetwork

WORKLOADS: dict[str, Callable[[], Layered | Recurrent]] = {
    "W1": layered,
    "W2a": lambda: recurrent(density=0.01, batch=1),
    "W2b": lambda: recurrent(density=0.1, batch=16),
}
PARTS = (
    (NativeNetwork, "set_spikes", "event lists of the input"),
    (NativeNetwork, "forward", "forward pass"),
    (GradientEngine, "_loss_and_output_gradients", "loss"),
    (NativeNetwork, "backward", "backward pass"),
    (NativeNetwork, "weight_gradient", "weight gradients"),
    (Optimiser, "update", "update"),
)
WARM_UP = 8  # steps: every batch twice


def measure(parts: dict[str, float]) -> Callable[[], None]:
    """Add each part's time to `parts`, in ms, from now on; returns what ends that."""
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in PARTS]

    def timed(function: Callable[..., Any], label: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                parts[label] += 1e3 * (time.perf_counter() - start)

        return call

    for (owner, name, function), (_, _, label) in zip(originals, PARTS, strict=True):
        setattr(owner, name, timed(function, label))

    def restore() -> None:
        for owner, name, function in originals:
            setattr(owner, name, function)

    return restore


def profile(task: Layered | Recurrent, n_steps: int) -> dict[str, float]:
    """Return the median time of each part of a step, of the rest, and of the whole, ms."""
    ours = Ours(task)
    parts: dict[str, float] = defaultdict(float)
    restore = measure(parts)
    try:
        rows = []
        for step in range(WARM_UP + n_steps):
            parts.clear()
            start = time.perf_counter()
            ours.step(*task.batch(step))
            whole = 1e3 * (time.perf_counter() - start)
            rows.append([*(parts[label] for _, _, label in PARTS), whole - sum(parts.values()), whole])
    finally:
        restore()
    labels = [*(label for _, _, label in PARTS), "rest, in Python", "whole step"]
    return dict(zip(labels, np.median(rows[WARM_UP:], axis=0).tolist(), strict=True))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=100, help="measured steps")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    options = parser.parse_args()
    results = {name: profile(WORKLOADS[name](), options.steps) for name in options.only}
    print(f"{kernels.describe()}; median ms of {options.steps} steps\n")
    print("| part | " + " | ".join(results) + " |\n|---|" + "---|" * len(results))
    for label in next(iter(results.values())):
        print(f"| {label} | " + " | ".join(f"{result[label]:.2f}" for result in results.values()) + " |")


if __name__ == "__main__":
    main()
