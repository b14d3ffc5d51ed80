"""Rewiring in one compaction: 10 000 synapses go and 10 000 grow, two per-synapse arrays follow.

    python benchmarks/rewiring.py [--synapses 10000000] [--rounds 5]

specs/structural.md quotes the median.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import scipy.sparse

from sc_core import LIF, Input, Population, Projection

_FAN_OUT, _CHANGED = 1000, 10_000


def make_projection(n_synapses: int) -> Projection:
    """Return a projection between equal populations, 1000 synapses for each neuron, with two arrays registered."""
    n = n_synapses // _FAN_OUT
    stride = max(1, n // _FAN_OUT)
    indices = np.tile(np.arange(_FAN_OUT, dtype=np.int32) * stride, (n, 1))
    indptr = np.arange(0, n * _FAN_OUT + 1, _FAN_OUT, dtype=np.int32)
    arrays = (np.full(indices.size, 0.5, np.float32), indices.ravel(), indptr)
    weights = scipy.sparse.csr_array(arrays, shape=(n, max(n, _FAN_OUT)))
    source, target = Population("source", n, Input()), Population("target", max(n, _FAN_OUT), LIF())
    projection = Projection(source, target, weights)
    projection.register("first_moment")
    projection.register("second_moment")
    return projection


def measure(projection: Projection, rng: np.random.Generator) -> float:
    """Rewire once and return the seconds; new synapses stand where nothing was before."""
    gone = rng.choice(projection.n_synapses, _CHANGED, replace=False)
    n_pairs = projection.source.n * projection.target.n
    keys = np.unique(rng.integers(0, n_pairs, 4 * _CHANGED))
    rows, columns = np.divmod(keys, projection.target.n)
    absent = np.asarray(projection.weights[rows, columns]).ravel() == 0
    rows, columns = rows[absent][:_CHANGED], columns[absent][:_CHANGED]
    start = time.perf_counter()
    projection.rewire(prune=gone, grow=(rows, columns, np.full(rows.size, 0.5)))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--synapses", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    projection = make_projection(arguments.synapses)
    seconds = [measure(projection, rng) for _ in range(arguments.rounds)]
    print(f"{projection.n_synapses} synapses: median {statistics.median(seconds):.3f} s of {len(seconds)}")


if __name__ == "__main__":
    main()
