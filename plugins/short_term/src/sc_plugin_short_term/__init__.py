"""Short-term depression and facilitation of synapses, a plasticity for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["ShortTermPlasticity"]

if TYPE_CHECKING:
    from sc_plugin_short_term.plasticity import ShortTermPlasticity


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import NumPy.
    if name == "ShortTermPlasticity":
        from sc_plugin_short_term.plasticity import ShortTermPlasticity

        return ShortTermPlasticity
    raise AttributeError(f"module 'sc_plugin_short_term' has no attribute {name!r}")
