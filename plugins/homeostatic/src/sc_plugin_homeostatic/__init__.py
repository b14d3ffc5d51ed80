"""Synaptic scaling towards a target rate, a plasticity for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["HomeostaticPlasticity"]

if TYPE_CHECKING:
    from sc_plugin_homeostatic.plasticity import HomeostaticPlasticity


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import NumPy.
    if name == "HomeostaticPlasticity":
        from sc_plugin_homeostatic.plasticity import HomeostaticPlasticity

        return HomeostaticPlasticity
    raise AttributeError(f"module 'sc_plugin_homeostatic' has no attribute {name!r}")
