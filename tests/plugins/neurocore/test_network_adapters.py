"""The adapters of `sc_neurocore.network` against the formulas that existing scripts rely on."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sc_core
from sc_core.errors import ConfigurationError, ShapeError, UnknownPlugin
from sc_neurocore import StochasticLIFNeuron
from sc_neurocore.network import LapicqueNeuron, Network, PoissonInput, Population, Projection

CURRENTS = np.random.default_rng(3).uniform(-0.5, 3.0, size=(200, 4))


def stepped(population, currents):
    spikes, voltages = [], []
    for current in currents:
        spikes.append(population.step_all(current))
        voltages.append(population.voltages.copy())
    return np.array(spikes), np.array(voltages)


@pytest.mark.parametrize("model", [LapicqueNeuron, "LapicqueNeuron"])
@pytest.mark.parametrize(
    "params",
    [{}, {"tau": 5.0, "resistance": 2.0}, {"v_rest": -0.2, "v_reset": -0.4, "v_threshold": 0.7, "dt": 0.5}],
)
def test_lapicque_neuron(model, params):
    p = {"v_rest": 0, "v_reset": 0, "v_threshold": 1, "tau": 20, "resistance": 1, "dt": 1, **params}
    v, spikes, voltages = np.full(4, float(p["v_rest"])), [], []
    for current in CURRENTS:
        v_inf = p["v_rest"] + p["resistance"] * current
        v = v_inf + (v - v_inf) * math.exp(-p["dt"] / p["tau"])
        spikes.append(v >= p["v_threshold"])
        v = np.where(spikes[-1], p["v_reset"], v)
        voltages.append(v)
    got_spikes, got_voltages = stepped(Population(model, 4, params), CURRENTS)
    assert 0 < np.sum(spikes) < 800
    np.testing.assert_array_equal(got_spikes, spikes)
    np.testing.assert_allclose(got_voltages, voltages, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tau_mem": 5.0, "resistance": 0.1},
        {"v_rest": -0.2, "v_reset": -0.4, "v_threshold": 0.7, "dt": 0.5},
    ],
)
def test_stochastic_lif_neuron_without_noise(params):
    p = {"v_rest": 0, "v_reset": 0, "v_threshold": 1, "tau_mem": 20, "resistance": 1, "dt": 1, **params}
    v, spikes, voltages = np.full(4, float(p["v_rest"])), [], []
    for current in CURRENTS:
        v = v - (v - p["v_rest"]) * p["dt"] / p["tau_mem"] + p["resistance"] * current * p["dt"]
        spikes.append(v >= p["v_threshold"])
        v = np.where(spikes[-1], p["v_reset"], v)
        voltages.append(v)
    got_spikes, got_voltages = stepped(Population(StochasticLIFNeuron, 4, params), CURRENTS)
    assert 0 < np.sum(spikes) < 800
    np.testing.assert_array_equal(got_spikes, spikes)
    np.testing.assert_allclose(got_voltages, voltages, rtol=1e-9, atol=1e-12)


def test_stochastic_lif_noise_is_sigma_root_dt():
    params = {"noise_std": 0.3, "dt": 0.25, "resistance": 2.0, "v_threshold": 100.0, "seed": 1}
    population = Population(StochasticLIFNeuron, 20000, params)
    population.step_all(np.zeros(20000))
    assert population.voltages.std() == pytest.approx(0.3 * math.sqrt(0.25), rel=0.02)
    assert abs(population.voltages.mean()) < 4 * 0.15 / math.sqrt(20000)
    again = Population(StochasticLIFNeuron, 20000, params)
    again.step_all(np.zeros(20000))
    np.testing.assert_array_equal(again.voltages, population.voltages)


def test_unseeded_noise_comes_from_the_network():
    def spikes(seed):
        population = Population(StochasticLIFNeuron, 50, {"noise_std": 0.5})
        return Network(population, seed=seed).run(0.1)["StochasticLIFNeuron"].times

    np.testing.assert_array_equal(spikes(1), spikes(1))
    assert spikes(1).tolist() != spikes(2).tolist()


@pytest.mark.parametrize(
    ("model", "params", "name"),
    [
        ("Izhikevich", {}, "model"),
        (int, {}, "model"),
        (StochasticLIFNeuron, {"dt": 20.0}, "dt"),
        (StochasticLIFNeuron, {"noise_std": 0.1, "resistance": 0.0}, "resistance"),
    ],
)
def test_impossible_models_are_refused_by_name(model, params, name):
    with pytest.raises(ConfigurationError) as caught:
        Population(model, 3, params)
    assert caught.value.path == name


def pair(n_source=5, n_target=4):
    return Population(LapicqueNeuron, n_source, label="a"), Population(LapicqueNeuron, n_target, label="b")


def test_random_projection():
    source, target = pair(30, 20)
    projection = Projection(source, target, 0.5, probability=0.3, seed=11)
    pattern = np.random.default_rng(11).random((30, 20)) < 0.3
    np.testing.assert_array_equal(projection.weights.toarray(), 0.5 * pattern)
    assert projection.data.tolist() == [0.5] * pattern.sum()
    default = Projection(source, target, 0.5)
    assert default.n_synapses == 600  # the probability is 1


def test_other_topologies():
    source, target = pair(10, 10)
    assert (
        Projection(source, target, 2.0, topology="all_to_all").weights.toarray().tolist() == [[2.0] * 10] * 10
    )
    ring = Projection(source, target, 2.0, topology="ring").weights.toarray()
    assert np.flatnonzero(ring[0]).tolist() == [1, 2, 8, 9]
    for name in ("small_world", "scale_free"):
        projection = Projection(source, target, 2.0, topology=name, seed=3)
        assert set(projection.data) == {2.0}
        again = Projection(source, target, 2.0, topology=name, seed=3)
        np.testing.assert_array_equal(again.indices, projection.indices)
    arrays = (np.array([0, 1] + [1] * 9), np.array([3]), np.array([0.25]))
    given = Projection(source, target, 9.0, topology=arrays)
    assert (given.indptr.tolist(), given.indices.tolist(), given.data.tolist()) == (
        [0, 1] + [1] * 9,
        [3],
        [0.25],
    )


def test_weak_synapses_are_left_out():
    source, target = pair()
    arrays = (np.array([0, 2, 2, 2, 2, 2]), np.array([0, 1]), np.array([0.05, -0.2]))
    projection = Projection(source, target, 1.0, topology=arrays, weight_threshold=0.1)
    assert (projection.indices.tolist(), projection.data.tolist()) == ([1], [-0.2])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"probability": 1.5}, "probability"),
        ({"delay": -1.0}, "delay"),
        ({"topology": "star"}, "topology"),
        ({"topology": "ring"}, "topology"),
    ],
)
def test_impossible_projections_are_refused_by_name(options, name):
    with pytest.raises(ConfigurationError) as caught:
        Projection(*pair(), 1.0, **options)
    assert caught.value.path == name


@pytest.mark.parametrize(("delay", "arrival"), [(0.0, 1), (1.0, 2), (0.4, 2), (3.0, 4)])
def test_a_spike_acts_a_step_after_its_emission(delay, arrival):
    source, target = pair(1, 1)
    net = Network(source, target, Projection(source, target, 30.0, delay=delay))
    spikes = sc_core.Simulation(net).run(np.array([[30.0]] + [[0.0]] * 9))
    assert np.flatnonzero(spikes["a"]).tolist() == [0]
    assert np.flatnonzero(spikes["b"]).tolist() == [arrival]


def test_a_network_is_one_for_every_learner():
    source, target = pair()
    net = Network(source, target, Projection(source, target, 3.0), Projection(target, target, 0.1))
    assert isinstance(net, sc_core.Network)
    assert [p.label for p in net.populations] == ["a", "b"]
    assert net.dtype == np.float64
    assert net.run(np.full((20, 5), 3.0)).shape == (20, 4)


def test_labels_and_names_are_told_apart():
    first, second = Population("LapicqueNeuron", 2), Population("LapicqueNeuron", 2)
    net = Network(first, second, Projection(first, second, 1.0), Projection(first, second, 2.0))
    assert [p.name for p in net.populations] == ["LapicqueNeuron", "LapicqueNeuron-2"]
    assert [p.name for p in net.projections] == [
        "LapicqueNeuron->LapicqueNeuron-2",
        "LapicqueNeuron->LapicqueNeuron-2-2",
    ]


def test_poisson_input_drives_the_first_population_unless_given_a_target():
    source, target = pair(500, 500)
    stimulus = PoissonInput(300, rate_hz=100.0, weight=40.0, seed=5)
    spikes = Network(source, target, stimulus).run(0.5)
    assert spikes["b"].times.size == 0
    assert spikes["a"].neurons.max() < 300
    assert spikes["a"].times.size == pytest.approx(300 * 100 * 0.5, rel=0.03)  # every input makes a spike
    source, target = pair(500, 500)
    stimulus = PoissonInput(500, rate_hz=100.0, weight=40.0, seed=5)
    stimulus.target = target
    spikes = Network(source, target, stimulus).run(0.1)
    assert spikes["a"].times.size == 0 < spikes["b"].times.size
    with pytest.raises(ConfigurationError, match="at most 5"):
        Network(*pair(), PoissonInput(6, 1.0, 1.0)).run(0.01)
    with pytest.raises(ConfigurationError, match="rate_hz"):
        PoissonInput(3, rate_hz=2000.0, weight=1.0)


def test_a_second_run_goes_on_where_the_first_ended():
    def network():
        source, target = pair()
        return Network(source, target, Projection(source, target, 6.0), PoissonInput(5, 200.0, 30.0))

    at_once, in_two = network(), network()
    whole = at_once.run(0.2)
    first, second = in_two.run(0.12), in_two.run(0.08)
    for label in whole:
        times = np.concatenate([first[label].times, second[label].times])
        np.testing.assert_array_equal(times, whole[label].times)
    np.testing.assert_array_equal(in_two.populations[1].voltages, at_once.populations[1].voltages)


def test_steps_of_another_length_and_other_objects_are_refused():
    fine = Population(LapicqueNeuron, 2, {"dt": 0.1}, label="fine")
    with pytest.raises(ConfigurationError, match="must be the same"):
        Network(fine, pair()[0])
    with pytest.raises(TypeError, match="got str"):
        Network("a")
    assert Network(fine).dt == 0.1
    with pytest.raises(ShapeError):
        fine.step_all(np.zeros(3))


def test_a_plasticity_is_looked_up_by_name():
    source, target = pair()
    net = Network(source, target, Projection(source, target, 1.0, plasticity="no-such-rule"))
    with pytest.raises(UnknownPlugin, match="no-such-rule"):
        net.run(0.01)
