"""Federated learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_federated import FederatedAggregator

__all__ = ["FederatedAggregator"]

__getattr__, __dir__ = hand_on(__name__, {"FederatedAggregator": "sc_plugin_federated"})
