"""The bias of a majority of probability bitstreams: in closed form, and by aggregating bitstreams.

    python benchmarks/federated_majority_bias.py

writes benchmarks/federated/majority_bias.json and .svg; docs/federated-learning.md shows them.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import binom

mpl.use("svg")
from matplotlib import pyplot

from sc_plugin_federated import FederatedAggregator, PackedBits

RESULTS = Path(__file__).resolve().parent / "federated"
CLIENTS = (3, 7, 10, 31)
PROBABILITIES = np.linspace(0.02, 0.98, 33)
LENGTH = 2**16
SEED = 0


def expected(n_clients: int, p: float) -> float:
    """Return the probability that a majority is 1 (specs/federated.md, eq. 5)."""
    return float(binom.sf(n_clients // 2, n_clients, p))


def largest_bias(n_clients: int) -> tuple[float, float]:
    """Return where the majority's bias is largest, and that bias; of two such places the one above one half."""
    sides = [
        minimize_scalar(lambda p: -abs(expected(n_clients, p) - p), bounds=bounds, method="bounded")
        for bounds in ((0.5, 1.0), (0.0, 0.5))
    ]
    found = min(sides, key=lambda side: round(side.fun, 6))
    return float(found.x), expected(n_clients, found.x) - float(found.x)


def simulate() -> dict[str, dict[str, list[float]]]:
    """Return the bias of each aggregation of each number of clients at each probability."""
    rng = np.random.default_rng(SEED)
    biases: dict[str, dict[str, list[float]]] = {}
    for n_clients in CLIENTS:
        curves: dict[str, list[float]] = {"majority": [], "mean": [], "multiplexed": []}
        for p in PROBABILITIES:
            streams = [PackedBits.pack(rng.random(LENGTH) < p) for _ in range(n_clients)]
            multiplexed = FederatedAggregator.multiplex(streams, rng)
            values = {
                "majority": FederatedAggregator.aggregate_gradients(streams).unpack().mean(),
                "mean": FederatedAggregator.mean_bits(streams).mean(),
                "multiplexed": multiplexed.unpack().mean(),
            }
            for name, value in values.items():
                curves[name].append(float(value - p))
        biases[str(n_clients)] = curves
    return biases


def draw(biases: dict[str, dict[str, list[float]]], path: Path) -> None:
    figure, panel = pyplot.subplots(figsize=(6.4, 4.0))
    fine = np.linspace(0, 1, 201)
    for n_clients in CLIENTS:
        theory = [expected(n_clients, p) - p for p in fine]
        (line,) = panel.plot(fine, theory, label=f"majority of {n_clients}")
        panel.plot(
            PROBABILITIES, biases[str(n_clients)]["majority"], "o", color=line.get_color(), markersize=3
        )
    for name, marker in (("mean", "+"), ("multiplexed", "x")):
        panel.plot(PROBABILITIES, biases["7"][name], marker, color="black", label=f"{name} of 7")
    panel.set(xlabel="probability p that every client's bitstream encodes", ylabel="mean of the result - p")
    panel.legend(fontsize=8)
    panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    mpl.rcParams["svg.hashsalt"] = "sc-core"
    biases = simulate()
    largest = {str(n): dict(zip(("p", "bias"), largest_bias(n), strict=True)) for n in CLIENTS}
    result = {
        "length": LENGTH,
        "seed": SEED,
        "probabilities": PROBABILITIES.tolist(),
        "largest_bias": largest,
        "bias": biases,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "majority_bias.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(biases, RESULTS / "majority_bias.svg")
    print(
        "| clients | largest bias of the majority | at p | of the mean | multiplexed |\n|---|---|---|---|---|"
    )
    for n, found in largest.items():
        others = " | ".join(f"{np.abs(biases[n][name]).max():.3f}" for name in ("mean", "multiplexed"))
        print(f"| {n} | {found['bias']:.3f} | {found['p']:.3f} | {others} |")


if __name__ == "__main__":
    main()
