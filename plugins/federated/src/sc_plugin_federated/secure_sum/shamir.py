"""Shamir's secret sharing over the integers modulo 2**521 - 1 (specs/federated.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sc_plugin_federated.secure_sum.errors import AlteredMessage

PRIME = 2**521 - 1
SECRET_BYTES = 32
SHARE_BYTES = 66

RandomBytes = Callable[[int], bytes]


def split(secret: bytes, n_shares: int, threshold: int, random_bytes: RandomBytes) -> list[bytes]:
    """Return shares of which any `threshold` give the secret, and fewer tell nothing about it.

    Parameters
    ----------
    secret : bytes
        32 of them.
    n_shares, threshold : int
        Share k is the value at k + 1 of a polynomial of degree threshold - 1 whose value at 0 is the secret.
    random_bytes : callable
        Draws the other coefficients.

    Returns
    -------
    list of bytes
        66 of them each.

    Examples
    --------
    >>> import os
    >>> shares = split(bytes(range(32)), 5, 3, os.urandom)
    >>> combine({0: shares[0], 2: shares[2], 4: shares[4]}) == bytes(range(32))
    True
    """
    coefficients = [int.from_bytes(secret, "big")]
    coefficients += [_element(random_bytes) for _ in range(threshold - 1)]
    shares = []
    for k in range(n_shares):
        value = 0
        for coefficient in reversed(coefficients):
            value = (value * (k + 1) + coefficient) % PRIME
        shares.append(value.to_bytes(SHARE_BYTES, "big"))
    return shares


def combine(shares: Mapping[int, bytes]) -> bytes:
    """Return the secret that as many shares as the threshold determine.

    Parameters
    ----------
    shares : mapping of int to bytes
        By their numbers, from 0.

    Raises
    ------
    AlteredMessage
        If they do not give 32 bytes: one of them is wrong.
    """
    secret = 0
    for k, share in shares.items():
        numerator = denominator = 1
        for other in shares:
            if other != k:
                numerator = numerator * (other + 1) % PRIME
                denominator = denominator * (other - k) % PRIME
        value = int.from_bytes(share, "big")
        secret = (secret + value * numerator * pow(denominator, -1, PRIME)) % PRIME
    try:
        return secret.to_bytes(SECRET_BYTES, "big")
    except OverflowError:
        raise AlteredMessage(
            "the shares of a secret do not belong together: one of them was altered"
        ) from None


def _element(random_bytes: RandomBytes) -> int:
    while True:  # a second turn has the probability 2**-521
        value = int.from_bytes(random_bytes(SHARE_BYTES), "big") >> 7
        if value < PRIME:
            return value
