"""A secure sum with all parties in one process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import attrs
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from sc_plugin_federated.secure_sum.client import Client
from sc_plugin_federated.secure_sum.messages import Round, Session
from sc_plugin_federated.secure_sum.server import Server
from sc_plugin_federated.secure_sum.shamir import RandomBytes

Deliver = Callable[[Round, list[bytes]], list[bytes]]
"""From the messages that clients send to the server in a round to those that arrive."""


@attrs.frozen
class Identities:
    """What the parties sign with, from session to session.

    Parameters
    ----------
    server : Ed25519PrivateKey
    clients : list of Ed25519PrivateKey
    """

    server: Ed25519PrivateKey
    clients: list[Ed25519PrivateKey]

    @classmethod
    def draw(cls, n_clients: int, random_bytes: RandomBytes = os.urandom) -> Identities:
        """Return new identities."""
        server, *clients = (
            Ed25519PrivateKey.from_private_bytes(random_bytes(32)) for _ in range(n_clients + 1)
        )
        return cls(server, clients)

    def open_session(
        self,
        length: int,
        threshold: int | None = None,
        modulus_bits: int = 64,
        random_bytes: RandomBytes = os.urandom,
    ) -> tuple[Server, list[Client]]:
        """Return the parties of a new session; the parameters are those of `Session` and `Client`.

        Without a threshold it is the smallest that is allowed.
        """
        session = Session(
            number=random_bytes(16),
            clients=[identity.public_key().public_bytes_raw() for identity in self.clients],
            server=self.server.public_key().public_bytes_raw(),
            length=length,
            threshold=len(self.clients) // 2 + 1 if threshold is None else threshold,
            modulus_bits=modulus_bits,
        )
        clients = [
            Client(number, identity, session, random_bytes) for number, identity in enumerate(self.clients)
        ]
        return Server(self.server, session), clients


def _everything(stage: Round, sent: list[bytes]) -> list[bytes]:
    return sent


def run_session(
    server: Server,
    clients: Sequence[Client],
    values: Sequence[NDArray[np.integer]],
    deliver: Deliver = _everything,
) -> NDArray[np.int64]:
    """Go through all rounds and return the sum of the values of those whose masked input arrived.

    Parameters
    ----------
    server : Server
    clients : sequence of Client
    values : sequence of ndarray of integers, shape (length,)
        Of each client.
    deliver : callable
        From a round and the messages that clients send in it to those that reach the server.

    Returns
    -------
    ndarray of int64, shape (length,)

    Raises
    ------
    SecureSumError
        If the session was refused.

    Examples
    --------
    >>> import numpy as np
    >>> server, clients = Identities.draw(3).open_session(length=2)
    >>> run_session(server, clients, [np.array([1, -5]), np.array([10, 2]), np.array([100, 0])])
    array([111,  -3])
    """
    keys = server.list_keys(deliver(Round.ADVERTISE_KEYS, [client.advertise_keys() for client in clients]))
    letters = server.pass_letters(
        deliver(Round.SHARE_KEYS, [clients[number].share_keys(answer) for number, answer in keys.items()])
    )
    masked = [clients[number].mask_input(answer, values[number]) for number, answer in letters.items()]
    survivors = server.list_survivors(deliver(Round.MASKED_INPUT, masked))
    shares = [clients[number].unmask(answer) for number, answer in survivors.items()]
    return server.unmask_sum(deliver(Round.UNMASK, shares))
