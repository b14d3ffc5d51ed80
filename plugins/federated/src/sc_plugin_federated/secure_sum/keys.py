"""Keys that two clients agree on, and the masks that come of keys (specs/federated.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from sc_plugin_federated.secure_sum.errors import AlteredMessage

Masked = NDArray[np.unsignedinteger[Any]]


def agree(secret: X25519PrivateKey, public: bytes, session: bytes, purpose: bytes) -> bytes:
    """Return the key of 32 bytes that the owners of two key pairs share for one purpose in one session.

    Parameters
    ----------
    secret : X25519PrivateKey
        One's own.
    public : bytes
        The other's public key.
    session, purpose : bytes

    Raises
    ------
    AlteredMessage
        If `public` is no key that anybody honest would advertise.
    """
    try:
        shared = secret.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise AlteredMessage("a public key has a point of small order") from None
    return HKDF(SHA256(), length=32, salt=session, info=purpose).derive(shared)


def pairwise_key(secret: X25519PrivateKey, public: bytes, session: bytes, clients: tuple[int, int]) -> bytes:
    """Return the key of the mask that two clients share; both orders of `clients` give the same."""
    low, high = sorted(clients)
    return agree(secret, public, session, b"pairwise mask" + _number(low) + _number(high))


def letter_key(secret: X25519PrivateKey, public: bytes, session: bytes, sender: int, receiver: int) -> bytes:
    """Return the key of the one letter from `sender` to `receiver`."""
    return agree(secret, public, session, b"shares" + _number(sender) + _number(receiver))


def expand(key: bytes, length: int, modulus_bits: int) -> Masked:
    """Return the mask of a key: the key stream of ChaCha20 as words.

    Parameters
    ----------
    key : bytes
        32 of them, for this mask alone.
    length : int
    modulus_bits : int
        32 or 64.

    Returns
    -------
    ndarray, shape (length,), uint32 or uint64
        Not to be written to.
    """
    stream = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor()
    words = stream.update(bytes(length * modulus_bits // 8))
    return np.frombuffer(words, f"<u{modulus_bits // 8}").astype(f"u{modulus_bits // 8}", copy=False)


def _number(client: int) -> bytes:
    return client.to_bytes(4, "little")
