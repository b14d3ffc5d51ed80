"""The CUBA network of Vogels & Abbott 2005 with one synaptic time constant, as arrays that every contestant reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARAMETERS = {
    "tau_mem": 20.0,  # ms
    "tau_syn": 5.0,  # ms
    "v_leak": -49.0,  # mV
    "v_threshold": -50.0,
    "v_reset": -60.0,
    "refractory": 5.0,  # ms
    "delay": 1.0,  # ms
    "a_plus": 0.01,
    "a_minus": 0.0105,
    "tau_plus": 20.0,  # ms
    "tau_minus": 20.0,
    "w_max": 3.24,  # mV
    # R-STDP alone:
    "learning_rate": 1e-4,  # mV / ms
    "r_a_plus": 1.0,
    "r_a_minus": 1.05,
    "tau_eligibility": 1000.0,  # ms
    "tau_reward": 200.0,  # ms
}
REWARDS_PER_SECOND = 5  # each 1
EXCITATORY, INHIBITORY = 1.62, -18.0  # mV; with 10 ms instead of 5 the original's -9 mV carry the same charge
IN_DEGREE = 80


def write(path: Path, n: int, dt: float, seed: int = 0) -> None:
    """Write a network of `n` neurons, four fifths excitatory, with some 80 synapses onto each, and its parameters."""
    rng = np.random.default_rng(seed)
    n_excitatory = n * 4 // 5
    arrays: dict[str, Any] = {"n_excitatory": n_excitatory, "n": n, "dt": dt, **PARAMETERS}
    sizes = {"e": n_excitatory, "i": n - n_excitatory}
    for source, weight in (("e", EXCITATORY), ("i", INHIBITORY)):
        for target in sizes:
            pre, post = _random(sizes[source], sizes[target], IN_DEGREE / n, rng)
            arrays |= {
                f"pre_{source}{target}": pre,
                f"post_{source}{target}": post,
                f"weight_{source}{target}": weight,
            }
    arrays["rewards"] = _rewards(10, np.random.default_rng(seed + 1))
    arrays["v"] = rng.uniform(PARAMETERS["v_reset"], PARAMETERS["v_threshold"], n)
    np.savez(path, **arrays)


def _rewards(n_seconds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the times (ms) of rewards: as many in every second, on whole milliseconds."""
    within = [np.sort(rng.choice(990, REWARDS_PER_SECOND, replace=False)) + 5 for _ in range(n_seconds)]
    return np.concatenate([1000 * second + times for second, times in enumerate(within)])


def _random(
    n_source: int, n_target: int, density: float, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the ends of synapses that exist independently with one probability, sorted by source and target."""
    pre, post = [], []
    for row, degree in enumerate(rng.binomial(n_target, density, n_source)):
        post.append(np.sort(rng.choice(n_target, degree, replace=False)).astype(np.int32))
        pre.append(np.full(degree, row, np.int32))
    return np.concatenate(pre), np.concatenate(post)
