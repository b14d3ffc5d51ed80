"""Evidence accumulation with e-prop.

Seven cues come from the left or the right; a second later the network is asked which side had more, as in figure 4 of
Bellec et al. 2020. The threshold of adaptive neurons remembers, and the eligibility trace of a synapse onto such a
neuron keeps what it did then until the error arrives: learning without looking back.

    python examples/eprop/evidence_accumulation.py [FOLDER]     (an hour on one core)

Every run is kept as soon as it is done; called again with the same folder, it goes on with those that are missing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import learning_curves
import numpy as np
from numpy.typing import NDArray

from sc_core import ALIF, LI, LIF, Batch, Input, Network, Population, Projection, registry
from sc_gradient import RatePenalty

N_CUES, CUE, PAUSE, RECALL, N_STEPS = 7, 100, 50, 150, 2250
N_INPUT, N_HALF, TAU, TAU_ADAPTATION, THRESHOLD = 40, 50, 20.0, 2000.0, 0.6
BATCH, ITERATIONS, EVERY, SEEDS = 32, 2000, 5, 5
GOAL, CHECKS = 0.05, 20
LEARNING_RATE, HALVED_EVERY = 5e-3, 300
METHODS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "e-prop, symmetric": ("eprop", {"feedback": "symmetric", "mode": "stored"}),
    "e-prop, random": ("eprop", {"feedback": "random", "feedback_scale": 1.0, "mode": "stored"}),
    # Through the reset, as in the paper, but with a third of its surrogate height: with all of it the gradient
    # explodes once the neurons fire at 20 Hz.
    "BPTT": ("bptt", {"through_reset": True, "clip_norm": 1.0, "surrogate_scale": 0.1 / THRESHOLD}),
}

# %%
# The task: ten input neurons each for the left, the right and the question fire at 40 Hz while there is a cue, ten
# more at 10 Hz all the time. One side is drawn for each sequence; cues come from there with a probability of 0.7.


def make_batch(rng: np.random.Generator) -> Batch:
    """Return fresh sequences and the side that had more cues."""

    def volley(n_steps: int, probability: float) -> NDArray[np.bool_]:
        return rng.random((n_steps, BATCH, 10), dtype=np.float32) < probability

    side = rng.integers(0, 2, BATCH)
    cues = rng.random((BATCH, N_CUES)) < np.where(side == 1, 0.7, 0.3)[:, None]
    spikes = np.zeros((N_STEPS, BATCH, N_INPUT), np.uint8)
    for number in range(N_CUES):
        begin = number * (CUE + PAUSE) + PAUSE
        cue, right = volley(CUE, 0.04), cues[:, number, None]
        spikes[begin : begin + CUE, :, :10] = cue & ~right
        spikes[begin : begin + CUE, :, 10:20] = cue & right
    spikes[-RECALL:, :, 20:30] = volley(RECALL, 0.04)
    spikes[:, :, 30:] = volley(N_STEPS, 0.01)
    return Batch(spikes, (cues.sum(axis=1) > N_CUES / 2).astype(int))


# %%
# The network: 50 LIF and 50 adaptive neurons, all to all. The paper's gain of 1, for the input of the neurons and of
# the readout, is r = 1 / (1 - alpha) here.


def make_network(rng: np.random.Generator) -> Network:
    """Return a fresh network."""

    def normal(n_source: int, n_target: int, deviation: float) -> NDArray[np.float32]:
        return (deviation * rng.normal(size=(n_source, n_target))).astype(np.float32)

    gain = 1 / (1 - np.exp(-1 / TAU))
    common = {"tau": TAU, "r": gain, "v_threshold": THRESHOLD, "refractory_steps": 5}
    source, readout = Population("source", N_INPUT, Input()), Population("readout", 2, LI(tau=TAU, r=gain))
    plain = Population("plain", N_HALF, LIF(**common))
    adaptive = Population(
        "adaptive",
        N_HALF,
        ALIF(tau_adaptation=TAU_ADAPTATION, adaptation_strength=1.7 * gain, **common),
    )
    projections = []
    for target in (plain, adaptive):
        projections.append(Projection(source, target, normal(N_INPUT, N_HALF, N_INPUT**-0.5)))
        for origin in (plain, adaptive):
            recurrent = normal(N_HALF, N_HALF, (2 * N_HALF) ** -0.5)
            if origin is target:
                np.fill_diagonal(recurrent, 0.0)
            projections.append(Projection(origin, target, recurrent, delay=1))
        projections.append(Projection(target, readout, normal(N_HALF, 2, (N_HALF + 1) ** -0.5)))
    return Network([source, plain, adaptive, readout], projections)


# %%
# Training with Adam, the paper's surrogate and rate regularisation; the paper's learning rate, but halved every 300
# iterations; 32 fresh sequences in every iteration, half the paper's. It ends when the mean error of the last twenty
# checks, 640 fresh sequences, is below 5 %, at the latest after the paper's 2000 iterations.


def train(method: str, seed: int) -> list[float]:
    """Return the error, the share of wrong answers, every `EVERY` iterations."""
    name, options = METHODS[method]
    rng = np.random.default_rng(seed)
    network = make_network(rng)
    penalties = [
        RatePenalty(population=population, strength=5e-5, lower=10.0, upper=10.0, per_neuron=True)
        for population in ("plain", "adaptive")
    ]
    learner = registry.create(
        "learner",
        name,
        network,
        loss_fn={"name": "cross_entropy_steps", "last": RECALL},
        lr=LEARNING_RATE,
        optimiser="adam",
        surrogate="triangle",
        surrogate_slope=1 / THRESHOLD,
        rate_penalties=penalties,
        **{"surrogate_scale": 0.3 / THRESHOLD, **options},
    )
    errors: list[float] = []
    for iteration in range(ITERATIONS + 1):
        batch = make_batch(rng)
        if iteration % EVERY == 0:
            errors.append(1.0 - learner.evaluate(batch)["accuracy"])
            if len(errors) >= CHECKS and np.mean(errors[-CHECKS:]) < GOAL:
                break
        learner.lr = LEARNING_RATE * 0.5 ** (iteration / HALVED_EVERY)
        learner.learn(batch)
    return errors


# %%
# Five seeds each: another network and other sequences for every seed, the same for every method.


def run(folder: Path, method: str, seed: int) -> list[float]:
    """Return the curve of one run, from the folder if it is there."""
    kept = folder / f"{method.replace(', ', '-')}-{seed}.json"
    if not kept.exists():
        learning_curves.save(kept, {"errors": train(method, seed)})
    errors: list[float] = json.loads(kept.read_text())["errors"]
    share = np.mean(errors[-CHECKS:])
    print(
        f"{method}, seed {seed}: {100 * share:.1f} % after {EVERY * (len(errors) - 1)} iterations", flush=True
    )
    return errors


def main(folder: Path) -> None:
    """Train what is missing, keep the curves, draw them."""
    runs = folder / "evidence_accumulation_runs"
    runs.mkdir(parents=True, exist_ok=True)
    curves: dict[str, list[list[float]]] = {method: [] for method in METHODS}
    for seed in range(SEEDS):
        for method, of_seeds in curves.items():
            of_seeds.append(run(runs, method, seed))
    result = {"every": EVERY, "goal": GOAL, "checks": CHECKS, "errors": curves}
    learning_curves.save(folder / "eprop_evidence_accumulation.json", result)
    smooth = {
        method: [np.convolve(curve, np.full(CHECKS, 1 / CHECKS), "valid").tolist() for curve in of_seeds]
        for method, of_seeds in curves.items()
    }
    labels = {"ylabel": f"error, mean of {CHECKS} checks", "title": "Evidence accumulation"}
    learning_curves.draw(
        folder / "eprop_evidence_accumulation.png", EVERY, smooth, labels, GOAL, first=(CHECKS - 1) * EVERY
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
