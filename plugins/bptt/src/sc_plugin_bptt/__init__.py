"""Backpropagation through time, a learner for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["BPTTLearner"]

if TYPE_CHECKING:
    from sc_plugin_bptt.learner import BPTTLearner


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the engine.
    if name == "BPTTLearner":
        from sc_plugin_bptt.learner import BPTTLearner

        return BPTTLearner
    raise AttributeError(f"module 'sc_plugin_bptt' has no attribute {name!r}")
