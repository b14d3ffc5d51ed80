"""Any number of threads gives the same bits, however they divide the work: by samples, steps or neurons."""

from __future__ import annotations

import numpy as np
import pytest

import sc_native
from sc_core import ALIF, LI, LIF, Batch, Input, Network, Population, Projection, topology
from sc_core.simulation import NetworkArrays
from sc_gradient import GradientEngine, Surrogate

pytestmark = pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")

N_ROWS = 3000  # so much work that five threads get some of it


def loops() -> Network:
    """Two populations in a loop, large enough that every thread has neurons, before a dense and a sparse layer."""
    rng = np.random.default_rng(3)
    source, first = Population("source", 70, Input()), Population("first", 150, LIF(tau=5.0))
    second, third = Population("second", 90, ALIF(tau=8.0)), Population("third", 80, LIF())
    readout = Population("readout", 4, LI())

    def sparse(before: Population, after: Population, **options: int) -> Projection:
        return Projection(
            before, after, topology.random(before.n, after.n, density=0.2, rng=rng, gain=8.0), **options
        )

    return Network(
        [source, first, second, third, readout],
        [
            Projection(source, first, topology.dense(70, 150, rng=rng, gain=6.0)),
            sparse(first, first, delay=2),
            sparse(first, second),
            sparse(second, first, delay=1),
            Projection(second, third, topology.dense(90, 80, rng=rng, gain=60.0)),
            sparse(third, readout),
        ],
    )


@pytest.mark.parametrize("batch", [1, 2, 7, 20])
def test_same_bits_for_any_thread_count(batch, monkeypatch):
    network, rng = loops(), np.random.default_rng(batch)
    spikes = (rng.random((N_ROWS // batch, batch, 70)) < 0.2).astype(np.uint8)
    experience = Batch(spikes, rng.integers(0, 4, batch))
    assert NetworkArrays(network, *spikes.shape[:2]).work > 5 * 1_500_000
    results = []
    for threads in ("1", "2", "3", "5"):
        monkeypatch.setenv("SC_THREADS", threads)
        engine = GradientEngine(network, "cross_entropy", Surrogate(), through_reset=False)
        results.append(engine.loss_and_gradient(experience)[1])
    assert all(np.any(gradient) for gradient in results[0])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("batch", [1, 3, 20])
def test_same_bits_where_few_spikes_meet_dense_matrices(batch, monkeypatch):
    rng = np.random.default_rng(batch)
    source, hidden = Population("source", 40, Input()), Population("hidden", 150, LIF(tau=15.0))
    readout = Population("readout", 2, LI())
    projections = [
        Projection(source, hidden, rng.normal(0, 6.0, (40, 150))),
        Projection(hidden, readout, rng.normal(0, 1.0, (150, 2))),
    ]
    network = Network([source, hidden, readout], projections)
    spikes = (rng.random((2 * N_ROWS // batch, batch, 40)) < 0.02).astype(np.uint8)
    experience = Batch(spikes, rng.integers(0, 2, batch))
    assert NetworkArrays(network, *spikes.shape[:2]).work > 5 * 1_500_000
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("SC_THREADS", threads)
        engine = GradientEngine(network, "cross_entropy_steps", Surrogate(), through_reset=False)
        results.append(engine.loss_and_gradient(experience)[1])
    assert all(np.any(gradient) for gradient in results[0])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)
