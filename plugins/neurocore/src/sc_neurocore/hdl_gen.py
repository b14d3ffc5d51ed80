"""Learning rules as hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_online_o1.emitter import OnlineO1LearningEmitter

__all__ = ["OnlineO1LearningEmitter"]

__getattr__, __dir__ = hand_on(__name__, {"OnlineO1LearningEmitter": "sc_plugin_online_o1.emitter"})
