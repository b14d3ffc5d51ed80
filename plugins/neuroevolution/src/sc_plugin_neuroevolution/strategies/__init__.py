"""Strategies that are asked for candidates and told their fitness, by name."""

from __future__ import annotations

from typing import Any

from sc_plugin_neuroevolution.strategies.cma_es import CMAES
from sc_plugin_neuroevolution.strategies.genetic import GeneticAlgorithm
from sc_plugin_neuroevolution.strategies.openai_es import OpenAIES
from sc_plugin_neuroevolution.strategies.strategy import Strategy

STRATEGIES: dict[str, type[Any]] = {"genetic": GeneticAlgorithm, "openai-es": OpenAIES, "cma-es": CMAES}
"""The strategies by the names that a configuration gives them."""

__all__ = ["CMAES", "STRATEGIES", "GeneticAlgorithm", "OpenAIES", "Strategy"]
