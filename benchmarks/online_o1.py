"""Speed of `online-o1`: 1M synapses of a projection per step, and one lane through a sequence call.

``python benchmarks/online_o1.py`` prints a table: the least time of several runs, on one thread and on two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from sc_plugin_online_o1 import OnlineO1Config, OnlineO1Synapse, OnlineO1Synapses

N, SYNAPSES, STEPS, ACTIVITY, RUNS = 2000, 1_000_000, 100, 0.01, 15


def least_time(work: Callable[[], object], runs: int = RUNS) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def time_of_a_step(threads: int) -> float:
    """Return seconds per step of a projection at 1 % spikes with a reward in every step."""
    os.environ["SC_THREADS"] = str(threads)
    rng = np.random.default_rng(0)
    per_row = SYNAPSES // N
    indices = np.concatenate([np.sort(rng.choice(N, per_row, replace=False)) for _ in range(N)])
    weight = rng.integers(0, 65536, SYNAPSES)
    synapses = OnlineO1Synapses(np.arange(0, SYNAPSES + 1, per_row), indices, N, OnlineO1Config(), weight)
    pre, post = (rng.random((STEPS, N)) < ACTIVITY for _ in range(2))
    rewards = rng.integers(1, 128, STEPS)
    return least_time(lambda: synapses.run(pre, post, rewards)) / STEPS


def rate_of_a_lane() -> float:
    """Return steps per second of one synapse."""
    rng, n = np.random.default_rng(0), 1_000_000
    synapse = OnlineO1Synapse(OnlineO1Config())
    pre, post = rng.random((2, n)) < 0.05
    rewards = rng.integers(-128, 128, n)
    return n / least_time(lambda: synapse.run(pre_spikes=pre, post_spikes=post, rewards=rewards), 5)


if __name__ == "__main__":
    for threads in (1, 2):
        print(
            f"1M synapses, 1 % spikes, {threads} thread(s): {1e3 * time_of_a_step(threads):.3f} ms per step"
        )
    print(f"one lane: {1e-6 * rate_of_a_lane():.1f}M steps/s")
