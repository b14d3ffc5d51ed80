"""How long the exact Fisher information of ewc takes: a batch at once, and its sequences one by one.

python benchmarks/fisher_information.py [--rounds N]

The network is that of benchmarks/continual/permuted.toml; one thread; the least time of all rounds.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from typing import Any

os.environ["SC_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, topology
from sc_plugin_bptt import BPTTLearner
from sc_plugin_ewc.fisher import exact_fisher

N_CLASSES, BATCH, N_STEPS = 10, 32, 20


class OneByOne:
    """A learner of which only the gradient of a whole batch is seen."""

    def __init__(self, learner: BPTTLearner) -> None:
        self.loss_and_gradient = learner.loss_and_gradient


def make() -> tuple[BPTTLearner, Batch]:
    """Return the learner and a batch."""
    rng = np.random.default_rng(0)
    pixels, hidden = Population("pixels", 64, Input()), Population("hidden", 256, LIF(tau=20.0))
    digit = Population("digit", N_CLASSES, LI(tau=20.0))
    network = Network(
        [pixels, hidden, digit],
        [
            Projection(pixels, hidden, topology.dense(64, 256, rng=rng, dtype=np.float32)),
            Projection(hidden, digit, topology.dense(256, N_CLASSES, rng=rng, dtype=np.float32)),
        ],
    )
    pixel_values = rng.random((BATCH, 64), dtype=np.float32)
    inputs = np.ascontiguousarray(np.broadcast_to(pixel_values, (N_STEPS, BATCH, 64)))
    return BPTTLearner(network, surrogate_slope=5.0), Batch(inputs, rng.integers(0, N_CLASSES, BATCH))


def every_class(labels: NDArray[Any]) -> NDArray[np.intp]:
    """Return all labels for each sample."""
    return np.tile(np.arange(N_CLASSES), (labels.size, 1))


def main() -> None:
    """Print the times, and how far the results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    learner, batch = make()
    results, times = [], []
    for name, each in (("one by one", OneByOne(learner)), ("at once", learner)):
        work = partial(exact_fisher, each, [batch], every_class)  # type: ignore[arg-type]
        spent = []
        for _ in range(rounds):
            begin = time.perf_counter()
            result = work()
            spent.append(time.perf_counter() - begin)
        results.append(result)
        times.append(min(spent))
        print(f"{name}: {1000 * times[-1] / BATCH / N_CLASSES:.4f} ms for a class of a sample")
    difference = max(np.abs(a - b).max() / a.max() for a, b in zip(*results, strict=True))
    print(
        f"{times[0] / times[1]:.1f} times as fast; largest difference {difference:.1e} of the largest value"
    )


if __name__ == "__main__":
    main()
