"""The workloads: W1 dense layers, W2a and W2b sparse recurrence; seeded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bptt_speed.task import Layered, Recurrent
from sc_core import topology

N_STEPS = 100
N_BATCHES = 4  # different ones in turn, so that nobody gains by remembering a batch
INPUT_PROBABILITY = 0.05
DECAY = math.exp(-1 / 20)  # tau = 20 ms, dt = 1 ms
LEARNING_RATE = 1e-6  # so low that activity, and with it the work, stays what it is over the measured steps


def _spikes(rng: np.random.Generator, n_steps: int, batch: int, n: int) -> NDArray[np.uint8]:
    return (rng.random((N_BATCHES, n_steps, batch, n), np.float32) < INPUT_PROBABILITY).astype(np.uint8)


def layered(*, n_steps: int = N_STEPS, batch: int = 32, seed: int = 1) -> Layered:
    """Return W1: 700 -> 256 -> 20 dense."""
    rng = np.random.default_rng(seed)
    n_input, n_hidden, n_output = 700, 256, 20
    return Layered(
        spikes=_spikes(rng, n_steps, batch, n_input),
        labels=rng.integers(0, n_output, (N_BATCHES, batch)),
        decay=DECAY,
        lr=LEARNING_RATE,
        hidden_weights=rng.normal(0, 0.06, (n_input, n_hidden)).astype(np.float32),
        output_weights=rng.normal(0, 0.1, (n_hidden, n_output)).astype(np.float32),
    )


def recurrent(
    density: float, batch: int, *, n: int = 1000, n_steps: int = N_STEPS, seed: int = 2
) -> Recurrent:
    """Return a recurrent population of `n` neurons with synapses at `density`."""
    rng = np.random.default_rng(seed)
    weights = topology.random(n, n, density=density, rng=rng, gain=0.5, dtype=np.float32)
    return Recurrent(
        spikes=_spikes(rng, n_steps, batch, n),
        labels=rng.integers(0, n, (N_BATCHES, batch)),
        decay=DECAY,
        lr=LEARNING_RATE,
        indptr=weights.indptr.astype(np.int32),
        indices=weights.indices.astype(np.int32),
        data=weights.data,
        input_gain=1.05,  # not 1: neurons fire at the threshold in some libraries, only above it in others
    )
