"""The weights of a network as one vector, and many networks of different weights as one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core.model import Network, Population, Projection
from sc_core.model.neurons import Neuron, parameter_names


def weights_of(network: Network) -> NDArray[np.float64]:
    """Return the weights of all trainable projections, in the network's order, (n_weights,)."""
    return np.concatenate([np.zeros(0), *(p.data for p in network.projections if p.trainable)])


def set_weights(network: Network, weights: NDArray[np.float64]) -> None:
    """Write a vector as `weights_of` returns it into the network."""
    start = 0
    for projection in network.projections:
        if projection.trainable:
            projection.data = weights[start : start + projection.n_synapses]
            start += projection.n_synapses


def scale_of(network: Network) -> NDArray[np.float64]:
    """Return for each weight the root mean square of its projection's, 1 where that is 0, (n_weights,)."""
    scales = [np.zeros(0)]
    for projection in network.projections:
        if projection.trainable:
            size = float(np.linalg.norm(projection.data)) / max(1, projection.n_synapses) ** 0.5
            scales.append(np.full(projection.n_synapses, size or 1.0))
    return np.concatenate(scales)


def side_by_side(network: Network, candidates: NDArray[np.float64]) -> Network:
    """Return unconnected copies of a network as one network, so that a kernel runs all of them at once.

    Parameters
    ----------
    network : Network
    candidates : ndarray, shape (n_copies, n_weights)
        The weights of each copy, as `weights_of` returns them.

    Returns
    -------
    Network
        Neuron i of copy c is neuron c·n + i of its population.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Input, Network, Population, Projection
    >>> source, readout = Population("source", 1, Input()), Population("readout", 1, LI())
    >>> one = Network([source, readout], [Projection(source, readout, [[1.0]])])
    >>> side_by_side(one, np.array([[1.0], [-1.0]])).run(np.ones((1, 2))).round(4)
    array([[ 0.0488, -0.0488]])
    """
    n_copies = len(candidates)
    populations = {
        population.name: Population(
            population.name, n_copies * population.n, _repeated(population.neuron, n_copies)
        )
        for population in network.populations
    }
    projections, start = [], 0
    for projection in network.projections:
        weights = np.tile(projection.data, n_copies)
        if projection.trainable:
            weights[...] = candidates[:, start : start + projection.n_synapses].ravel()
            start += projection.n_synapses
        projections.append(_block_diagonal(projection, weights, n_copies, populations))
    return Network(
        list(populations.values()),
        projections,
        network.dt,
        inputs=network.input_population.name,
        outputs=network.output_population.name,
    )


def _repeated(neuron: Neuron, n_copies: int) -> Neuron:
    of_neurons = {
        name: tuple(value) * n_copies
        for name in parameter_names(type(neuron))
        if isinstance(value := getattr(neuron, name), Sequence)
    }
    return attrs.evolve(neuron, **cast(Any, of_neurons))


def _block_diagonal(
    projection: Projection, weights: NDArray[Any], n_copies: int, populations: Mapping[str, Population]
) -> Projection:
    copies = np.arange(n_copies)[:, None]
    indices = (projection.indices + projection.target.n * copies).ravel()
    starts = (projection.indptr[:-1] + projection.n_synapses * copies).ravel()
    matrix = scipy.sparse.csr_array(
        (weights, indices, np.append(starts, weights.size)),
        shape=(n_copies * projection.source.n, n_copies * projection.target.n),
    )
    of_synapses = projection.synapse_state.get("delay")
    return Projection(
        populations[projection.source.name],
        populations[projection.target.name],
        matrix,
        projection.delay if of_synapses is None else 0,
        delays=None if of_synapses is None else np.tile(of_synapses, n_copies),
        name=projection.name,
    )
