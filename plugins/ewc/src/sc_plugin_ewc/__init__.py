"""Elastic weight consolidation, a learner for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["EWCLearner"]

if TYPE_CHECKING:
    from sc_plugin_ewc.learner import EWCLearner


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the engine.
    if name == "EWCLearner":
        from sc_plugin_ewc.learner import EWCLearner

        return EWCLearner
    raise AttributeError(f"module 'sc_plugin_ewc' has no attribute {name!r}")
