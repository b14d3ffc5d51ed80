"""The eligibility of every synapse of one projection, and what is summed over time."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.model import LI, Network, Projection
from sc_core.model.neurons import ALIF, CubaLIF
from sc_gradient import RatePenalty


@attrs.frozen(eq=False)
class Synapses:
    """What learning online keeps for one projection (specs/eprop.md, eq. 2-7 and 10).

    Parameters
    ----------
    index : int
        Of the projection in the network.
    projection : Projection
    states : mapping of str to ndarray, shape (batch, n_synapses)
        Those that the target has of ``synaptic_current``, ``membrane``, ``adaptation`` (named as the neuron's states
        whose derivatives they are) and ``filtered``, the readout's filter of the eligibility trace.
    signal_sum : ndarray, shape (n_synapses,)
        Learning signal times eligibility, summed over steps and sequences.
    trace_sum : ndarray, shape (n_synapses,), or None
        The unfiltered trace alone, summed likewise, where the target's rate is penalised.
    """

    index: int
    projection: Projection
    states: dict[str, NDArray[Any]]
    signal_sum: NDArray[Any]
    trace_sum: NDArray[Any] | None

    @property
    def sums(self) -> list[NDArray[Any]]:
        """The sums that there are."""
        return [self.signal_sum] if self.trace_sum is None else [self.signal_sum, self.trace_sum]

    def clear_sums(self) -> None:
        """Set the sums to zero."""
        for total in self.sums:
            total[...] = 0


def learning_synapses(
    network: Network, batch: int, rate_penalties: tuple[RatePenalty, ...]
) -> list[Synapses]:
    """Return zeroed eligibilities for every projection that learns.

    Those onto an LI that is not the network's output have no part in the loss.
    """
    penalised = {penalty.population for penalty in rate_penalties}
    learning = [
        (index, projection)
        for index, projection in enumerate(network.projections)
        if projection.trainable
        and (projection.target.spiking or projection.target is network.output_population)
    ]
    return [
        Synapses(
            index,
            projection,
            {name: np.zeros((batch, projection.n_synapses), network.dtype) for name in _states(projection)},
            np.zeros_like(projection.data),
            np.zeros_like(projection.data) if projection.target.name in penalised else None,
        )
        for index, projection in learning
    ]


def _states(projection: Projection) -> list[str]:
    neuron = projection.target.neuron
    if isinstance(neuron, LI):
        return ["membrane"]
    if isinstance(neuron, CubaLIF):
        return ["synaptic_current", "membrane", "filtered"]
    if isinstance(neuron, ALIF):
        return ["membrane", "adaptation", "filtered"]
    return ["membrane", "filtered"]
