"""Spike-timing dependent plasticity, a plasticity for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["STDP", "VISUAL_CORTEX"]

if TYPE_CHECKING:
    from sc_plugin_stdp.options import VISUAL_CORTEX
    from sc_plugin_stdp.plasticity import STDP


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import NumPy.
    if name == "STDP":
        from sc_plugin_stdp.plasticity import STDP

        return STDP
    if name == "VISUAL_CORTEX":
        from sc_plugin_stdp.options import VISUAL_CORTEX

        return VISUAL_CORTEX
    raise AttributeError(f"module 'sc_plugin_stdp' has no attribute {name!r}")
