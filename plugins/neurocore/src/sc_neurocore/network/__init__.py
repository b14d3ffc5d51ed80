"""Populations, projections, networks and stimuli with the signatures of existing scripts, over sc_core's model."""

from sc_neurocore.network.network import Network
from sc_neurocore.network.neurons import LapicqueNeuron, StochasticLIFNeuron
from sc_neurocore.network.population import Population
from sc_neurocore.network.projection import Projection
from sc_neurocore.network.stimulus import PoissonInput

__all__ = [
    "LapicqueNeuron",
    "Network",
    "PoissonInput",
    "Population",
    "Projection",
    "StochasticLIFNeuron",
]
