"""Model-agnostic meta-learning, a learner for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["MetaLearner"]

if TYPE_CHECKING:
    from sc_plugin_maml.learner import MetaLearner


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the engine.
    if name == "MetaLearner":
        from sc_plugin_maml.learner import MetaLearner

        return MetaLearner
    raise AttributeError(f"module 'sc_plugin_maml' has no attribute {name!r}")
