"""Pattern generation with e-prop.

A recurrent network of 100 LIF neurons learns to turn a second of frozen noise into three superposed sines, as in
figure 3 of Bellec et al. 2020. Nothing but each synapse's eligibility trace and the readout's present error is used;
the curves show what backpropagation through time, which looks through all neurons into the past, makes of the same.

    python examples/eprop/pattern_generation.py [FOLDER]        (a few minutes on one core)
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import learning_curves
import numpy as np
from numpy.typing import NDArray

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, registry
from sc_gradient import RatePenalty

N_STEPS, N_INPUT, N_RECURRENT = 1000, 100, 100
TAU, THRESHOLD = 30.0, 0.03
ITERATIONS, EVERY, SEEDS, GOAL = 2000, 20, 5, 0.1

# %%
# The methods have the same options but for this: e-prop has the paper's surrogate, of height 0.3 for a threshold
# of 1. With that, BPTT's gradient grows without bound over 1000 steps of this network: it gets a third of the height,
# and its norm is clipped.

STORED = {"mode": "stored", "surrogate_scale": 0.3 / THRESHOLD}
METHODS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "e-prop, symmetric": ("eprop", {**STORED, "feedback": "symmetric"}),
    "e-prop, random": ("eprop", {**STORED, "feedback": "random"}),
    "BPTT": ("bptt", {"surrogate_scale": 0.1 / THRESHOLD, "clip_norm": 1.0}),
}

# %%
# The task: spikes at 50 Hz, the same in every iteration, and a target of sines of 1, 2 and 3 Hz with random
# amplitudes and phases, scaled to a maximum of 1.


def make_task(rng: np.random.Generator) -> Batch:
    """Return the frozen noise and the pattern."""
    spikes = rng.random((N_STEPS, 1, N_INPUT)) < 0.05
    seconds = np.arange(N_STEPS)[:, None] / 1000.0
    amplitudes, phases = rng.uniform(0.5, 2.0, 3), rng.uniform(0, 2 * np.pi, 3)
    pattern = np.sum(amplitudes * np.sin(2 * np.pi * seconds * [1.0, 2.0, 3.0] + phases), axis=1)
    pattern /= np.abs(pattern).max()
    return Batch(spikes.astype(np.uint8), pattern.astype(np.float32)[:, None, None])


# %%
# The network: all to all, but for a neuron's synapse onto itself; weights, time constants and threshold as in the
# paper.


def make_network(rng: np.random.Generator) -> Network:
    """Return a fresh network."""

    def normal(n_source: int, n_target: int) -> NDArray[np.float32]:
        return np.asarray(rng.normal(0.0, n_source**-0.5, (n_source, n_target)), np.float32)

    source = Population("source", N_INPUT, Input())
    recurrent = Population("recurrent", N_RECURRENT, LIF(tau=TAU, v_threshold=THRESHOLD))
    readout = Population("readout", 1, LI(tau=TAU))
    itself = normal(N_RECURRENT, N_RECURRENT)
    np.fill_diagonal(itself, 0.0)
    return Network(
        [source, recurrent, readout],
        [
            Projection(source, recurrent, normal(N_INPUT, N_RECURRENT)),
            Projection(recurrent, recurrent, itself, delay=1),
            Projection(recurrent, readout, normal(N_RECURRENT, 1)),
        ],
    )


# %%
# Training with Adam and the paper's rate regularisation at 10 Hz.


def train(method: str, seed: int) -> list[float]:
    """Return the normalised mean square error every `EVERY` iterations."""
    name, options = METHODS[method]
    rng = np.random.default_rng(seed)
    batch, network = make_task(rng), make_network(rng)
    penalty = RatePenalty(population="recurrent", strength=3e-5, lower=10.0, upper=10.0, per_neuron=True)
    learner = registry.create(
        "learner",
        name,
        network,
        loss_fn="mean_square",
        lr=2e-3,
        optimiser="adam",
        surrogate="triangle",
        surrogate_slope=1 / THRESHOLD,
        rate_penalties=[penalty],
        **options,
    )
    variance = float(np.var(batch.targets.astype(float)))
    errors = []
    for iteration in range(ITERATIONS + 1):
        if iteration % EVERY == 0:
            errors.append(learner.evaluate(batch)["loss"] / variance)
        learner.learn(batch)
    return errors


# %%
# Five seeds each: another noise, pattern and network for every seed, the same for every method.


def main(folder: Path) -> None:
    """Train, keep the curves, draw them."""
    curves: dict[str, list[list[float]]] = {method: [] for method in METHODS}
    for method, of_seeds in curves.items():
        for seed in range(SEEDS):
            of_seeds.append(train(method, seed))
            print(f"{method}, seed {seed}: {of_seeds[-1][-1]:.4f}", flush=True)
    result = {"every": EVERY, "goal": GOAL, "normalised_mean_square_error": curves}
    learning_curves.save(folder / "eprop_pattern_generation.json", result)
    labels = {"ylabel": "normalised mean square error", "yscale": "log", "title": "Pattern generation"}
    learning_curves.draw(folder / "eprop_pattern_generation.png", EVERY, curves, labels, GOAL)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
