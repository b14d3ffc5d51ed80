"""Elastic weight consolidation: a learner for sc-core, and a layer of stochastic computing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["EWCLearner", "EWC_SCLayer", "SCLearningLayer"]

if TYPE_CHECKING:
    from sc_plugin_ewc.ewc_layer import EWC_SCLayer
    from sc_plugin_ewc.learner import EWCLearner
    from sc_plugin_ewc.stochastic_layer import SCLearningLayer

_HOME = {"EWCLearner": "learner", "EWC_SCLayer": "ewc_layer", "SCLearningLayer": "stochastic_layer"}


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the engine.
    if name in _HOME:
        return getattr(importlib.import_module(f"sc_plugin_ewc.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sc_plugin_ewc' has no attribute {name!r}")
