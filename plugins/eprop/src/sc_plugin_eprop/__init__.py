"""e-prop: eligibility traces and learning signals, a learner for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["EligibilityTrace", "EpropLearner"]

if TYPE_CHECKING:
    from sc_plugin_eprop.learner import EpropLearner
    from sc_plugin_eprop.trace import EligibilityTrace


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import the engine.
    if name == "EpropLearner":
        from sc_plugin_eprop.learner import EpropLearner

        return EpropLearner
    if name == "EligibilityTrace":
        from sc_plugin_eprop.trace import EligibilityTrace

        return EligibilityTrace
    raise AttributeError(f"module 'sc_plugin_eprop' has no attribute {name!r}")
