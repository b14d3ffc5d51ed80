"""Simulation: whole sequences through compiled kernels, or step by step with live plasticities."""

from sc_core.simulation.arrays import NetworkArrays, PopulationArrays, checked_inputs
from sc_core.simulation.forward import Forward, native_view
from sc_core.simulation.sequences import firing_rates, simulate
from sc_core.simulation.stepping import Simulation

__all__ = [
    "Forward",
    "NetworkArrays",
    "PopulationArrays",
    "Simulation",
    "checked_inputs",
    "firing_rates",
    "native_view",
    "simulate",
]
