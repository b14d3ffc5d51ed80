"""The server of a secure sum: what it holds are messages and their sum (specs/federated.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError
from sc_plugin_federated.secure_sum import messages, shamir
from sc_plugin_federated.secure_sum.client import KEYS, LETTER, NUMBER
from sc_plugin_federated.secure_sum.errors import AlteredMessage, BelowThreshold, ReplayedMessage
from sc_plugin_federated.secure_sum.keys import expand, pairwise_key
from sc_plugin_federated.secure_sum.messages import SERVER, Round, Session


class Server:
    """The server: it passes messages on, adds masked values up, and takes the masks off their sum.

    Its four methods take what the clients sent in each round; a client that has dropped out sent nothing.

    Parameters
    ----------
    identity : Ed25519PrivateKey
        What it signs with.
    session : Session

    Raises
    ------
    ConfigurationError
        If the session knows another identity of the server.
    """

    def __init__(self, identity: Ed25519PrivateKey, session: Session) -> None:
        if session.server != identity.public_key().public_bytes_raw():
            raise ConfigurationError("identity", "is not that of the session's server")
        self._identity = identity
        self._session = session
        self._mask_keys: dict[int, bytes] = {}
        self._sharers: list[int] = []
        self._survivors: list[int] = []
        self._sum = np.zeros(session.length, f"u{session.modulus_bits // 8}")

    def list_keys(self, received: Iterable[bytes]) -> dict[int, bytes]:
        """Take the messages of round 0 and return the answer to each client: all public keys.

        Parameters
        ----------
        received : iterable of bytes

        Returns
        -------
        dict of int to bytes

        Raises
        ------
        SecureSumError
            If a message is not as it was sent, or there are too few of them.
        """
        kept = list(received)
        sent = self._read(Round.ADVERTISE_KEYS, kept, range(len(self._session.clients)), KEYS.size)
        self._mask_keys = {number: KEYS.unpack(content)[1] for number, content in sent.items()}
        return self._answers(Round.SHARE_KEYS, dict.fromkeys(sent, b"".join(kept)))

    def pass_letters(self, received: Iterable[bytes]) -> dict[int, bytes]:
        """Take the messages of round 1 and return the answer to each client: the letters to it.

        Parameters, results and errors are as for `list_keys`.
        """
        sent = self._read(Round.SHARE_KEYS, received, self._mask_keys, LETTER.size * len(self._mask_keys))
        boxes: dict[int, list[bytes]] = {number: [] for number in sent}
        for sender, content in sent.items():
            letters = messages.rows(content, LETTER, f"the letters of client {sender}")
            if [receiver for receiver, _ in letters] != sorted(self._mask_keys):
                raise AlteredMessage(f"client {sender} did not write one letter to each client")
            for receiver, letter in letters:
                if receiver in boxes:
                    boxes[receiver].append(LETTER.pack(sender, letter))
        self._sharers = sorted(sent)
        return self._answers(Round.MASKED_INPUT, {number: b"".join(box) for number, box in boxes.items()})

    def list_survivors(self, received: Iterable[bytes]) -> dict[int, bytes]:
        """Take the messages of round 2, add them up, and return the answer to each client: whose input came.

        Parameters, results and errors are as for `list_keys`.
        """
        word = self._sum.dtype.newbyteorder("<")
        sent = self._read(Round.MASKED_INPUT, received, self._sharers, self._sum.size * word.itemsize)
        for content in sent.values():
            self._sum += np.frombuffer(content, word)
        self._survivors = sorted(sent)
        listed = b"".join(NUMBER.pack(number) for number in self._survivors)
        return self._answers(Round.UNMASK, dict.fromkeys(self._survivors, listed))

    def unmask_sum(self, received: Iterable[bytes]) -> NDArray[np.int64]:
        """Take the messages of round 3 and return the sum of the survivors' values (eq. 7).

        Parameters
        ----------
        received : iterable of bytes

        Returns
        -------
        ndarray of int64, shape (session.length,)

        Raises
        ------
        SecureSumError
            As for `list_keys`, or if shares do not give a secret that fits.
        """
        size = shamir.SHARE_BYTES
        sent = self._read(Round.UNMASK, received, self._survivors, size * len(self._sharers))
        helpers = sorted(sent)[: self._session.threshold]
        for place, number in enumerate(self._sharers):
            secret = shamir.combine(
                {helper: sent[helper][place * size : (place + 1) * size] for helper in helpers}
            )
            if number in self._survivors:
                self._sum -= self._mask(secret)
            else:
                self._take_off_pairs(number, secret)
        self._survivors = []  # nothing is unmasked twice
        signed = self._sum.view(f"i{self._sum.dtype.itemsize}")
        return signed.astype(np.int64)

    def _take_off_pairs(self, lost: int, secret: bytes) -> None:
        """Take off the masks that survivors share with a client whose input did not come."""
        key = X25519PrivateKey.from_private_bytes(secret)
        if key.public_key().public_bytes_raw() != self._mask_keys[lost]:
            raise AlteredMessage(
                f"the shares of client {lost}'s key give another key: one of them was altered"
            )
        for number in self._survivors:
            pair = pairwise_key(key, self._mask_keys[number], self._session.number, (lost, number))
            if lost > number:
                self._sum -= self._mask(pair)
            else:
                self._sum += self._mask(pair)

    def _mask(self, key: bytes) -> NDArray[np.unsignedinteger]:
        return expand(key, self._session.length, self._session.modulus_bits)

    def _read(
        self, stage: Round, received: Iterable[bytes], expected: Iterable[int], size: int
    ) -> dict[int, bytes]:
        """Return the contents by sender, after all checks."""
        allowed, contents = set(expected), dict[int, bytes]()
        for data in received:
            sent = messages.read(self._session, stage, data)
            if sent.sender in contents:
                raise ReplayedMessage(f"client {sent.sender} has sent two messages in round {stage.name}")
            if sent.sender not in allowed:
                raise ReplayedMessage(f"client {sent.sender} is no longer part of round {stage.name}")
            if len(sent.content) != size:
                raise AlteredMessage(
                    f"client {sent.sender} sent {len(sent.content)} bytes in round {stage.name}, not {size}"
                )
            contents[sent.sender] = sent.content
        if len(contents) < self._session.threshold:
            raise BelowThreshold(
                f"{len(contents)} of {len(self._session.clients)} clients are left in round {stage.name}; "
                f"the threshold is {self._session.threshold}"
            )
        return contents

    def _answers(self, stage: Round, contents: Mapping[int, bytes]) -> dict[int, bytes]:
        return {
            number: messages.write(self._session, stage, SERVER, content, self._identity)
            for number, content in contents.items()
        }
