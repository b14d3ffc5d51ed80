"""The network model: populations of neurons and sparse projections between them."""

from sc_core.model.initialisation import fluctuation_gain
from sc_core.model.network import Network
from sc_core.model.neurons import ALIF, LI, LIF, NEURONS, Coefficients, CubaLIF, Input, Neuron
from sc_core.model.population import Population
from sc_core.model.projection import Projection

__all__ = [
    "ALIF",
    "LI",
    "LIF",
    "NEURONS",
    "Coefficients",
    "CubaLIF",
    "Input",
    "Network",
    "Neuron",
    "Population",
    "Projection",
    "fluctuation_gain",
]
