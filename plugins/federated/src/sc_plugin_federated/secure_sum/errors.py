"""Why a secure sum is refused."""

from __future__ import annotations

from sc_core.errors import SCError


class SecureSumError(SCError):
    """A secure sum was refused; nothing was unmasked."""


class BelowThreshold(SecureSumError):
    """Fewer clients are left than the threshold asks for."""


class TruncatedMessage(SecureSumError):
    """A message is shorter than its header says."""


class AlteredMessage(SecureSumError):
    """A message, an encrypted share or a combined secret is not what its sender made."""


class ReplayedMessage(SecureSumError):
    """A message is of another session or round, or the second one of its sender in this round."""
