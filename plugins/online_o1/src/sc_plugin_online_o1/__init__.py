"""Bounded fixed-point online learning: reward-modulated STDP, the same bits in Python, C, Verilog and VHDL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "OnlineO1Config",
    "OnlineO1Learner",
    "OnlineO1Snapshot",
    "OnlineO1Synapse",
    "OnlineO1Synapses",
    "build_online_o1_memory_proof",
    "fading_reward_modulated_stdp",
    "reward_modulated_stdp",
]

if TYPE_CHECKING:
    from sc_plugin_online_o1.config import OnlineO1Config
    from sc_plugin_online_o1.learner import OnlineO1Learner
    from sc_plugin_online_o1.memory import build_online_o1_memory_proof
    from sc_plugin_online_o1.rules import fading_reward_modulated_stdp, reward_modulated_stdp
    from sc_plugin_online_o1.synapse import OnlineO1Snapshot, OnlineO1Synapse
    from sc_plugin_online_o1.synapses import OnlineO1Synapses

_HOMES = {
    "OnlineO1Config": "config",
    "OnlineO1Learner": "learner",
    "OnlineO1Snapshot": "synapse",
    "OnlineO1Synapse": "synapse",
    "OnlineO1Synapses": "synapses",
    "build_online_o1_memory_proof": "memory",
    "fading_reward_modulated_stdp": "rules",
    "reward_modulated_stdp": "rules",
}


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not trace rules.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
