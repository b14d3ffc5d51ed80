"""What a run shows of its network to the callbacks that take arrays: weights, rates, a raster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from sc_core.contracts import Batch
from sc_core.model import Network
from sc_core.simulation import simulate


def observe(network: Network, batch: Batch) -> Iterator[tuple[str, NDArray[Any]]]:
    """Look at a network while it answers to `batch`.

    Parameters
    ----------
    network : Network
    batch : Batch
        At least one sample.

    Yields
    ------
    name : str
    values : ndarray
        ``weights/<projection>``, shape (n_synapses,), of each projection that has synapses; and of each spiking
        population ``rates/<population>``, shape (n,), the mean over the samples in Hz, and
        ``raster/<population>``, shape (n_steps, n), the spikes in answer to the first sample.
    """
    for projection in network.projections:
        if projection.n_synapses:
            yield f"weights/{projection.name}", projection.data
    outputs = simulate(network, batch.inputs)
    for population in network.populations:
        if population.spiking:
            spikes = outputs[population.name]
            yield f"rates/{population.name}", spikes.mean(axis=(0, 1), dtype=float) * (1000.0 / network.dt)
            yield f"raster/{population.name}", spikes[:, 0]
