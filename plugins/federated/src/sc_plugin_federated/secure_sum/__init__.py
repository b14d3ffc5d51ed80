"""The sum of clients' values by a server that sees none of them (specs/federated.md)."""

from sc_plugin_federated.secure_sum.client import Client
from sc_plugin_federated.secure_sum.errors import (
    AlteredMessage,
    BelowThreshold,
    ReplayedMessage,
    SecureSumError,
    TruncatedMessage,
)
from sc_plugin_federated.secure_sum.messages import Round, Session
from sc_plugin_federated.secure_sum.server import Server
from sc_plugin_federated.secure_sum.simulation import Identities, run_session

__all__ = [
    "AlteredMessage",
    "BelowThreshold",
    "Client",
    "Identities",
    "ReplayedMessage",
    "Round",
    "SecureSumError",
    "Server",
    "Session",
    "TruncatedMessage",
    "run_session",
]
