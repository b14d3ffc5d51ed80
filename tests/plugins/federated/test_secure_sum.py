"""The secure sum: exact whoever drops out, blind before the end, and refused when a message is not as it was sent."""

import itertools
import struct

import attrs
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from scipy import stats

from sc_core.errors import ConfigurationError, ShapeError
from sc_plugin_federated import FederatedAggregator
from sc_plugin_federated.secure_sum import (
    AlteredMessage,
    BelowThreshold,
    Client,
    Identities,
    ReplayedMessage,
    Round,
    SecureSumError,
    Server,
    TruncatedMessage,
    run_session,
)

LENGTH = 20
HEADER, SIGNATURE = 30, 64


def values(n_clients, length=LENGTH, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(-(10**15), 10**15, length) for _ in range(n_clients)]


def parties(n_clients, threshold=None, seed=1, identities=None, **options):
    random_bytes = np.random.default_rng(seed).bytes
    identities = identities or Identities.draw(n_clients, random_bytes)
    return identities.open_session(
        options.pop("length", LENGTH), threshold, random_bytes=random_bytes, **options
    )


def sender_of(message):
    return struct.unpack_from("<I", message, 22)[0]


def losing(lost_in):
    """Deliver everything but what some clients send from some round on."""

    def deliver(stage, sent):
        return [message for message in sent if lost_in.get(sender_of(message), 9) > stage]

    return deliver


@pytest.mark.parametrize("n_clients", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("bits", [32, 64])
def test_the_sum_is_exact(n_clients, bits):
    server, clients = parties(n_clients, modulus_bits=bits)
    largest = (2 ** (bits - 1) - 1) // n_clients
    rng = np.random.default_rng(3)
    theirs = [rng.integers(-largest, largest, LENGTH, endpoint=True) for _ in range(n_clients)]
    theirs[0][:2] = [largest, -largest]
    total = run_session(server, clients, theirs)
    assert total.dtype == np.int64
    np.testing.assert_array_equal(total, np.sum(theirs, axis=0))


PATTERNS = list(itertools.product([0, 1, 2, 3, 9], repeat=4))


@pytest.mark.parametrize("first", [0, 1, 2, 3, 9])
def test_every_pattern_of_lost_clients_gives_the_sum_of_the_others_or_is_refused(first):
    theirs = values(4)
    identities = Identities.draw(4)
    for lost in (
        pattern for pattern in PATTERNS if pattern[0] == first and sorted(pattern[1:]) == list(pattern[1:])
    ):
        server, clients = parties(4, 3, identities=identities)
        deliver = losing(dict(enumerate(lost)))
        left = [sum(stage > round_number for stage in lost) for round_number in Round]
        if min(left) < 3:
            with pytest.raises(BelowThreshold, match="the threshold is 3"):
                run_session(server, clients, theirs, deliver)
            continue
        total = run_session(server, clients, theirs, deliver)
        expected = sum(mine for mine, stage in zip(theirs, lost, strict=True) if stage > Round.MASKED_INPUT)
        np.testing.assert_array_equal(total, expected)


def test_many_clients_lost_in_every_round():
    lost = {1: 0, 4: 1, 6: 2, 7: 2, 2: 3}
    server, clients = parties(11)
    theirs = values(11)
    total = run_session(server, clients, theirs, losing(lost))
    np.testing.assert_array_equal(total, sum(theirs[k] for k in range(11) if lost.get(k, 9) > 2))


def everything_in(thing, seen=None):
    """Yield all bytes and arrays that can be reached from an object."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, bytes | np.ndarray):
        yield thing
    elif isinstance(thing, dict):
        for item in (*thing.keys(), *thing.values()):
            yield from everything_in(item, seen)
    elif isinstance(thing, list | tuple | set):
        for item in thing:
            yield from everything_in(item, seen)
    elif hasattr(thing, "__dict__") or hasattr(thing, "__slots__"):
        names = getattr(thing, "__dict__", None) or getattr(type(thing), "__slots__", ())
        for name in names:
            yield from everything_in(getattr(thing, name, None), seen)


def test_the_server_never_holds_a_clients_values():
    # The values are a pattern whose parts can be found in any bytes.
    n_clients, theirs = 4, values(4, length=200)
    server, clients = parties(n_clients, length=200)
    wanted = [mine[k : k + 2].tobytes() for mine in theirs for k in range(0, 200, 2)]
    held = []

    def deliver(stage, sent):
        held.extend(sent)
        held.extend(
            thing if isinstance(thing, bytes) else thing.tobytes() for thing in everything_in(vars(server))
        )
        return losing({2: 2})(stage, sent)

    total = run_session(server, clients, theirs, deliver)
    held += [thing if isinstance(thing, bytes) else thing.tobytes() for thing in everything_in(vars(server))]
    assert any(total.tobytes() in data for data in held)  # what is held is really looked at
    assert not any(part in data for part in wanted for data in held)


def test_no_single_mask_hides_the_values_alone():
    """Without its self-mask, or without a pairwise one, an input is still not its values."""
    server, clients = parties(3, length=64)
    theirs = [np.zeros(64, np.int64)] * 3
    masked = {}

    def deliver(stage, sent):
        if stage == Round.MASKED_INPUT:
            masked.update({sender_of(m): np.frombuffer(m[HEADER:-SIGNATURE], "<u8") for m in sent})
        return sent

    run_session(server, clients, theirs, deliver)
    from sc_plugin_federated.secure_sum.keys import expand

    for number, client in enumerate(clients):
        rest = masked[number] - expand(client._seed, 64, 64)
        assert np.count_nonzero(rest) > 60
        assert np.count_nonzero(masked[number]) > 60
    # Pairwise masks cancel, self-masks do not: only both together give the sum.
    pairs = sum(masked.values())
    assert np.count_nonzero(pairs) > 60
    assert not np.any(pairs - sum(expand(client._seed, 64, 64) for client in clients))


@pytest.mark.parametrize("bits", [32, 64])
def test_masked_inputs_are_uniform_bytes(bits):
    server, clients = parties(3, length=2**15, modulus_bits=bits)
    sent_inputs = []

    def deliver(stage, sent):
        if stage == Round.MASKED_INPUT:
            sent_inputs.extend(message[HEADER:-SIGNATURE] for message in sent)
        return sent

    theirs = [np.full(2**15, k) for k in range(3)]  # nothing random about the values
    run_session(server, clients, theirs, deliver)
    assert len(sent_inputs) == 3
    for content in sent_inputs:
        counts = np.bincount(np.frombuffer(content, np.uint8), minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-3
    # The test can fail: the values themselves are far from uniform.
    assert stats.chisquare(np.bincount(theirs[1].astype("<i8").view(np.uint8), minlength=256)).pvalue < 1e-9


def test_two_sessions_have_other_masks():
    identities, theirs = Identities.draw(2), values(2)
    seen = []
    for _ in range(2):
        server, clients = identities.open_session(LENGTH)
        run_session(server, clients, theirs, lambda stage, sent: seen.extend(sent) or sent)
    assert len(set(seen)) == len(seen)


def once(stage, change):
    """Change the first message of a round."""

    def deliver(now, sent):
        return [change(sent[0]), *sent[1:]] if now == stage else sent

    return deliver


@pytest.mark.parametrize("stage", list(Round))
@pytest.mark.parametrize("kept", [0, 10, HEADER, -1, -SIGNATURE])
def test_a_truncated_message_is_refused(stage, kept):
    server, clients = parties(3)
    with pytest.raises(TruncatedMessage, match=stage.name):
        run_session(server, clients, values(3), once(stage, lambda message: message[:kept]))


@pytest.mark.parametrize("stage", list(Round))
@pytest.mark.parametrize("place", [0, 5, 10, 22, HEADER, HEADER + 40, -SIGNATURE - 1, -1])
def test_an_altered_message_is_refused(stage, place):
    def change(message):
        altered = bytearray(message)
        altered[place] ^= 1
        return bytes(altered)

    server, clients = parties(3)
    with pytest.raises(AlteredMessage):
        run_session(server, clients, values(3), once(stage, change))


@pytest.mark.parametrize("stage", list(Round))
def test_a_message_with_something_appended_or_of_another_sender_is_refused(stage):
    server, clients = parties(3)
    with pytest.raises(AlteredMessage):
        run_session(server, clients, values(3), once(stage, lambda message: message + b"\0"))
    server, clients = parties(3)

    def rename(message):
        return message[:22] + struct.pack("<I", 7) + message[26:]

    with pytest.raises(AlteredMessage, match="client 7"):
        run_session(server, clients, values(3), once(stage, rename))


@pytest.mark.parametrize("stage", list(Round))
def test_a_replayed_message_is_refused(stage):
    identities = Identities.draw(3)
    earlier = {}

    def keep(now, sent):
        earlier[now] = list(sent)
        return sent

    server, clients = identities.open_session(LENGTH)
    run_session(server, clients, values(3), keep)
    server, clients = identities.open_session(LENGTH)
    with pytest.raises(ReplayedMessage, match="client 0 is of another session"):
        run_session(server, clients, values(3), once(stage, lambda message: earlier[stage][0]))
    # Twice in a round, and in a later round.
    server, clients = identities.open_session(LENGTH)
    with pytest.raises(ReplayedMessage, match="client 0 has sent two messages"):
        run_session(server, clients, values(3), lambda now, sent: [*sent, sent[0]] if now == stage else sent)
    server, clients = identities.open_session(LENGTH)
    own = {}

    def stale(now, sent):
        own[now] = sent[0]
        return [own[now - 1], *sent[1:]] if now == stage and now > 0 else sent

    if stage > 0:
        with pytest.raises(ReplayedMessage, match=f"is of round {stage - 1}, not {stage.name}"):
            run_session(server, clients, values(3), stale)


def test_a_client_that_dropped_out_cannot_come_back():
    server, clients = parties(4, 3)

    keys = server.list_keys([client.advertise_keys() for client in clients])
    shared = [clients[k].share_keys(keys[k]) for k in range(4)]
    letters = server.pass_letters(shared[1:])
    assert 0 not in letters
    masked = [clients[k].mask_input(letters[k], values(4)[k]) for k in (1, 2, 3)]
    with pytest.raises(ReplayedMessage, match="of round 1"):
        server.list_survivors([*masked, shared[0]])


class TestClientsRefuse:
    """What the server sends is checked as well."""

    def answers(self, stage, n_clients=3):
        server, clients = parties(n_clients)
        keys = server.list_keys([client.advertise_keys() for client in clients])
        if stage == 1:
            return clients, keys, Client.share_keys
        letters = server.pass_letters([clients[k].share_keys(keys[k]) for k in keys])

        def mask(client, message):
            return client.mask_input(message, np.zeros(LENGTH, int))

        if stage == 2:
            return clients, letters, mask
        return clients, server.list_survivors([mask(clients[k], letters[k]) for k in letters]), Client.unmask

    @pytest.mark.parametrize("stage", [1, 2, 3])
    def test_truncated_altered_and_repeated_messages(self, stage):
        clients, answers, answer = self.answers(stage)
        with pytest.raises(TruncatedMessage):
            answer(clients[0], answers[0][:-1])
        with pytest.raises(AlteredMessage):
            answer(clients[0], answers[0][:50] + bytes([answers[0][50] ^ 4]) + answers[0][51:])
        answer(clients[0], answers[0])
        with pytest.raises(ReplayedMessage, match="client 0 has answered"):
            answer(clients[0], answers[0])

    def test_letters_for_another_client(self):
        clients, letters, mask = self.answers(2)
        with pytest.raises(AlteredMessage, match=r"letter of client [012] to client 0"):
            mask(clients[0], letters[1])

    def test_a_second_list_of_survivors(self):
        """Both kinds of shares of one client would unmask it: nobody gives the second kind."""
        server, clients = parties(5, 3)
        keys = server.list_keys([client.advertise_keys() for client in clients])
        letters = server.pass_letters([clients[k].share_keys(keys[k]) for k in keys])
        masked = [clients[k].mask_input(letters[k], np.zeros(LENGTH, int)) for k in letters]
        first = server.list_survivors(masked)
        clients[0].unmask(first[0])
        server._sum[...] = 0
        second = server.list_survivors(masked[:4])
        with pytest.raises(ReplayedMessage, match="client 0 has answered 4 rounds"):
            clients[0].unmask(second[0])

    def test_too_few_survivors(self):
        server, clients = parties(5, 4)
        lax = Server(server._identity, attrs.evolve(server._session, threshold=3))
        keys = lax.list_keys([client.advertise_keys() for client in clients])
        letters = lax.pass_letters([clients[k].share_keys(keys[k]) for k in keys])
        masked = [clients[k].mask_input(letters[k], np.zeros(LENGTH, int)) for k in letters]
        survivors = lax.list_survivors(masked[:3])
        with pytest.raises(BelowThreshold, match="3 clients are left; the threshold is 4"):
            clients[0].unmask(survivors[0])


def test_a_false_share_is_noticed():
    """A client signs what it likes: shares that do not belong together are refused by what they combine to."""
    for lost in ({}, {2: 2}):
        server, clients = parties(4, 3)
        honest = clients[0]._open

        def lie(other, letter, honest=honest):
            pair = bytearray(honest(other, letter))
            pair[10] ^= 1
            pair[66 + 10] ^= 1
            return bytes(pair)

        clients[0]._open = lie
        with pytest.raises(AlteredMessage, match="one of them was altered"):
            run_session(server, clients, values(4), losing(lost))


def test_shares_of_another_key_are_noticed():
    """Shares that belong together, but give a key that the client did not advertise."""
    server, clients = parties(4, 3)

    def deliver(stage, sent):
        if stage == Round.ADVERTISE_KEYS:
            clients[2]._mask_secret = X25519PrivateKey.generate()
        return losing({2: 2})(stage, sent)

    with pytest.raises(AlteredMessage, match="shares of client 2's key give another key"):
        run_session(server, clients, values(4), deliver)


def test_values_that_could_wrap_are_refused():
    largest = (2**63 - 1) // 3
    for wrong in (largest + 1, -largest - 1):
        server, clients = parties(3, length=1)
        with pytest.raises(ConfigurationError, match=f"values: must be from {-largest} to {largest}"):
            run_session(server, clients, [np.array([wrong])] * 3)
    server, clients = parties(3)
    with pytest.raises(ShapeError, match=r"values must have shape \(20,\)"):
        run_session(server, clients, [np.zeros(4, int)] * 3)
    server, clients = parties(3)
    with pytest.raises(ConfigurationError, match="values: must be integers"):
        run_session(server, clients, [np.zeros(LENGTH)] * 3)


@pytest.mark.parametrize("threshold", [0, 1, 2, 5])
def test_a_threshold_of_half_or_beyond_all_is_refused(threshold):
    with pytest.raises(ConfigurationError, match="threshold: must be more than half of the 4 clients"):
        parties(4, threshold)


def test_parties_have_their_own_identities():
    ours, theirs = Identities.draw(2), Identities.draw(2)
    _, clients = ours.open_session(1)
    with pytest.raises(ConfigurationError, match="not that of client 1"):
        Client(1, theirs.clients[1], clients[0]._session)
    with pytest.raises(ConfigurationError, match="session's server"):
        Server(theirs.server, clients[0]._session)


def test_a_public_key_of_small_order_is_refused():
    from sc_plugin_federated.secure_sum.keys import agree

    with pytest.raises(AlteredMessage, match="small order"):
        agree(X25519PrivateKey.generate(), bytes(32), b"session", b"purpose")


def test_all_refusals_are_secure_sum_errors():
    for error in (AlteredMessage, BelowThreshold, ReplayedMessage, TruncatedMessage):
        assert issubclass(error, SecureSumError)


class TestTheDocumentedFunction:
    """`FederatedAggregator.secure_sum_protocol`."""

    @pytest.mark.parametrize("kind", [np.int64, np.uint8, bool, np.int16])
    def test_whole_numbers_are_summed_exactly_in_any_shape(self, kind):
        rng = np.random.default_rng(0)
        theirs = [rng.integers(2, size=(3, 4)).astype(kind) for _ in range(5)]
        total = FederatedAggregator.secure_sum_protocol(theirs)
        assert total.dtype == np.int64
        np.testing.assert_array_equal(total, np.sum(theirs, axis=0, dtype=np.int64))

    @pytest.mark.parametrize("fractional_bits", [8, 24])
    def test_other_numbers_are_rounded(self, fractional_bits):
        rng = np.random.default_rng(0)
        theirs = [rng.normal(size=100) for _ in range(6)]
        total = FederatedAggregator.secure_sum_protocol(theirs, fractional_bits=fractional_bits)
        error = np.abs(total - np.sum(theirs, axis=0)).max()
        assert 0 < error <= 6 * 2.0 ** -(fractional_bits + 1) + 1e-14

    def test_one_client_is_its_own_sum(self):
        np.testing.assert_array_equal(FederatedAggregator.secure_sum_protocol([[1, -2]]), [1, -2])

    def test_what_cannot_be_summed_is_refused_by_name(self):
        with pytest.raises(ValueError, match="client_values: is empty"):
            FederatedAggregator.secure_sum_protocol([])
        with pytest.raises(ShapeError, match=r"client_values\[1\] has shape \(1,\)"):
            FederatedAggregator.secure_sum_protocol([[1, 2], [1]])
        for wrong in (np.nan, np.inf, 1e30):
            with pytest.raises(ConfigurationError, match="values: must be finite and below"):
                FederatedAggregator.secure_sum_protocol([[wrong], [1.0]])
        with pytest.raises(ConfigurationError, match="fractional_bits: must be from 0 to 40"):
            FederatedAggregator.secure_sum_protocol([[0.5]], fractional_bits=41)
