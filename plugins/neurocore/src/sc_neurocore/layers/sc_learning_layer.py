"""A layer of stochastic computing that learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_ewc import SCLearningLayer

__all__ = ["SCLearningLayer"]

__getattr__, __dir__ = hand_on(__name__, {"SCLearningLayer": "sc_plugin_ewc"})
