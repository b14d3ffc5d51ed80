"""Shares, keys and masks against a second way to have them."""

import hashlib
import hmac
import itertools
import struct

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from sc_plugin_federated.secure_sum import AlteredMessage
from sc_plugin_federated.secure_sum.keys import expand, letter_key, pairwise_key
from sc_plugin_federated.secure_sum.shamir import PRIME, combine, split


@pytest.mark.parametrize(("n", "threshold"), [(1, 1), (4, 1), (5, 3), (6, 6)])
def test_any_threshold_of_shares_gives_the_secret(n, threshold):
    random_bytes = np.random.default_rng(0).bytes
    secret = random_bytes(32)
    shares = split(secret, n, threshold, random_bytes)
    for chosen in itertools.combinations(range(n), threshold):
        assert combine({k: shares[k] for k in chosen}) == secret


def test_fewer_shares_fit_every_secret():
    """With one share less than the threshold there is a polynomial for any secret: they tell nothing."""
    random_bytes = np.random.default_rng(0).bytes
    shares = split(bytes(32), 5, 3, random_bytes)
    known = {0: shares[0], 3: shares[3]}
    for claimed in (0, 1, 2**255):
        # The third point of the parabola through the two shares and (0, claimed), at 5.
        points = [(0, claimed), *((k + 1, int.from_bytes(share, "big")) for k, share in known.items())]
        value = 0
        for x, y in points:
            others = [other for other, _ in points if other != x]
            numerator = np.prod([5 - other for other in others])
            denominator = np.prod([x - other for other in others])
            value += y * int(numerator) * pow(int(denominator), -1, PRIME)
        third = (value % PRIME).to_bytes(66, "big")
        assert int.from_bytes(combine({**known, 4: third}), "big") == claimed


def test_shares_are_points_of_a_polynomial_over_a_prime_field():
    assert pow(3, PRIME - 1, PRIME) == 1
    coefficients = iter([7, 11])

    def chosen(count):
        return (next(coefficients) << 7).to_bytes(count, "big")

    shares = split((5).to_bytes(32, "big"), 3, 3, chosen)
    assert [int.from_bytes(share, "big") for share in shares] == [5 + 7 * x + 11 * x**2 for x in (1, 2, 3)]


def test_a_wrong_share_is_noticed():
    shares = split(bytes(32), 3, 2, np.random.default_rng(0).bytes)
    with pytest.raises(AlteredMessage, match="altered"):
        combine({0: shares[0], 1: shares[2]})


def test_a_mask_is_the_key_stream_of_rfc_8439():
    """The first block of the AEAD's stream has the counter 1: after 64 bytes ours is what it encrypts zeros to."""
    key = bytes(range(32))
    ours = expand(key, 64, 64).astype("<u8").tobytes()
    theirs = ChaCha20Poly1305(key).encrypt(bytes(12), bytes(512 - 64), None)[:-16]
    assert ours[64:] == theirs
    assert expand(key, 128, 32).astype("<u4").tobytes() == ours
    # RFC 8439, appendix A.1, test vector 1: key and nonce 0.
    assert expand(bytes(32), 1, 64).astype("<u8").tobytes().hex() == "76b8e0ada0f13d90"


def hkdf(secret, salt, info):
    """RFC 5869 with SHA-256, for 32 bytes."""
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def test_keys_are_those_of_rfc_5869_and_both_sides_agree():
    one, two = (X25519PrivateKey.from_private_bytes(bytes([k]) * 32) for k in (1, 2))
    publics = [secret.public_key().public_bytes_raw() for secret in (one, two)]
    shared, session = one.exchange(two.public_key()), b"s" * 16
    pair = hkdf(shared, session, b"pairwise mask" + struct.pack("<II", 3, 8))
    assert pairwise_key(one, publics[1], session, (8, 3)) == pair
    assert pairwise_key(two, publics[0], session, (3, 8)) == pair
    letter = hkdf(shared, session, b"shares" + struct.pack("<II", 8, 3))
    assert letter_key(one, publics[1], session, 8, 3) == letter
    assert letter_key(two, publics[0], session, 8, 3) == letter
    assert len({pair, letter, letter_key(one, publics[1], session, 3, 8)}) == 3
    assert pairwise_key(one, publics[1], b"t" * 16, (8, 3)) != pair
