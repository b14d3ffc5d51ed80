"""Simulation: whole sequences through compiled kernels, or step by step with live plasticities."""

from sc_core.simulation.arrays import NetworkArrays, PopulationArrays, checked_inputs
from sc_core.simulation.columns import columns_of
from sc_core.simulation.forward import Forward, native_view
from sc_core.simulation.recorders import (
    Recording,
    Samples,
    SpikeRecord,
    SpikeRecorder,
    StateRecorder,
    WeightRecorder,
)
from sc_core.simulation.reward import RewardedRule, RewardedSteps, learn_answers
from sc_core.simulation.sequences import firing_rates, simulate
from sc_core.simulation.stepping import Simulation
from sc_core.simulation.stimuli import ArrayStimulus, PoissonStimulus, SpikeStimulus, load_stimulus

__all__ = [
    "ArrayStimulus",
    "Forward",
    "NetworkArrays",
    "PoissonStimulus",
    "PopulationArrays",
    "Recording",
    "RewardedRule",
    "RewardedSteps",
    "Samples",
    "Simulation",
    "SpikeRecord",
    "SpikeRecorder",
    "SpikeStimulus",
    "StateRecorder",
    "WeightRecorder",
    "checked_inputs",
    "columns_of",
    "firing_rates",
    "learn_answers",
    "load_stimulus",
    "native_view",
    "simulate",
]
