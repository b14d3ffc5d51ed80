"""Topologies against closed forms, brute force and scipy.stats."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array

from sc_core import topology
from sc_core.errors import ConfigurationError


def generator(seed=7):
    return np.random.default_rng(seed)


def degrees(weights):
    """Out-degrees and in-degrees."""
    return np.diff(weights.indptr), np.bincount(weights.indices, minlength=weights.shape[1])


def pattern(weights):
    dense = np.zeros(weights.shape, bool)
    for row in range(weights.shape[0]):
        dense[row, weights.indices[weights.indptr[row] : weights.indptr[row + 1]]] = True
    return dense


EVERY = {
    "dense": lambda **options: topology.dense(20, 30, rng=generator(), **options),
    "density": lambda **options: topology.random(20, 30, density=0.3, rng=generator(), **options),
    "no density": lambda **options: topology.random(20, 30, density=0.0, rng=generator(), **options),
    "full density": lambda **options: topology.random(20, 30, density=1.0, rng=generator(), **options),
    "in-degree": lambda **options: topology.random(20, 30, in_degree=4, rng=generator(), **options),
    "high in-degree": lambda **options: topology.random(20, 30, in_degree=17, rng=generator(), **options),
    "one-to-one": lambda **options: topology.one_to_one(30, **options),
    "ring": lambda **options: topology.ring(30, 4, rng=generator(), **options),
    "small world": lambda **options: topology.small_world(30, 4, 0.3, rng=generator(), **options),
    "scale-free": lambda **options: topology.scale_free(30, 3, rng=generator(), **options),
}


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_every_topology_is_a_canonical_int32_array(make):
    weights = make()
    assert isinstance(weights, csr_array)
    assert weights.dtype == np.float32
    assert weights.indptr.dtype == weights.indices.dtype == np.int32
    keys = (
        np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr)) * weights.shape[1] + weights.indices
    )
    assert (np.diff(keys) > 0).all()  # sorted by row and column, none twice
    assert weights.indptr[0] == 0
    assert weights.indptr[-1] == weights.nnz == weights.data.size
    assert weights.indices.min(initial=0) >= 0
    assert weights.indices.max(initial=0) < weights.shape[1]


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_weights_can_be_constant_and_of_double_precision_and_zeros_are_stored(make):
    drawn = make()
    zeros = make(weight=0.0, dtype=np.float64)
    assert zeros.dtype == np.float64
    np.testing.assert_array_equal(zeros.indices, drawn.indices)
    np.testing.assert_array_equal(zeros.data, np.zeros(drawn.nnz))
    np.testing.assert_array_equal(make(weight=-1.5).data, np.full(drawn.nnz, -1.5, np.float32))


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_the_same_seed_gives_the_same_bits(make):
    assert make().data.tobytes() == make().data.tobytes()
    assert make().indices.tobytes() == make().indices.tobytes()


def test_another_seed_gives_another_pattern():
    first = topology.random(50, 50, density=0.2, rng=generator(1))
    assert not np.array_equal(pattern(first), pattern(topology.random(50, 50, density=0.2, rng=generator(2))))


def test_dense_and_one_to_one():
    assert pattern(topology.dense(3, 5, rng=generator())).all()
    np.testing.assert_array_equal(topology.one_to_one(4, 2.5).toarray(), 2.5 * np.eye(4))


@pytest.mark.parametrize(("n", "neighbours"), [(3, 2), (5, 4), (6, 4), (12, 2), (13, 6)])
def test_ring_against_its_definition(n, neighbours):
    expected = np.zeros((n, n), bool)
    for i in range(n):
        for j in range(n):
            expected[i, j] = i != j and min(abs(i - j), n - abs(i - j)) <= neighbours // 2
    np.testing.assert_array_equal(pattern(topology.ring(n, neighbours, weight=1.0)), expected)


def test_every_synapse_of_density_is_there_with_its_probability():
    """Each position counted over many draws is binomial; so are out-degrees within one draw."""
    n_draws, density = 2000, 0.15
    rng = generator()
    counts = sum(pattern(topology.random(6, 9, density=density, rng=rng)).astype(int) for _ in range(n_draws))
    z = (counts - n_draws * density) / np.sqrt(n_draws * density * (1 - density))
    assert stats.chi2(counts.size).sf((z**2).sum()) > 1e-3
    out_degrees, in_degrees = degrees(topology.random(4000, 50, density=density, rng=rng))
    observed = np.bincount(out_degrees, minlength=51)
    expected = 4000 * stats.binom(50, density).pmf(np.arange(51))
    likely = expected > 5
    statistic = ((observed - expected)[likely] ** 2 / expected[likely]).sum()
    assert stats.chi2(likely.sum() - 1).sf(statistic) > 1e-3
    assert (abs(in_degrees - 600) < 5 * np.sqrt(4000 * density * (1 - density))).all()


def test_neighbouring_synapses_of_density_are_independent():
    dense = pattern(topology.random(300, 300, density=0.3, rng=generator())).ravel()
    table = np.zeros((2, 2))
    np.add.at(table, (dense[:-1].astype(int), dense[1:].astype(int)), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-3


@pytest.mark.parametrize("in_degree", [1, 7, 20, 21, 33, 40])
def test_in_degree_is_exact_and_every_source_is_as_likely(in_degree):
    weights = topology.random(40, 3000, in_degree=in_degree, rng=generator())
    out_degrees, in_degrees = degrees(weights)
    assert (in_degrees == in_degree).all()
    chance = in_degree / 40
    if (
        in_degree < 40
    ):  # counts of different sources are correlated by -1/39: a chi-square of 39 degrees remains
        z = (out_degrees - 3000 * chance) / np.sqrt(3000 * chance * (1 - chance) * 40 / 39)
        assert stats.chi2(39).sf((z**2).sum()) > 1e-3


def test_pairs_of_sources_are_as_likely():
    """All 2-subsets of 5 sources come equally often."""
    weights = topology.random(5, 20000, in_degree=2, rng=generator())
    by_target = weights.tocsc()
    pairs = by_target.indices.reshape(-1, 2)
    _, counts = np.unique(pairs[:, 0] * 5 + pairs[:, 1], return_counts=True)
    assert counts.size == 10
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(
    "options", [{"density": 0.4}, {"in_degree": 3}, {"in_degree": 15}, {"in_degree": 19}]
)
def test_self_connections_are_left_out_on_request(options):
    weights = topology.random(20, 20, self_connections=False, rng=generator(), **options)
    assert not pattern(weights).diagonal().any()
    if "in_degree" in options:
        assert (degrees(weights)[1] == options["in_degree"]).all()
    assert pattern(topology.random(200, 200, density=0.4, rng=generator())).diagonal().any()


def test_without_self_connections_every_other_source_is_as_likely():
    rng = generator()
    counts = np.zeros((5, 5))
    for _ in range(2000):
        counts += pattern(topology.random(5, 5, in_degree=2, self_connections=False, rng=rng))
    others = counts[~np.eye(5, dtype=bool)]
    assert (abs(others - 1000) < 5 * np.sqrt(2000 * 0.25)).all()


def test_random_needs_memory_for_its_synapses_only():
    """100,000 x 100,000 at 0.001%: a dense pattern would take 10 GB."""
    tracemalloc.start()
    weights = topology.random(100_000, 100_000, density=1e-5, rng=generator())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert abs(weights.nnz - 100_000) < 5 * np.sqrt(100_000)
    assert peak < 20e6


def clustering_coefficient(dense):
    """Mean over neurons of the fraction of connected pairs among their targets, by its definition."""
    fractions = []
    for row in dense:
        among = dense[np.ix_(row, row)]
        fractions.append(among.sum() / (row.sum() * (row.sum() - 1)))
    return np.mean(fractions)


@pytest.mark.parametrize("neighbours", [4, 6, 10])
def test_small_world_without_rewiring_is_the_ring_with_its_clustering(neighbours):
    weights = topology.small_world(40, neighbours, 0.0, rng=generator())
    np.testing.assert_array_equal(pattern(weights), pattern(topology.ring(40, neighbours, weight=1.0)))
    closed_form = 3 * (neighbours - 2) / (4 * (neighbours - 1))
    assert clustering_coefficient(pattern(weights)) == pytest.approx(closed_form)


@pytest.mark.parametrize("chance", [0.05, 0.5, 1.0])
def test_small_world_rewires_the_stated_share_and_keeps_out_degrees(chance):
    n, neighbours = 1000, 10
    dense = pattern(topology.small_world(n, neighbours, chance, rng=generator()))
    assert not dense.diagonal().any()
    assert (dense.sum(axis=1) == neighbours).all()
    kept = (dense & pattern(topology.ring(n, neighbours, weight=1.0))).sum()
    back_again = neighbours / n  # a rewired synapse may fall on a former neighbour
    expected = n * neighbours * (1 - chance * (1 - back_again))
    assert abs(kept - expected) < 5 * np.sqrt(n * neighbours * chance * (1 - chance) + 100)


def test_fully_rewired_small_world_has_no_more_clustering_than_chance():
    dense = pattern(topology.small_world(600, 12, 1.0, rng=generator()))
    assert clustering_coefficient(dense) == pytest.approx(12 / 599, abs=0.01)


def test_small_world_between_all_neurons():
    dense = pattern(topology.small_world(7, 6, 1.0, rng=generator()))
    np.testing.assert_array_equal(dense, ~np.eye(7, dtype=bool))


@pytest.mark.parametrize(("n", "attachments"), [(2, 1), (5, 4), (50, 1), (60, 4)])
def test_scale_free_edges(n, attachments):
    dense = pattern(topology.scale_free(n, attachments, rng=generator()))
    np.testing.assert_array_equal(dense, dense.T)
    assert not dense.diagonal().any()
    m = attachments
    assert dense.sum() == 2 * (m * (m + 1) // 2 + m * (n - m - 1))
    assert (dense.sum(axis=1) >= m).all()
    later = np.arange(m + 1, n)
    assert (np.tril(dense)[later].sum(axis=1) == m).all()  # each newcomer made m edges to earlier neurons


def test_scale_free_degrees_follow_the_exact_law():
    """P(d) = 2m(m+1) / (d(d+1)(d+2)) for large n (Bollobás et al. 2001); a random graph has no such tail."""
    n, m = 20_000, 3
    out_degrees, in_degrees = degrees(topology.scale_free(n, m, rng=generator()))
    np.testing.assert_array_equal(out_degrees, in_degrees)
    degree = np.arange(m, 21)
    law = 2 * m * (m + 1) / (degree * (degree + 1) * (degree + 2))
    share = np.bincount(out_degrees, minlength=21)[degree] / n
    np.testing.assert_allclose(share, law, atol=5 * np.sqrt(law / n).max(), rtol=0.2)
    assert (out_degrees >= 100).mean() == pytest.approx(m * (m + 1) / (100 * 101), rel=0.4)
    assert out_degrees.max() > 200  # the mean is 6


def test_drawn_weights_are_normal_with_the_stated_deviation():
    gain = 2.0
    cases = {
        "dense": (topology.dense(100, 80, gain=gain, rng=generator()), 100),
        "density": (topology.random(200, 200, density=0.25, gain=gain, rng=generator()), 50),
        "in-degree": (topology.random(500, 500, in_degree=16, gain=gain, rng=generator()), 16),
        "ring": (topology.ring(500, 16, gain=gain, rng=generator()), 16),
        "small world": (topology.small_world(500, 16, 0.2, gain=gain, rng=generator()), 16),
        "fan-in below one": (topology.random(5000, 9000, density=1e-4, gain=gain, rng=generator()), 1),
    }
    for name, (weights, fan_in) in cases.items():
        standardised = weights.data * np.sqrt(fan_in) / gain
        assert stats.kstest(standardised, "norm").pvalue > 1e-3, name


def test_self_connections_left_out_do_not_count_as_fan_in():
    rng = generator()
    options = {"density": 0.9, "self_connections": False, "gain": 2.0, "rng": rng}
    drawn = np.concatenate([topology.random(3, 3, **options).data for _ in range(600)])
    assert stats.kstest(drawn * np.sqrt(2 * 0.9) / 2.0, "norm").pvalue > 1e-3


def test_scale_free_weights_depend_on_the_in_degree_of_their_target():
    weights = topology.scale_free(2000, 4, gain=2.0, rng=generator())
    in_degree = degrees(weights)[1]
    assert stats.kstest(weights.data * np.sqrt(in_degree[weights.indices]) / 2.0, "norm").pvalue > 1e-3


def test_the_default_gain_is_the_exported_one():
    default = topology.dense(10, 10, rng=generator())
    stated = topology.dense(10, 10, gain=topology.DEFAULT_GAIN, rng=generator())
    np.testing.assert_array_equal(default.data, stated.data)


def random_graph(**options):
    return topology.random(**{"n_source": 10, "n_target": 10, "rng": generator(), **options})


REFUSED = [
    ("density", lambda: random_graph(density=1.1)),
    ("density", lambda: random_graph(density=-0.1)),
    ("density", lambda: random_graph(density=float("nan"))),
    ("density", lambda: random_graph(density="dense")),
    ("density", lambda: random_graph()),
    ("density", lambda: random_graph(density=0.5, in_degree=3)),
    ("in_degree", lambda: random_graph(in_degree=11)),
    ("in_degree", lambda: random_graph(in_degree=10, self_connections=False)),
    ("in_degree", lambda: random_graph(in_degree=2.0)),
    ("in_degree", lambda: random_graph(in_degree=0)),
    ("self_connections", lambda: random_graph(n_target=11, density=0.5, self_connections=False)),
    ("rng", lambda: random_graph(density=0.5, rng=7)),
    ("rng", lambda: topology.dense(2, 2)),
    ("rng", lambda: topology.ring(10, 2)),
    ("n_source", lambda: topology.dense(0, 2, weight=1.0)),
    ("n_target", lambda: topology.dense(2, True, weight=1.0)),
    ("n_target", lambda: topology.dense(100_000, 100_000, weight=1.0)),
    ("n_target", lambda: random_graph(n_source=100_000, n_target=100_000, density=0.5)),
    ("n", lambda: topology.one_to_one(2.5)),
    ("weight", lambda: topology.one_to_one(2, float("inf"))),
    ("weight", lambda: topology.one_to_one(2, "1")),
    ("gain", lambda: topology.dense(2, 2, gain=0.0, rng=generator())),
    ("dtype", lambda: topology.dense(2, 2, weight=1.0, dtype=np.int32)),
    ("neighbours", lambda: topology.ring(10, 3, weight=1.0)),
    ("neighbours", lambda: topology.ring(10, 10, weight=1.0)),
    ("neighbours", lambda: topology.small_world(10, 0, 0.5, rng=generator())),
    ("rewiring_probability", lambda: topology.small_world(10, 2, 1.5, rng=generator())),
    ("attachments", lambda: topology.scale_free(5, 5, rng=generator())),
]


@pytest.mark.parametrize(
    ("name", "call"), REFUSED, ids=[f"{i}-{name}" for i, (name, _) in enumerate(REFUSED)]
)
def test_bad_arguments_are_refused_by_name(name, call):
    with pytest.raises(ConfigurationError) as caught:
        call()
    assert caught.value.path == name
