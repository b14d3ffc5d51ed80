"""Learn from one sequence; print the peak of memory that was allocated meanwhile, in bytes.

usage: python memory_of_a_sequence.py N_STEPS MODE
"""

import sys
import tracemalloc

import numpy as np

from sc_core import ALIF, LI, Batch, Input, Network, Population, Projection
from sc_plugin_eprop import EpropLearner


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


def peak(n_steps, mode):
    """Inputs and targets are one step, seen n_steps times."""
    rng = np.random.default_rng(1)
    inputs = np.broadcast_to(rng.random((1, 1, 10)), (n_steps, 1, 10))
    learner = EpropLearner(build(), "mean_square", mode=mode)
    learner.learn(Batch(inputs[:1], np.zeros((1, 1, 2))))  # loads what is loaded late
    batch = Batch(inputs, np.broadcast_to(np.zeros((1, 1, 2)), (n_steps, 1, 2)))
    tracemalloc.start()
    learner.learn(batch)
    return tracemalloc.get_traced_memory()[1]


if __name__ == "__main__":
    print(peak(int(sys.argv[1]), sys.argv[2]))
