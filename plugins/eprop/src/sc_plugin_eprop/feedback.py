"""The weights by which the learning signal reaches the neurons (specs/eprop.md, eq. 8-9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.model import Network, Projection
from sc_plugin_eprop.options import EpropOptions

_STATE = "feedback"


class FeedbackWeights:
    """Feedback weights, kept on the projections from spiking populations to the readout.

    Parameters
    ----------
    network : sc_core.Network
    options : EpropOptions

    Attributes
    ----------
    projections : list of Projection
        Those to the readout.
    """

    def __init__(self, network: Network, options: EpropOptions) -> None:
        self._options = options
        self.projections = readout_projections(network)
        if options.feedback == "symmetric":
            return
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(options.feedback_seed)))
        for projection in self.projections:
            if _STATE in projection.synapse_state:
                projection.unregister(_STATE)  # of a learner before this one
            deviation = options.feedback_scale / np.sqrt(projection.source.n)
            projection.register(_STATE, rng.normal(0.0, deviation, projection.n_synapses))

    def __call__(self) -> Sequence[tuple[Projection, NDArray[Any]]]:
        """Return the projections to the readout with the weights that the learning signal meets on its way back."""
        return [(projection, self.of(projection)) for projection in self.projections]

    def of(self, projection: Projection) -> NDArray[Any]:
        """Return the feedback weights of one of `projections`, shape (n_synapses,)."""
        return projection.data if self._options.feedback == "symmetric" else projection.synapse_state[_STATE]

    def readout_weights(self) -> list[NDArray[Any]]:
        """Return a copy of the readout's weights where `follow` will need it."""
        if self._options.feedback != "adaptive":
            return []
        return [projection.data.copy() for projection in self.projections]

    def follow(self, before: Sequence[NDArray[Any]], lr: float) -> None:
        """Let adaptive feedback weights change as the readout's have since `before`, and both decay."""
        if self._options.feedback != "adaptive":
            return
        for projection, old in zip(self.projections, before, strict=True):
            if projection.trainable:
                kept = projection.data.dtype.type(1 - lr * self._options.feedback_decay)
                weights = projection.synapse_state[_STATE]
                weights += projection.data - old
                weights *= kept
                projection.data *= kept

    def state_dict(self) -> State:
        """Return the feedback weights of every projection that has its own."""
        if self._options.feedback == "symmetric":
            return {}
        return {projection.name: projection.synapse_state[_STATE] for projection in self.projections}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        for name, weights in state.items():
            projection = next(projection for projection in self.projections if projection.name == name)
            projection.synapse_state[_STATE][...] = weights


def readout_projections(network: Network) -> list[Projection]:
    """Return the projections from spiking populations to the output."""
    return [p for p in network.projections if p.target is network.output_population and p.source.spiking]
