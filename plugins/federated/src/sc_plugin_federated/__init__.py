"""Federated learning: votes on bits, secure sums, and a learner for sc-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["FederatedAggregator", "FederatedLearner", "PackedBits"]

if TYPE_CHECKING:
    from sc_plugin_federated.aggregator import FederatedAggregator
    from sc_plugin_federated.learner import FederatedLearner
    from sc_plugin_federated.packed_bits import PackedBits

_MODULES = {
    "FederatedAggregator": "aggregator",
    "FederatedLearner": "learner",
    "PackedBits": "packed_bits",
}


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must not import what they are made of.
    if name in _MODULES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'sc_plugin_federated' has no attribute {name!r}")
