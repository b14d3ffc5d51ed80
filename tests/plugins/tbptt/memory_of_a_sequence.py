"""Learn from one sequence that a generator makes window by window; print the peaks of memory in bytes.

usage: python memory_of_a_sequence.py N_STEPS K
"""

import resource
import sys
import tracemalloc

import numpy as np

from sc_core import ALIF, LI, Input, Network, Population, Projection
from sc_plugin_tbptt import TBPTTLearner


def build():
    rng = np.random.default_rng(0)
    source, hidden, readout = (
        Population("s", 10, Input()),
        Population("h", 30, ALIF()),
        Population("r", 2, LI()),
    )
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 1.0, (10, 30))),
            Projection(hidden, hidden, rng.normal(0, 0.3, (30, 30)), delay=2),
            Projection(hidden, readout, rng.normal(0, 0.1, (30, 2))),
        ],
    )


def peaks(n_steps, k):
    """Peak bytes that Python and NumPy allocated in training, and peak resident bytes of the process."""
    network, rng, targets = build(), np.random.default_rng(1), np.zeros((k, 1, 2))
    learner = TBPTTLearner(network, "mean_square", lr=1e-4, k=k)
    network.run(np.zeros((1, 10)))  # loads what is loaded late
    tracemalloc.start()
    learner.train_step((rng.random((k, 1, 10)), targets) for _ in range(0, n_steps, k))
    return tracemalloc.get_traced_memory()[1], 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(*peaks(int(sys.argv[1]), int(sys.argv[2])))
