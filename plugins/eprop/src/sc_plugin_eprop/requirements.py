"""What e-prop asks of a network and a loss (specs/eprop.md, "What it takes")."""

from __future__ import annotations

import numpy as np

from sc_core.errors import ConfigurationError
from sc_core.model import LI, Network
from sc_gradient import Loss
from sc_plugin_eprop.feedback import readout_projections
from sc_plugin_eprop.stepwise_loss import is_stepwise


def check_network(network: Network) -> None:
    """Refuse a network in which some neurons would learn without a learning signal.

    Raises
    ------
    ConfigurationError
    """
    output = network.output_population
    if not isinstance(output.neuron, LI):
        raise ConfigurationError(
            "network", f"the output {output.name!r} is {type(output.neuron).__name__}; e-prop's readout is LI"
        )
    reached = {projection.source.name for projection in readout_projections(network)}
    for projection in network.projections:
        target = projection.target
        if projection.trainable and target.spiking and target.name not in reached:
            raise ConfigurationError(
                f"network.projections[{projection.name!r}]",
                f"population {target.name!r} does not project to the output {output.name!r}, so no learning signal "
                "reaches it: connect it, or make its incoming projections not trainable",
            )


def check_online(network: Network, loss: Loss) -> None:
    """Refuse what cannot be learned online: more than one filter of a synapse, losses on whole sequences.

    Raises
    ------
    ConfigurationError
    """
    remedy = "or use mode='stored'"
    if not is_stepwise(loss):
        raise ConfigurationError(
            "loss_fn",
            f"learning online needs a loss of single steps: 'cross_entropy_steps' or 'mean_square', {remedy}",
        )
    readout = network.output_population
    assert isinstance(readout.neuron, LI)  # by check_network  # noqa: S101
    if np.unique(readout.neuron.tau).size > 1:
        raise ConfigurationError(
            f"network.populations[{readout.name!r}]",
            f"learning online needs one tau for all readout neurons, {remedy}",
        )
    for projection in readout_projections(network):
        if projection.delay:
            raise ConfigurationError(
                f"network.projections[{projection.name!r}]",
                f"learning online needs a readout without delay, got {projection.delay} steps, {remedy}",
            )
