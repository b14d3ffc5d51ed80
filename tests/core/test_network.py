"""Networks: checks by name, order, the documented duck type, saved state."""

import numpy as np
import pytest

from sc_core import LI, LIF, Input, Network, Population, Projection
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError, ShapeError
from sc_core.model import CubaLIF, fluctuation_gain
from sc_core.simulation import firing_rates, simulate


def chain(dtype=np.float64):
    a, b, c = Population("a", 2, Input()), Population("b", 3, LIF()), Population("c", 1, LI())
    return Network(
        [a, b, c], [Projection(a, b, 30 * np.ones((2, 3), dtype)), Projection(b, c, np.ones((3, 1), dtype))]
    )


def test_the_documented_duck_type():
    network = chain()
    projection, population = network.projections[0], network.populations[1]
    assert (projection.source.n, projection.target.n) == (2, 3)
    assert projection.indptr.tolist() == [0, 3, 6]
    assert projection.indices.tolist() == [0, 1, 2, 0, 1, 2]
    assert population.incoming == [projection]
    spikes = population.step_all(np.full(3, 25.0))
    assert spikes.tolist() == population.spikes.tolist() == [1, 1, 1]
    assert population.voltages[0] == pytest.approx(25 * (1 - np.exp(-1 / 20)) - 1)
    population.reset_all()
    assert population.voltages.tolist() == population.spikes.tolist() == [0, 0, 0]


def test_a_step_visits_populations_in_topological_order_whatever_order_they_come_in():
    a, b, c = Population("a", 1, Input()), Population("b", 1, LIF()), Population("c", 1, LI())
    projections = [Projection(b, c, [[1.0]]), Projection(a, b, [[100.0]])]
    network = Network([c, b, a], projections, inputs="a", outputs=c)
    assert [population.name for population in network.order] == ["a", "b", "c"]
    assert network.run(np.ones((1, 1)))[0, 0] == pytest.approx(1 - np.exp(-1 / 20))


def test_a_cycle_needs_a_delay():
    a, b = Population("a", 1, LIF()), Population("b", 1, LIF())
    there, back = Projection(a, b, [[1.0]]), Projection(b, a, [[1.0]])
    with pytest.raises(ConfigurationError, match=r"the cycle (a -> b -> a|b -> a -> b) has no delay"):
        Network([a, b], [there, back])
    Network([a, b], [there, Projection(b, a, [[1.0]], delay=1)])


def test_what_does_not_fit_together_is_refused_by_name():
    a, b = Population("a", 1, Input()), Population("b", 1, LIF())
    with pytest.raises(ConfigurationError, match=r"network.populations: the name 'a' occurs twice"):
        Network([a, Population("a", 2, LIF())], [])
    with pytest.raises(ConfigurationError, match=r"population 'b' is not one of the network's populations"):
        Network([a], [Projection(a, b, [[1.0]])])
    mixed = [Projection(a, b, np.ones((1, 1), kind), name=str(kind)) for kind in (np.float32, np.float64)]
    with pytest.raises(ConfigurationError, match=r"must share one dtype, got .*float32.*float64"):
        Network([a, b], mixed)
    with pytest.raises(ConfigurationError, match=r"network.outputs: no population 'c'; there are: a, b"):
        Network([a, b], [], outputs="c")
    with pytest.raises(ConfigurationError, match=r"network.dt: must be > 0"):
        Network([a, b], [], dt=0.0)


@pytest.mark.parametrize("inputs", [np.ones((5, 3)), np.ones((5, 4, 3)), np.ones(2), np.ones((0, 2))])
def test_inputs_of_another_shape_are_refused_with_both_shapes(inputs):
    with pytest.raises(ShapeError, match=r"population 'a' has 2 neurons: expected \(n_steps, 2\)"):
        chain().run(inputs)


def test_inputs_that_are_not_finite_are_refused_with_the_step():
    inputs = np.ones((5, 2))
    inputs[3, 1] = np.nan
    with pytest.raises(NumericalError, match=r"first in step 3"):
        chain().run(inputs)


def test_one_sequence_equals_a_batch_of_it():
    inputs = np.random.default_rng(0).random((20, 2))
    network = chain()
    np.testing.assert_array_equal(network.run(inputs), network.run(np.stack([inputs, inputs], axis=1))[:, 1])


def test_spikes_may_come_as_bytes():
    spikes = (np.random.default_rng(0).random((20, 4, 2)) < 0.5).astype(np.uint8)
    np.testing.assert_array_equal(chain().run(spikes), chain().run(spikes.astype(float)))


def test_saved_state_moves_between_equal_networks_and_no_others():
    first, second = chain(), chain()
    first.projections[0].data[...] = np.arange(6)
    first.populations[1].step_all([1.0, 2.0, 3.0])
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(second.projections[0].data, np.arange(6))
    np.testing.assert_array_equal(second.populations[1].voltages, first.populations[1].voltages)
    assert second.populations[1].voltages is not first.populations[1].voltages
    other = Network([Population("z", 2, LIF())], [])
    with pytest.raises(CheckpointError, match=r"the saved network has the (projections|populations)"):
        other.load_state_dict(first.state_dict())


def test_firing_rates_are_in_hertz():
    network = Network([Population("p", 2, LIF(tau=1e-3))], [], dt=0.5)
    drive = np.zeros((100, 3, 2))
    drive[::4, :, 1] = 2.0
    assert firing_rates(network, drive)["p"].tolist() == [0.0, 500.0]


@pytest.mark.parametrize("probability", [0.1, 1.0], ids=["spikes", "constant current"])
@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (LIF, {"tau": 20.0}),
        (LIF, {"tau": 5.0, "v_threshold": 2.0, "v_leak": 0.5, "r": 2.0}),
        (CubaLIF, {"tau_syn": 4.0, "tau_mem": 20.0, "w_in": 0.3}),
        (LI, {"tau": 8.0}),
    ],
)
def test_the_fluctuation_gain_brings_the_membranes_deviation_to_the_threshold(model, parameters, probability):
    """Measured on populations whose threshold is out of reach, against equation (8) of specs/neurons.md."""
    rng, n, fan_in = np.random.default_rng(0), 500, 500
    gain = fluctuation_gain(model(**parameters), probability**2, probability * (1 - probability))
    silent = {**parameters, "v_threshold": 1e9} if model is not LI else parameters
    source, target = Population("source", fan_in, Input()), Population("target", n, model(**silent))
    weights = rng.normal(0, gain / np.sqrt(fan_in), (fan_in, n))
    network = Network([source, target], [Projection(source, target, weights)])
    membranes = []
    for t in range(400):
        current = (rng.random(fan_in) < probability) @ network.projections[0].weights
        target.step_all(current)
        if t >= 150:
            membranes.append(target.voltages.copy())
    distance = parameters.get("v_threshold", 1.0) - parameters.get("v_leak", 0.0)
    assert np.std(membranes) == pytest.approx(distance, rel=0.1)


def test_every_populations_output_is_returned():
    assert {name: array.shape for name, array in simulate(chain(), np.ones((7, 4, 2))).items()} == {
        "a": (7, 4, 2),
        "b": (7, 4, 3),
        "c": (7, 4, 1),
    }
