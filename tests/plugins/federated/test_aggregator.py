"""Votes, means and multiplexed bits against NumPy's sums and closed forms."""

import inspect

import numpy as np
import pytest
from scipy import stats

import sc_native
from sc_core.errors import ConfigurationError, ShapeError
from sc_plugin_federated import FederatedAggregator, PackedBits, votes_reference

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]


@pytest.fixture(params=KERNELS, autouse=True)
def kernels(request, monkeypatch):
    """Run every test with the kernels in C and with their references."""
    monkeypatch.setenv("SC_KERNELS", request.param)


def clients(n_clients, shape, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(2, size=shape, dtype=np.uint8) for _ in range(n_clients)]


def packed(arrays):
    return [PackedBits.pack(bits) for bits in arrays]


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 4096, 10_001])
def test_packed_bits_are_numpys_little_endian_ones_and_come_back(n):
    (bits,) = clients(1, n)
    packed_bits = PackedBits.pack(bits)
    expected = np.zeros((n + 63) // 64 * 8, np.uint8)
    expected[: (n + 7) // 8] = np.packbits(bits, bitorder="little")
    np.testing.assert_array_equal(packed_bits.words.astype("<u8").view(np.uint8), expected)
    np.testing.assert_array_equal(packed_bits.unpack(), bits)


@pytest.mark.parametrize("n_clients", [1, 2, 3, 7, 10, 33, 300])
@pytest.mark.parametrize("n", [1, 64, 5000])
def test_majority_and_mean_are_those_of_sums(n_clients, n):
    arrays = clients(n_clients, n, seed=n_clients)
    total = np.sum(arrays, axis=0, dtype=np.int64)
    expected = (2 * total > n_clients).astype(np.uint8)
    vote = FederatedAggregator.aggregate_gradients(arrays)
    assert vote.dtype == np.uint8
    np.testing.assert_array_equal(vote, expected)
    np.testing.assert_array_equal(FederatedAggregator.aggregate_gradients(packed(arrays)).unpack(), expected)
    for given in (arrays, packed(arrays)):
        np.testing.assert_array_equal(FederatedAggregator.mean_bits(given), total / n_clients)


@pytest.mark.parametrize(
    "weights", [[1, 1, 1, 1], [3, 1, 1, 1], [5, 2, 2, 1], [1000, 999, 2, 1], [2**31, 2**30, 2**29, 2**28]]
)
def test_weighted_votes_are_those_of_weighted_sums(weights):
    arrays = clients(4, 3000)
    total = sum(w * bits.astype(np.int64) for w, bits in zip(weights, arrays, strict=True))
    vote = FederatedAggregator.aggregate_gradients(arrays, weights)
    np.testing.assert_array_equal(vote, 2 * total > sum(weights))
    np.testing.assert_array_equal(FederatedAggregator.mean_bits(arrays, weights), total / sum(weights))


def test_a_tie_gives_zero():
    even = FederatedAggregator.aggregate_gradients([[1, 1, 0, 0], [1, 0, 1, 0]])
    np.testing.assert_array_equal(even, [1, 0, 0, 0])
    weighted = FederatedAggregator.aggregate_gradients([[1, 0], [0, 1], [0, 1]], weights=[2, 1, 1])
    np.testing.assert_array_equal(weighted, [0, 0])


def test_every_shape_and_kind_of_bits_is_taken():
    arrays = clients(3, (4, 5, 6))
    expected = (np.sum(arrays, axis=0) >= 2).astype(np.uint8)
    for kind in (np.uint8, bool, np.int8, np.int64):
        vote = FederatedAggregator.aggregate_gradients([bits.astype(kind) for bits in arrays])
        assert vote.shape == (4, 5, 6)
        np.testing.assert_array_equal(vote, expected)
    turned = FederatedAggregator.aggregate_gradients([bits.transpose(2, 0, 1) for bits in arrays])
    np.testing.assert_array_equal(turned, expected.transpose(2, 0, 1))


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_threads_make_no_difference(monkeypatch, threads):
    arrays = clients(40, 400_000)
    expected = FederatedAggregator.aggregate_gradients(arrays)
    monkeypatch.setenv("SC_THREADS", threads)
    np.testing.assert_array_equal(FederatedAggregator.aggregate_gradients(arrays), expected)
    np.testing.assert_array_equal(expected, 2 * np.sum(arrays, axis=0) > 40)


@pytest.mark.parametrize("n_clients", [3, 7, 10])
def test_a_majority_of_probabilities_is_biased_as_the_binomial_says_and_the_others_are_not(n_clients):
    n, p, rng = 200_000, 0.74, np.random.default_rng(1)
    streams = [(rng.random(n) < p).astype(np.uint8) for _ in range(n_clients)]
    deviation = 5 / (2 * np.sqrt(n))  # five standard deviations of a mean of bits, at most
    biased = stats.binom.sf(n_clients // 2, n_clients, p)
    assert abs(FederatedAggregator.aggregate_gradients(streams).mean() - biased) < deviation
    assert abs(biased - p) > 10 * deviation
    assert abs(FederatedAggregator.mean_bits(streams).mean() - p) < deviation
    assert abs(FederatedAggregator.multiplex(streams, rng).mean() - p) < deviation


def test_multiplexed_bits_are_each_clients_as_often_as_its_weight_says():
    # Client k's bits are 1 where the position modulo 4 is k: a bit that is set names its client.
    n, weights = 400_000, np.array([1, 2, 3, 6])
    streams = [(np.arange(n) % 4 == k).astype(np.uint8) for k in range(4)]
    for given in (streams, packed(streams)):
        drawn = FederatedAggregator.multiplex(given, np.random.default_rng(3), weights)
        bits = drawn.unpack() if isinstance(drawn, PackedBits) else drawn
        chosen = bits.reshape(-1, 4).sum(axis=0)
        expected = weights / weights.sum() * (n / 4)
        assert np.all(np.abs(chosen - expected) < 5 * np.sqrt(expected))


def test_multiplexing_is_repeated_by_its_generator_and_mixes_positions():
    streams = [np.zeros(1000, np.uint8), np.ones(1000, np.uint8)]
    first, again = (FederatedAggregator.multiplex(streams, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert 400 < np.count_nonzero(np.diff(first.astype(int))) < 600


def test_native_and_reference_kernels_agree():
    if not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    from sc_native import votes

    names = {name for name, _ in inspect.getmembers(votes_reference, inspect.isfunction)}
    assert names == {"pack", "unpack", "majority", "counts", "multiplex"}
    rng = np.random.default_rng(0)
    words = [bits.words for bits in packed(clients(11, 3333))]
    weights = rng.integers(1, 50, 11).astype(np.uint32)
    chosen = rng.integers(11, size=64 * words[0].size, dtype=np.uint32)
    for name, argument in (("majority", weights), ("counts", weights), ("multiplex", chosen)):
        ours, theirs = (getattr(module, name)(words, argument, 2) for module in (votes, votes_reference))
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("method", [FederatedAggregator.aggregate_gradients, FederatedAggregator.mean_bits])
def test_what_is_no_list_of_bits_is_refused_by_name(method):
    with pytest.raises(ValueError, match="client_gradients: is empty"):
        method([])
    for wrong in ([0, 2], [-1, 0]):
        with pytest.raises(ConfigurationError, match=r"client_gradients\[1\]: must be 0 or 1"):
            method([[0, 1], wrong])
    with pytest.raises(ConfigurationError, match=r"client_gradients\[0\]: must be 0 or 1"):
        method([np.array([0, 255], np.uint8)])
    with pytest.raises(
        ConfigurationError, match=r"client_gradients\[0\]: must be bool or integers, got float64"
    ):
        method([[0.5, 0.5]])
    with pytest.raises(ShapeError, match=r"client_gradients\[1\] has bits of shape \(3,\)"):
        method([[0, 1], [0, 1, 1]])
    with pytest.raises(ShapeError, match=r"client_gradients\[1\] has 2 packed bits"):
        method([np.array([0, 1]), PackedBits.pack([0, 1])])
    with pytest.raises(ShapeError, match=r"client_gradients\[1\] has 2 packed bits, client_gradients\[0\] 3"):
        method(packed([[0, 1, 1], [0, 1]]))


@pytest.mark.parametrize("weights", [[0, 1], [-1, 2], [0.5, 0.5], [2**31, 2**31]])
def test_weights_that_are_no_votes_are_refused(weights):
    with pytest.raises(ConfigurationError, match="weights: must be integers >= 1"):
        FederatedAggregator.aggregate_gradients([[0], [1]], weights)


def test_weights_are_one_for_each_client():
    with pytest.raises(ShapeError, match=r"weights must have shape \(2,\)"):
        FederatedAggregator.aggregate_gradients([[0], [1]], [1, 1, 1])


def test_words_that_do_not_hold_their_bits_are_refused():
    with pytest.raises(ShapeError, match=r"65 bits need contiguous words of shape \(2,\)"):
        PackedBits(np.zeros(1, np.uint64), 65)
    with pytest.raises(ConfigurationError, match="beyond the last of its 3 bits"):
        PackedBits(np.array([8], np.uint64), 3)
    with pytest.raises(TypeError, match="uint64"):
        PackedBits(np.zeros(1, np.int64), 3)
