"""Messages of a secure sum: who they are from, what they belong to, and whether they came as they were sent."""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sc_core.errors import ConfigurationError
from sc_plugin_federated.secure_sum.errors import AlteredMessage, ReplayedMessage, TruncatedMessage

SERVER = 0xFFFFFFFF
"""The server's number as a sender."""

_HEADER = struct.Struct("<4sBB16sII")
_MAGIC, _VERSION = b"SCSS", 1
_SIGNATURE_BYTES = 64


class Round(enum.IntEnum):
    """The rounds of the protocol."""

    ADVERTISE_KEYS = 0
    SHARE_KEYS = 1
    MASKED_INPUT = 2
    UNMASK = 3


def _as_tuple(identities: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(identities)


@attrs.frozen
class Session:
    """What all parties agree on before a secure sum.

    Parameters
    ----------
    number : bytes
        16 random ones: no two sessions share theirs.
    clients : sequence of bytes
        The public Ed25519 key of each client, by which its messages are known.
    server : bytes
        That of the server.
    length : int
        How many values each client has.
    threshold : int
        How many clients must stay to the end: more than half of them.
    modulus_bits : {64, 32}
        Sums are made modulo 2**modulus_bits.
    """

    number: bytes
    clients: tuple[bytes, ...] = attrs.field(converter=_as_tuple, validator=attrs.validators.min_len(1))
    server: bytes
    length: int
    threshold: int = attrs.field()
    modulus_bits: int = attrs.field(default=64, validator=attrs.validators.in_((32, 64)))

    @threshold.validator
    def _check_threshold(self, attribute: attrs.Attribute[int], threshold: int) -> None:
        if not len(self.clients) < 2 * threshold <= 2 * len(self.clients):
            raise ConfigurationError(
                attribute.name,
                f"must be more than half of the {len(self.clients)} clients and not more than all, got {threshold}",
            )

    @property
    def largest(self) -> int:
        """The largest absolute value that a client may have, so that no sum wraps."""
        return ((1 << self.modulus_bits - 1) - 1) // len(self.clients)


@attrs.frozen
class Message:
    """A message that was checked.

    Parameters
    ----------
    sender : int
    content : bytes
    """

    sender: int
    content: bytes


def write(session: Session, stage: Round, sender: int, content: bytes, identity: Ed25519PrivateKey) -> bytes:
    """Return a signed message.

    Parameters
    ----------
    session : Session
    stage : Round
    sender : int
    content : bytes
    identity : Ed25519PrivateKey
        The sender's.
    """
    header = _HEADER.pack(_MAGIC, _VERSION, stage, session.number, sender, len(content))
    return header + content + identity.sign(header + content)


def read(session: Session, stage: Round, data: bytes) -> Message:
    """Check a message and return what it says.

    Parameters
    ----------
    session : Session
    stage : Round
        The one that is on.
    data : bytes

    Raises
    ------
    TruncatedMessage, AlteredMessage, ReplayedMessage
        If it is not as its sender wrote it for this round of this session.
    """
    if len(data) < _HEADER.size + _SIGNATURE_BYTES:
        raise TruncatedMessage(f"a message of round {stage.name} has {len(data)} bytes, less than a header")
    magic, version, its_stage, number, sender, length = _HEADER.unpack_from(data)
    if magic != _MAGIC or version != _VERSION:
        raise AlteredMessage(
            f"a message of round {stage.name} does not begin as a message of a secure sum does"
        )
    expected = _HEADER.size + length + _SIGNATURE_BYTES
    if len(data) < expected:
        raise TruncatedMessage(f"a message of round {stage.name} has {len(data)} of its {expected} bytes")
    signed, signature = data[: _HEADER.size + length], data[_HEADER.size + length :]
    try:
        _identity(session, sender).verify(signature, signed)
    except (InvalidSignature, LookupError):
        raise AlteredMessage(
            f"a message of round {stage.name} was not signed by {_named(sender)}, from whom it says it is"
        ) from None
    if number != session.number:
        raise ReplayedMessage(f"a message of {_named(sender)} is of another session")
    if its_stage != stage:
        raise ReplayedMessage(f"a message of {_named(sender)} is of round {its_stage}, not {stage.name}")
    return Message(sender, signed[_HEADER.size :])


def rows(content: bytes, row: struct.Struct, message: str) -> list[tuple[Any, ...]]:
    """Return the rows of a content.

    Raises
    ------
    AlteredMessage
        If the content is no whole number of them.
    """
    if len(content) % row.size:
        raise AlteredMessage(f"{message} is not made of rows of {row.size} bytes")
    return list(row.iter_unpack(content))


def _identity(session: Session, sender: int) -> Ed25519PublicKey:
    key = session.server if sender == SERVER else session.clients[sender]
    return Ed25519PublicKey.from_public_bytes(key)


def _named(sender: int) -> str:
    return "the server" if sender == SERVER else f"client {sender}"


def size_of(content: int) -> int:
    """Return the number of bytes of a message with so many bytes of content."""
    return _HEADER.size + content + _SIGNATURE_BYTES
