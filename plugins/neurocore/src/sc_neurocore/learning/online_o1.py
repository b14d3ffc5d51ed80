"""Bounded fixed-point online learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_online_o1 import (
        OnlineO1Config,
        OnlineO1Snapshot,
        OnlineO1Synapse,
        build_online_o1_memory_proof,
    )

__all__ = ["OnlineO1Config", "OnlineO1Snapshot", "OnlineO1Synapse", "build_online_o1_memory_proof"]

__getattr__, __dir__ = hand_on(__name__, dict.fromkeys(__all__, "sc_plugin_online_o1"))
