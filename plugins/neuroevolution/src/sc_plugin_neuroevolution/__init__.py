"""Evolution of spiking networks, a learner for sc-core."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "CMAES",
    "FitnessWarning",
    "GeneticAlgorithm",
    "NeuroevolutionLearner",
    "OpenAIES",
    "SNNGeneticEvolver",
]

if TYPE_CHECKING:
    from sc_plugin_neuroevolution.evaluation import FitnessWarning
    from sc_plugin_neuroevolution.evolver import SNNGeneticEvolver
    from sc_plugin_neuroevolution.learner import NeuroevolutionLearner
    from sc_plugin_neuroevolution.strategies import CMAES, GeneticAlgorithm, OpenAIES

_HOME = {
    "CMAES": "strategies",
    "FitnessWarning": "evaluation",
    "GeneticAlgorithm": "strategies",
    "NeuroevolutionLearner": "learner",
    "OpenAIES": "strategies",
    "SNNGeneticEvolver": "evolver",
}


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the strategies.
    if name in _HOME:
        return getattr(importlib.import_module(f"sc_plugin_neuroevolution.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sc_plugin_neuroevolution' has no attribute {name!r}")
