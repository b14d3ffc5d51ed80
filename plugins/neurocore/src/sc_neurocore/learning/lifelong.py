"""Learning without forgetting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_ewc import EWC_SCLayer

__all__ = ["EWC_SCLayer"]

__getattr__, __dir__ = hand_on(__name__, {"EWC_SCLayer": "sc_plugin_ewc"})
