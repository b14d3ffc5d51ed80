"""Truncated backpropagation through time, a learner for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["TBPTTLearner"]

if TYPE_CHECKING:
    from sc_plugin_tbptt.learner import TBPTTLearner


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the engine.
    if name == "TBPTTLearner":
        from sc_plugin_tbptt.learner import TBPTTLearner

        return TBPTTLearner
    raise AttributeError(f"module 'sc_plugin_tbptt' has no attribute {name!r}")
