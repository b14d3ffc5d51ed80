"""specs/structural.md, the learner: rounds that keep the number of synapses, around a real gradient learner."""

import copy
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, registry, topology
from sc_core.errors import ConfigurationError
from sc_plugin_structural import SparseTrainingLearner

BPTT = {"name": "bptt", "lr": 0.05, "optimiser": "adam", "surrogate_slope": 2.0}


def _network(seed=1, density=0.2):
    rng = np.random.default_rng(seed)
    pixels, hidden = Population("pixels", 15, Input()), Population("hidden", 12, LIF(tau=5.0))
    digit = Population("digit", 3, LI(tau=5.0))
    return Network(
        [pixels, hidden, digit],
        [
            Projection(pixels, hidden, topology.random(15, 12, density=density, rng=rng, gain=3.0)),
            Projection(hidden, digit, topology.dense(12, 3, rng=rng)),
        ],
    )


def _batch(rng):
    labels = rng.integers(0, 3, 8)
    inputs = rng.random((10, 8, 15)) * 0.5
    inputs[:, np.arange(8), labels] += 1.0
    return Batch(inputs, labels)


def _keys(projection):
    rows = np.repeat(np.arange(projection.source.n), np.diff(projection.indptr))
    return rows * projection.target.n + projection.indices


@pytest.mark.parametrize("method", ["set", "rigl", "deep_r"])
def test_the_pattern_changes_and_the_number_of_synapses_stays(method):
    network, rng = _network(), np.random.default_rng(3)
    sparse, dense = network.projections
    learner = SparseTrainingLearner(network, BPTT, method, every=5, l1=0.05)
    assert learner.projections == (sparse,)
    n_synapses, before = sparse.n_synapses, set(_keys(sparse).tolist())
    losses = [learner.learn(_batch(rng))["loss"] for _ in range(60)]
    after = set(_keys(sparse).tolist())
    assert sparse.n_synapses == n_synapses == len(after)
    assert len(after - before) > 0.3 * n_synapses
    assert dense.n_synapses == 36
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


def test_rigl_goes_by_the_gradient_of_the_dense_network():
    network, batch = _network(), _batch(np.random.default_rng(3))
    sparse = network.projections[0]
    learner = SparseTrainingLearner(network, BPTT, "rigl", every=1, fraction=0.25)
    _, gradients = learner.loss_and_gradient(batch)
    learner._learner.apply(gradients)
    keys, size = _keys(sparse), np.abs(sparse.data)
    filled = _network()
    filled.projections[1].data[:] = network.projections[1].data
    everything = np.zeros((15, 12))
    everything.ravel()[keys] = sparse.data
    rows, columns = np.divmod(np.setdiff1d(np.arange(180), keys), 12)
    filled.projections[0].rewire(grow=(rows, columns, np.zeros(rows.size)))
    filled.projections[0].data[:] = everything.ravel()
    dense = registry.create("learner", "bptt", filled, **{k: v for k, v in BPTT.items() if k != "name"})
    steep = np.abs(dense.loss_and_gradient(batch)[1][0])
    k = int(0.25 * keys.size)
    kept = np.delete(keys, np.argsort(size, kind="stable")[:k])
    steep[kept] = -1.0
    expected = set(kept.tolist()) | set(np.argsort(-steep, kind="stable")[:k].tolist())
    learner._replace_weakest(sparse)
    assert set(_keys(sparse).tolist()) == expected
    new = ~np.isin(_keys(sparse), keys)
    assert new.any()
    assert not sparse.data[new].any()
    for name in ("first_moment", "second_moment"):
        assert not sparse.synapse_state[name][new].any()
        assert sparse.synapse_state[name][~new].any()


def test_set_takes_the_share_of_each_sign():
    network = _network()
    sparse = network.projections[0]
    learner = SparseTrainingLearner(network, BPTT, "set", every=1, fraction=0.4)
    sparse.data[:] = np.linspace(-1.0, 2.0, sparse.n_synapses)
    before = dict(zip(_keys(sparse).tolist(), sparse.data.tolist(), strict=True))
    learner._replace_weakest(sparse)
    kept = {key: value for key, value in before.items() if key in set(_keys(sparse).tolist())}
    positive = sorted(value for value in before.values() if value >= 0)
    negative = sorted(-value for value in before.values() if value < 0)
    expected = positive[int(0.4 * len(positive)) :] + [-v for v in negative[int(0.4 * len(negative)) :]]
    assert sorted(kept.values()) == sorted(expected)


def test_deep_r_keeps_signs_and_is_the_plain_learner_where_nothing_flips():
    rng = np.random.default_rng(3)
    batches = [_batch(rng) for _ in range(30)]
    gentle = {**BPTT, "lr": 1e-4}
    network, plain_network = _network(), _network()
    learner = SparseTrainingLearner(network, gentle, "deep_r", every=1, l1=0.0)
    plain = registry.create(
        "learner", "bptt", plain_network, **{k: v for k, v in gentle.items() if k != "name"}
    )
    assert np.abs(network.projections[0].data).min() > 30 * 1e-4
    for batch in batches:
        learner.learn(batch)
        plain.learn(batch)
    for mine, theirs in zip(network.projections, plain_network.projections, strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)

    network = _network()
    sparse = network.projections[0]
    learner = SparseTrainingLearner(network, BPTT, "deep_r", every=3, l1=0.01, temperature=1e-3)
    for batch in batches:
        learner.learn(batch)
        sign = sparse.synapse_state["deep_r_sign"]
        assert (np.abs(sign) == 1).all()
        assert (sign * sparse.data >= 0).all()


def test_the_share_falls_along_half_a_cosine():
    learner = SparseTrainingLearner(_network(), BPTT, "set", every=100, fraction=0.3, until=40)
    shares = []
    for learner._updates in (0, 10, 20, 40, 50):
        shares.append(learner._share())
    np.testing.assert_allclose(shares, [0.3, 0.15 * (1 + np.sqrt(0.5)), 0.15, 0.0, 0.0])


@pytest.mark.parametrize("method", ["set", "rigl", "deep_r"])
def test_it_resumes_bit_for_bit(method):
    rng = np.random.default_rng(3)
    batches = [_batch(rng) for _ in range(20)]

    def make():
        network = _network()
        return network, SparseTrainingLearner(network, BPTT, method, every=4, l1=0.02, temperature=1e-4)

    network, learner = make()
    for batch in batches[:10]:
        learner.learn(batch)
    saved = copy.deepcopy((network.state_dict(), learner.state_dict()))
    for batch in batches[10:]:
        learner.learn(batch)
    resumed_network, resumed = make()
    resumed_network.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    for batch in batches[10:]:
        resumed.learn(batch)
    np.testing.assert_array_equal(_keys(resumed_network.projections[0]), _keys(network.projections[0]))
    for mine, theirs in zip(resumed_network.projections, network.projections, strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)


def test_what_cannot_be_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="every trainable projection is full"):
        SparseTrainingLearner(_network(density=1.0), BPTT)
    with pytest.raises(ConfigurationError, match="no projection 'a->b'; there are: pixels->hidden"):
        SparseTrainingLearner(_network(), BPTT, projections=["a->b"])
    learner = SparseTrainingLearner(_network(), BPTT, every=1)
    with pytest.raises(ConfigurationError, match="rigl needs a batch"):
        learner.apply([np.zeros_like(parameter) for parameter in learner.parameters])
    with pytest.raises(ValueError, match="fraction"):
        SparseTrainingLearner(_network(), BPTT, fraction=1.0)


def test_the_table_in_the_guide_is_that_of_the_runs():
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(
        "sparse_training", root / "benchmarks" / "sparse_training.py"
    )
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    results = json.loads((root / "docs" / "gallery" / "sparse_training.json").read_text())
    assert benchmark.table_of(results) in (root / "docs" / "benchmarks.md").read_text()
    for data, methods in results.items():
        assert all(len(runs) == benchmark.SEEDS[data] for runs in methods.values())
        synapses = [{seed: run["synapses"] for seed, run in runs.items()} for runs in methods.values()]
        assert all(each == synapses[0] for each in synapses)
        for method in ("set", "rigl"):
            mean, half = benchmark.interval(benchmark.gains_over_fixed(methods, method))
            assert mean - half > 0
