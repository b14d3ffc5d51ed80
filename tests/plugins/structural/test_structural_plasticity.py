"""specs/structural.md, the plasticity: what goes, what grows, and that everything follows its synapse."""

import copy

import numpy as np
import pytest
import scipy.sparse

from sc_core import LIF, Input, Network, Population, Projection, Simulation
from sc_core.errors import ConfigurationError
from sc_core.simulation import ArrayStimulus
from sc_plugin_structural import StructuralPlasticity
from sc_plugin_structural.activity import Activity
from sc_plugin_structural.patterns import draw_absent


def _projection(rng, n_source=12, n_target=9, density=0.4, low=0.0, same=False):
    source = Population("source", n_source, LIF() if same else Input())
    target = source if same else Population("target", n_target, LIF())
    there = rng.random((n_source, target.n)) < density
    if same:
        np.fill_diagonal(there, False)
    weights = np.where(there, rng.uniform(low, 1.0, there.shape) * rng.choice([-1, 1], (n_source, 1)), 0.0)
    return Projection(source, target, scipy.sparse.csr_array(weights), delay=int(same))


def _watch(rule, projection, pre, post, rng=None):
    rule.bind(projection, 1.0, rng or np.random.default_rng(0))
    for arriving, emitted in zip(pre, post, strict=True):
        rule.after_step(arriving, emitted, 0.0)
    rule.consolidate(float(len(pre)))


def _pattern(projection):
    return {tuple(pair) for pair in np.argwhere(projection.weights.toarray() != 0).tolist()}


def test_correlations_are_those_of_the_dense_signals():
    rng = np.random.default_rng(3)
    n_steps, window = 130, 4
    pre, post = rng.random((200, 5)) < 0.1, rng.random((200, 7)) < 0.2
    activity = Activity(n_steps, window, 5, 7)
    for arriving, emitted in zip(pre, post, strict=True):
        activity.observe(arriving.astype(float), emitted.astype(float))
    recent = np.array([[pre[max(0, t - window + 1) : t + 1, i].any() for i in range(5)] for t in range(200)])
    rows, columns = np.divmod(np.arange(35), 7)
    expected = np.corrcoef(recent[-n_steps:].T, post[-n_steps:].T)[:5, 5:]
    np.testing.assert_allclose(activity.correlations(rows, columns).reshape(5, 7), expected, atol=1e-12)


def test_the_most_correlated_absent_pairs_grow_with_the_sign_of_their_neuron():
    rng = np.random.default_rng(5)
    projection = _projection(rng, low=0.2)
    pre, post = (rng.random((300, 12)) < 0.1).astype(float), (rng.random((300, 9)) < 0.1).astype(float)
    before = _pattern(projection)
    weak = [0, 7, 11]
    projection.data[weak] = [1e-3, -2e-3, 0.0]
    gone = {tuple(pair) for pair in np.argwhere(projection.weights.toarray() != 0).tolist()}
    gone = before - {pair for pair in gone if abs(projection.weights[pair]) >= 0.01}
    sign = np.where(projection.weights.sum(axis=1) < 0, -1.0, 1.0)
    rule = StructuralPlasticity(growth_rate=1.0, interval=300.0, window=1.0, initial_weight=0.05)
    _watch(rule, projection, pre, post)
    rho = np.corrcoef(pre.T, post.T)[:12, 12:]
    absent = sorted(set(np.ndindex(12, 9)) - before, key=lambda pair: -rho[pair])
    assert _pattern(projection) == (before - gone) | set(absent[:3])
    for pair in absent[:3]:
        assert projection.weights[pair] == 0.05 * sign[pair[0]]


def test_everything_that_is_registered_follows_its_synapse():
    rng = np.random.default_rng(6)
    projection = _projection(rng)
    name_of = rng.permutation(projection.n_synapses) + 1
    projection.register("identity", name_of.astype(float))
    identity = projection.weights.copy()
    identity.data[:] = name_of
    identity = identity.toarray()
    rule = StructuralPlasticity(growth_rate=1.0, prune_threshold=0.4, interval=100.0, window=3.0)
    _watch(rule, projection, rng.random((100, 12)) < 0.2, rng.random((100, 9)) < 0.2)
    after = projection.weights.copy()
    after.data[:] = projection.synapse_state["identity"]
    kept = after.toarray() > 0
    assert 0 < kept.sum() < projection.n_synapses
    np.testing.assert_array_equal(after.toarray()[kept], identity[kept])


@pytest.mark.parametrize("same", [False, True])
def test_bounds_hold_over_many_rounds(same):
    rng = np.random.default_rng(8)
    projection = _projection(rng, 20, 20, 0.3, same=same)
    n_before = projection.n_synapses
    bounds = {"min_fan_in": 2, "min_fan_out": 1, "max_fan_in": 9, "max_fan_out": 8}
    rule = StructuralPlasticity(growth_rate=0.2, prune_threshold=0.3, interval=50.0, window=2.0, **bounds)
    degrees = [np.diff(projection.indptr), np.bincount(projection.indices, minlength=20)]
    least = [np.minimum(d, m) for d, m in zip(degrees, (1, 2), strict=True)]
    most = [np.maximum(d, m) for d, m in zip(degrees, (8, 9), strict=True)]
    rule.bind(projection, 1.0, rng)
    patterns = set()
    for _ in range(20):
        projection.data[:] *= rng.uniform(0.5, 1.2, projection.n_synapses)
        for _ in range(50):
            rule.after_step(rng.random(20) < 0.1, rng.random(20) < 0.1, 0.0)
        rule.consolidate(50.0)
        degrees = [np.diff(projection.indptr), np.bincount(projection.indices, minlength=20)]
        for degree, low, high in zip(degrees, least, most, strict=True):
            assert (degree >= low).all()
            assert (degree <= high).all()
        assert projection.n_synapses <= n_before
        patterns.add(frozenset(_pattern(projection)))
        if same:
            assert not projection.weights.diagonal().any()
    assert len(patterns) == 20


def test_a_simulation_drives_it_and_resumes_bit_for_bit():
    spikes = (np.random.default_rng(9).random((230, 30)) < 0.1).astype(float)

    def made(seed):
        projection = _projection(np.random.default_rng(2), 30, 20, 0.3)
        projection.data[:] *= 20.0
        network = Network([projection.source, projection.target], [projection])
        rule = StructuralPlasticity(0.1, 4.0, interval=50.0, window=5.0, initial_weight=5.0)
        stimuli = {"source": ArrayStimulus(spikes)}
        return network, Simulation(
            network, {projection.name: rule}, np.random.default_rng(seed), stimuli=stimuli
        )

    network, simulation = made(4)
    before = _pattern(network.projections[0])
    simulation.advance(120.0)
    saved = copy.deepcopy((network.state_dict(), simulation.state_dict()))
    simulation.advance(110.0)
    after = _pattern(network.projections[0])
    assert len(before - after) > 5
    assert len(after - before) > 5
    resumed_network, resumed = made(99)
    resumed_network.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    resumed.advance(110.0)
    np.testing.assert_array_equal(
        resumed_network.projections[0].weights.toarray(), network.projections[0].weights.toarray()
    )


def test_slots_are_those_of_the_documentation():
    rng = np.random.default_rng(1)
    projection = _projection(rng)
    before = projection.data.copy()
    pattern = projection.indices.copy()
    rule = StructuralPlasticity(growth_rate=0.1, prune_threshold=0.3, rule="slots")
    rule.update(projection)
    weak = np.abs(before) < 0.3
    assert weak.sum() > int(0.1 * before.size) == 3
    np.testing.assert_array_equal(projection.indices, pattern)
    np.testing.assert_array_equal(projection.data[~weak], before[~weak])
    regrown = projection.data[weak][projection.data[weak] != 0]
    assert len(regrown) == 3
    assert ((regrown >= 0.001) & (regrown <= 0.05)).all()


def test_slots_take_objects_with_the_documented_attributes():
    class Plain:
        pass

    plain, source, target = Plain(), Plain(), Plain()
    source.n, target.n = 2, 2
    plain.source, plain.target = source, target
    plain.indptr, plain.indices = np.array([0, 2, 3]), np.array([0, 1, 1])
    plain.data = np.array([0.5, 0.001, 0.002])
    StructuralPlasticity(rule="slots").update(plain)
    assert plain.data[0] == 0.5
    assert np.count_nonzero(plain.data) == 2
    with pytest.raises(ConfigurationError, match=r'no rewire.*choose rule = "slots"'):
        StructuralPlasticity().update(plain)


def test_update_takes_note_of_the_spikes_of_the_moment():
    source, target = Population("in", 2, Input()), Population("out", 1, LIF(tau=2.0))
    projection = Projection(source, target, np.array([[3.0], [0.001]]))
    projection.rewire(prune=[1])
    network = Network([source, target], [projection])
    rule = StructuralPlasticity(growth_rate=1.0, window=1.0)
    rule.bind(projection, 1.0, np.random.default_rng(0))
    rule._care.n_synapses = 2
    for t in range(20):
        arriving = np.full(2, float(t % 3 == 0))
        source.step_all(arriving)
        target.step_all(arriving @ projection.weights.toarray())
        rule.update(projection)
    assert _pattern(projection) == {(0, 0), (1, 0)}
    assert network.projections[0] is projection


def test_options_are_checked_by_name():
    with pytest.raises(ValueError, match="prune_threshold"):
        StructuralPlasticity(prune_threshold=-1.0)
    with pytest.raises(ValueError, match="max_fan_in must be at least 1 and min_fan_in = 3, got 2"):
        StructuralPlasticity(min_fan_in=3, max_fan_in=2)
    rule = StructuralPlasticity(interval=0.5)
    with pytest.raises(ConfigurationError, match=r"interval: must be at least dt = 2\.0 ms"):
        rule.bind(_projection(np.random.default_rng(0)), 2.0, np.random.default_rng(0))


def test_absent_pairs_are_drawn_evenly():
    rng = np.random.default_rng(0)
    occupied = np.array([0, 1, 4, 7, 9])
    counts = np.zeros(10, int)
    for _ in range(3000):
        drawn = draw_absent(occupied, 10, 2, rng)
        assert len(set(drawn.tolist()) - set(occupied.tolist())) == 2
        counts[drawn] += 1
    absent = counts[counts > 0]
    assert absent.size == 5
    assert ((absent - 1200) ** 2 / 1200).sum() < 18.5  # chi-square, 4 degrees of freedom, 0.1 %
    assert draw_absent(np.empty(0, np.int64), 3, 9, rng).tolist() == [0, 1, 2]
    assert draw_absent(np.arange(3), 3, 2, rng).tolist() == []
