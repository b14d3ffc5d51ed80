"""A client of a secure sum (specs/federated.md)."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError, ShapeError
from sc_plugin_federated.secure_sum import messages, shamir
from sc_plugin_federated.secure_sum.errors import AlteredMessage, BelowThreshold, ReplayedMessage
from sc_plugin_federated.secure_sum.keys import expand, letter_key, pairwise_key
from sc_plugin_federated.secure_sum.messages import SERVER, Round, Session

KEYS = struct.Struct("<32s32s")
"""What a client advertises: its public keys for letters and for masks."""

LETTER_BYTES = 2 * shamir.SHARE_BYTES + 16
LETTER = struct.Struct(f"<I{LETTER_BYTES}s")
"""The other client's number and an encrypted pair of shares."""

NUMBER = struct.Struct("<I")
_NONCE = bytes(12)  # every key encrypts one letter


class Client:
    """One client: it masks its values, and helps to take the masks off the sum.

    Its four methods answer the server's messages, each once and in this order.

    Parameters
    ----------
    number : int
        Its place in ``session.clients``.
    identity : Ed25519PrivateKey
        What it signs with.
    session : Session
    random_bytes : callable
        From a number to so many random bytes; another source than the system's is for tests alone.

    Raises
    ------
    ConfigurationError
        If the session knows another identity by this number.
    """

    def __init__(
        self,
        number: int,
        identity: Ed25519PrivateKey,
        session: Session,
        random_bytes: shamir.RandomBytes = os.urandom,
    ) -> None:
        if session.clients[number] != identity.public_key().public_bytes_raw():
            raise ConfigurationError("identity", f"is not that of client {number} of the session")
        self.number = number
        self._identity = identity
        self._session = session
        self._random_bytes = random_bytes
        self._letter_secret = X25519PrivateKey.from_private_bytes(random_bytes(32))
        self._mask_secret = X25519PrivateKey.from_private_bytes(random_bytes(32))
        self._seed = random_bytes(shamir.SECRET_BYTES)
        self._answered = 0
        self._public: dict[int, tuple[bytes, bytes]] = {}
        self._shares: dict[int, bytes] = {}

    def advertise_keys(self) -> bytes:
        """Return the message of round 0."""
        self._begin(Round.ADVERTISE_KEYS)
        secrets = (self._letter_secret, self._mask_secret)
        keys = KEYS.pack(*(secret.public_key().public_bytes_raw() for secret in secrets))
        return self._message(Round.ADVERTISE_KEYS, keys)

    def share_keys(self, message: bytes) -> bytes:
        """Answer the list of public keys with a letter for every client.

        Parameters
        ----------
        message : bytes
            The server's.

        Raises
        ------
        SecureSumError
            If a message is not as it was sent, or there are too few clients.
        """
        content = self._answer_to(message, Round.SHARE_KEYS)
        for data in advertisements(content):
            sent = messages.read(self._session, Round.ADVERTISE_KEYS, data)
            if sent.sender == SERVER or len(sent.content) != KEYS.size or sent.sender in self._public:
                raise AlteredMessage("the server's list of public keys is not one of each client's")
            letters, masks = KEYS.unpack(sent.content)
            self._public[sent.sender] = (letters, masks)
        self._require_enough(list(self._public))
        n, threshold = len(self._session.clients), self._session.threshold
        of_key, of_seed = (
            shamir.split(secret, n, threshold, self._random_bytes)
            for secret in (self._mask_secret.private_bytes_raw(), self._seed)
        )
        return self._message(
            Round.SHARE_KEYS,
            b"".join(
                LETTER.pack(other, self._seal(other, of_key[other] + of_seed[other]))
                for other in sorted(self._public)
            ),
        )

    def mask_input(self, message: bytes, values: NDArray[np.integer]) -> bytes:
        """Answer the other clients' letters with the masked values (eq. 6).

        Parameters
        ----------
        message : bytes
            The server's.
        values : ndarray of integers, shape (session.length,)

        Raises
        ------
        SecureSumError
            If a message or letter is not as it was sent, or there are too few clients.
        ShapeError, ConfigurationError
            If the values are of another number, no integers, or so large that a sum could wrap.
        """
        self._check(values)
        content = self._answer_to(message, Round.MASKED_INPUT)
        letters = dict(messages.rows(content, LETTER, "the server's bundle of letters"))
        self._require_enough(list(letters))
        if not letters.keys() <= self._public.keys():
            raise AlteredMessage("the server's bundle has a letter from a client that advertised no keys")
        self._shares = {other: self._open(other, letter) for other, letter in letters.items()}
        bits = self._session.modulus_bits
        masked = values.astype(f"i{bits // 8}").view(f"u{bits // 8}")  # modulo 2**bits from here on
        masked += expand(self._seed, values.size, bits)
        for other in letters.keys() - {self.number}:
            key = pairwise_key(
                self._mask_secret, self._public[other][1], self._session.number, (self.number, other)
            )
            mask = expand(key, values.size, bits)
            if other > self.number:
                masked += mask
            else:
                masked -= mask
        return self._message(Round.MASKED_INPUT, masked.astype(f"<u{bits // 8}").tobytes())

    def unmask(self, message: bytes) -> bytes:
        """Answer the list of clients whose input came with a share for every client (eq. 7).

        Of each client it gives one kind of share: of the self-mask's seed if the client is on the list, of the mask
        key if it is not. It answers once: both kinds together would unmask that client's values.

        Parameters
        ----------
        message : bytes
            The server's.

        Raises
        ------
        SecureSumError
            If the message is not as it was sent, or there are too few clients.
        """
        content = self._answer_to(message, Round.UNMASK)
        survivors = [number for (number,) in messages.rows(content, NUMBER, "the server's list of survivors")]
        self._require_enough(survivors)
        if not set(survivors) <= self._shares.keys():
            raise AlteredMessage("the server's list of survivors has a client that shared no keys")
        size = shamir.SHARE_BYTES
        shares = [
            pair[size:] if other in survivors else pair[:size] for other, pair in sorted(self._shares.items())
        ]
        return self._message(Round.UNMASK, b"".join(shares))

    def _begin(self, stage: Round) -> None:
        if stage != self._answered:
            raise ReplayedMessage(
                f"client {self.number} has answered {self._answered} rounds, and is asked for round {stage.name}"
            )
        self._answered += 1

    def _answer_to(self, message: bytes, stage: Round) -> bytes:
        sent = messages.read(self._session, stage, message)
        if sent.sender != SERVER:
            raise AlteredMessage(f"client {sent.sender} speaks for the server")
        self._begin(stage)
        return sent.content

    def _message(self, stage: Round, content: bytes) -> bytes:
        return messages.write(self._session, stage, self.number, content, self._identity)

    def _require_enough(self, clients: Sequence[int]) -> None:
        if len(set(clients)) != len(clients) or self.number not in clients:
            raise AlteredMessage(f"the server's message lists a client twice, or not client {self.number}")
        if len(clients) < self._session.threshold:
            raise BelowThreshold(
                f"{len(clients)} clients are left; the threshold is {self._session.threshold}"
            )

    def _check(self, values: NDArray[np.integer]) -> None:
        if values.shape != (self._session.length,):
            raise ShapeError(f"values must have shape ({self._session.length},), got {values.shape}")
        if values.dtype.kind not in "iu":
            raise ConfigurationError("values", f"must be integers, got {values.dtype}")
        largest = self._session.largest
        if values.size and not -largest <= int(values.min()) <= int(values.max()) <= largest:
            raise ConfigurationError(
                "values",
                f"must be from {-largest} to {largest}, so that the sum of {len(self._session.clients)} clients "
                f"fits {self._session.modulus_bits} bits",
            )

    def _seal(self, other: int, shares: bytes) -> bytes:
        key = letter_key(
            self._letter_secret, self._public[other][0], self._session.number, self.number, other
        )
        return ChaCha20Poly1305(key).encrypt(_NONCE, shares, self._route(self.number, other))

    def _open(self, other: int, letter: bytes) -> bytes:
        key = letter_key(
            self._letter_secret, self._public[other][0], self._session.number, other, self.number
        )
        try:
            return ChaCha20Poly1305(key).decrypt(_NONCE, letter, self._route(other, self.number))
        except InvalidTag:
            raise AlteredMessage(
                f"the letter of client {other} to client {self.number} was altered, or is for another"
            ) from None

    def _route(self, sender: int, receiver: int) -> bytes:
        return self._session.number + NUMBER.pack(sender) + NUMBER.pack(receiver)


def advertisements(content: bytes) -> list[bytes]:
    """Return the messages of round 0 that the server's list is made of."""
    size = messages.size_of(KEYS.size)
    if len(content) % size:
        raise AlteredMessage("the server's list of public keys is not made of whole messages")
    return [content[start : start + size] for start in range(0, len(content), size)]
