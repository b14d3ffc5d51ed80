"""Networks in whole numbers: what the projection engine computes, in Python and C (specs/integer-network.md)."""

from sc_hardware.integer_network.network import IntegerNetwork, IntegerPopulation, IntegerProjection
from sc_hardware.integer_network.neurons import IntegerInput, IntegerLI, IntegerLIF, IntegerNeuron
from sc_hardware.integer_network.simulation import IntegerSimulation

__all__ = [
    "IntegerInput",
    "IntegerLI",
    "IntegerLIF",
    "IntegerNetwork",
    "IntegerNeuron",
    "IntegerPopulation",
    "IntegerProjection",
    "IntegerSimulation",
]
