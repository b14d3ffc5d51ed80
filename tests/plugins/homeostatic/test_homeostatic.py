"""Synaptic scaling: its equations in plain Python, bounds and signs, states, other people's populations."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from sc_core import LI, LIF, Input, Network, Population, Projection, Simulation, registry
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_plugin_homeostatic import HomeostaticPlasticity

WEIGHTS = [[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]


def built(dt=1.0, dtype=np.float64):
    source, target = Population("source", 2, Input()), Population("target", 3, LIF())
    network = Network([source, target], [Projection(source, target, np.array(WEIGHTS, dtype))], dt=dt)
    return network.projections[0]


def bound(dt=1.0, dtype=np.float64, **options):
    projection = built(dt, dtype)
    rule = HomeostaticPlasticity(**options)
    rule.bind(projection, dt, np.random.default_rng(0))
    return rule, projection


def spikes(n_steps, seed=0):
    return (np.random.default_rng(seed).random((n_steps, 3)) < [0.0, 0.01, 0.1]).astype(float)


def test_each_neuron_by_the_equations():
    rule, projection = bound(dt=0.5, target_rate=15.0, tau=400.0, tau_w=2000.0, interval=50.0)
    rates, weights = [15.0] * 3, np.array(WEIGHTS)
    train = spikes(1000)
    for t, post in enumerate(train, 1):
        rule.after_step(np.zeros(2), post, 0.0)
        if t % 100 == 0:
            rule.consolidate(50.0)
            for j in range(3):
                seen = 20.0 * train[t - 100 : t, j].sum()
                rates[j] += (1 - math.exp(-50.0 / 400.0)) * (seen - rates[j])
                error = min(max((15.0 - rates[j]) / 15.0, -1.0), 1.0)
                for i in range(2):
                    if weights[i, j] > 0:
                        weights[i, j] *= 1 + error * 50.0 / 2000.0
    np.testing.assert_allclose(rule.rates, rates, rtol=1e-12)
    np.testing.assert_allclose(projection.weights.toarray(), weights, rtol=1e-12)
    assert weights[0, 0] > 1.1  # silent
    assert weights[0, 2] < 0.5  # fires too much


def test_update_is_the_same_without_a_simulation():
    rule, projection = bound(target_rate=60.0, tau=300.0)
    alone, other = HomeostaticPlasticity(60.0, 300.0), built()
    for t, post in enumerate(spikes(2000, seed=2), 1):
        rule.after_step(np.zeros(2), post, 0.0)
        if t % 100 == 0:
            rule.consolidate(100.0)
        other.target.spikes = post
        alone.update(other.target)
    np.testing.assert_array_equal(other.data, projection.data)
    assert (other.data != built().data).any()


def test_a_simulation_scales_at_its_interval():
    projection = built(dt=0.5)
    rule = registry.create("plasticity", "homeostatic", tau=100.0, interval=20.0)
    simulation = Simulation(
        Network([projection.source, projection.target], [projection], dt=0.5),
        {"source->target": rule},
        np.random.default_rng(0),
    )
    simulation.advance(200.0)  # nobody fires
    rate, factor = 10.0, 1.0
    for _ in range(10):
        rate *= math.exp(-0.2)
        factor *= 1 + (10.0 - rate) / 10.0 * 20.0 / 1000.0
    assert projection.data[0] == pytest.approx(factor, rel=1e-12)
    assert projection.data[1] == -2.0


def test_weights_stop_at_their_bound():
    for dtype in (np.float32, np.float64):
        rule, projection = bound(dtype=dtype, tau=10.0, w_max=2.5)
        for _ in range(500):
            rule.consolidate(10.0)
        np.testing.assert_array_equal(projection.weights.toarray(), [[2.5, -2.0, 2.5], [2.5, 2.5, -1.0]])


def test_without_a_bound_they_stay_finite():
    rule, projection = bound(dtype=np.float32, tau=10.0)
    for _ in range(2000):
        rule.consolidate(10.0)
    assert np.isfinite(projection.data).all()
    assert projection.data[0] == np.finfo(np.float32).max


def test_a_rewired_projection_is_scaled_as_it_is_now():
    rule, projection = bound(tau=10.0)
    projection.rewire(prune=[0, 4], grow=([0], [0], [7.0]))
    rule.consolidate(10.0)
    assert projection.data[0] > 7.0
    assert projection.weights.toarray()[1, 1] == 0.0


def documented(train, weights, target, tau):
    """The page's formula in plain Python, one step of 1 ms each."""
    estimate = None
    for post in train:
        rate = sum(post) / len(post) * 1000.0
        estimate = rate if estimate is None else estimate
        estimate += (rate - estimate) / tau
        if estimate > 0:
            weights = weights * min(max(target / estimate, 0.9), 1.1)
    return estimate, weights


@pytest.mark.parametrize("seed", [0, 1])
def test_the_documented_rule_is_exact(seed):
    train = spikes(60, seed)
    rule = HomeostaticPlasticity(20.0, 250.0, scope="population")
    projection = built()
    other = SimpleNamespace(data=np.array([5.0, -5.0]))
    population = SimpleNamespace(
        spikes=None, _projections=[projection, other, object()]
    )  # what has no weights is passed over
    for post in train:
        population.spikes = post
        rule.update(population)
    estimate, weights = documented(train, built().data, 20.0, 250.0)
    np.testing.assert_allclose(rule.rates, [estimate], rtol=1e-12)
    np.testing.assert_allclose(projection.data, weights, rtol=1e-12)
    np.testing.assert_allclose(other.data, documented(train, np.array([5.0, -5.0]), 20.0, 250.0)[1])
    assert rule._last_scale == pytest.approx(min(max(20.0 / estimate, 0.9), 1.1))


def test_the_documented_rule_in_a_simulation():
    rule, projection = bound(target_rate=20.0, tau=250.0, scope="population")
    train = spikes(60)
    for post in train:
        rule.after_step(np.zeros(2), post, 0.0)
    rule.consolidate(60.0)
    np.testing.assert_allclose(projection.data, documented(train, built().data, 20.0, 250.0)[1], rtol=1e-12)


def test_the_documented_rule_leaves_silence_alone():
    rule, projection = bound(scope="population")
    for _ in range(10):
        rule.after_step(np.zeros(2), np.zeros(3), 0.0)
    np.testing.assert_array_equal(projection.data, built().data)


def test_voltages_stand_in_for_spikes():
    for scope in ("neuron", "population"):
        weights = []
        for source, population in (
            ("spikes", {"spikes": np.array([1.0, 0.0])}),
            ("spikes", {"voltages": np.array([0.95, 0.9])}),
            ("voltage", {"voltages": np.array([0.95, 0.1]), "spikes": np.array([0.0, 1.0])}),
        ):
            projection = SimpleNamespace(data=np.array([1.0, 2.0]), indices=np.array([0, 1]))
            rule = HomeostaticPlasticity(scope=scope, spike_source=source)
            for _ in range(100):
                rule.update(SimpleNamespace(**population, _projections=[projection]))
            weights.append(projection.data.tolist())
        assert weights[0] == weights[1] == weights[2] != [1.0, 2.0]


@pytest.mark.parametrize("scope", ["neuron", "population"])
def test_a_saved_rule_goes_on_with_the_same_bits(scope):
    train = spikes(350)
    (rule, first), (other, second) = bound(scope=scope), bound(scope=scope)

    def go_on(rule, projection, some):
        for post in some:
            projection.target.spikes = post
            rule.update(projection.target)
        return projection.data.copy()

    go_on(rule, first, train[:150])
    saved = {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in rule.state_dict().items()
    }
    second.data[:] = first.data
    other.load_state_dict(saved)
    np.testing.assert_array_equal(go_on(rule, first, train[150:]), go_on(other, second, train[150:]))
    np.testing.assert_array_equal(rule.rates, other.rates)
    with pytest.raises(CheckpointError, match="no state"):
        other.load_state_dict({})
    with pytest.raises(CheckpointError, match="7 neurons"):
        other.load_state_dict({**saved, "counts": np.zeros(7)})
    another = "population" if scope == "neuron" else "neuron"
    with pytest.raises(CheckpointError, match="scope"):
        bound(scope=another)[0].load_state_dict(saved)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target_rate": 0.0}, "target_rate"),
        ({"target_rate": math.inf}, "target_rate must be finite"),
        ({"tau": -1.0}, "tau"),
        ({"scope": "all"}, "scope"),
        ({"tau_w": 3999.0}, "at least 4 tau = 4000 ms"),
        ({"w_max": 0.0}, "w_max"),
        ({"interval": 1001.0}, "interval must be at most tau"),
        ({"scope": "population", "w_max": 1.0}, "w_max is an option of scope"),
        ({"spike_source": "current"}, "spike_source"),
        ({"rate": 3.0}, "rate"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        HomeostaticPlasticity(**options)


def test_what_does_not_spike_is_refused():
    source, readout = Population("source", 2, Input()), Population("readout", 1, LI())
    with pytest.raises(ConfigurationError, match=r"source->readout.plasticity: .* a target that spikes"):
        HomeostaticPlasticity().bind(Projection(source, readout, [[1.0], [1.0]]), 1.0, None)
    for wrong in (0.5, math.nan):
        with pytest.raises(ConfigurationError, match="must be 0 or 1, neuron 1 has"):
            HomeostaticPlasticity().update(SimpleNamespace(spikes=np.array([0.0, wrong])))


def test_another_population_is_refused():
    rule, _ = bound()
    with pytest.raises(ShapeError, match="2 neurons, this rule is for 3"):
        rule.update(SimpleNamespace(spikes=np.zeros(2)))
