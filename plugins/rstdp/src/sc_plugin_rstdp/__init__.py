"""Reward-modulated spike-timing dependent plasticity, a plasticity for sc-core."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["RewardModulatedLearner", "RewardModulatedSTDP", "RewardModulatedSTDPOptions"]

if TYPE_CHECKING:
    from sc_plugin_rstdp.learner import RewardModulatedLearner
    from sc_plugin_rstdp.options import RewardModulatedSTDPOptions
    from sc_plugin_rstdp.plasticity import RewardModulatedSTDP

_HOME = {
    "RewardModulatedLearner": "learner",
    "RewardModulatedSTDP": "plasticity",
    "RewardModulatedSTDPOptions": "options",
}


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import NumPy.
    if name in _HOME:
        return getattr(importlib.import_module(f"sc_plugin_rstdp.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sc_plugin_rstdp' has no attribute {name!r}")
