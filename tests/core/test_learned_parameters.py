"""Parameters of neurons that are kept as arrays, for learners to change."""

import copy

import attrs
import numpy as np
import pytest

import sc_native
from sc_core import ALIF, LI, LIF, CubaLIF, Input, Network, Population, Projection
from sc_core.errors import ConfigurationError, NumericalError
from sc_core.simulation import Forward, NetworkArrays, simulate

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]
RNG = np.random.default_rng(5)
INPUTS = RNG.random((30, 4, 3))
WEIGHTS = RNG.normal(1.0, 3.0, (3, 5)), RNG.normal(0.0, 1.0, (5, 2))


def network(hidden, readout=None):
    populations = [Population("in", 3, Input()), Population("hidden", 5, hidden)]
    populations.append(Population("out", 2, readout or LI()))
    projections = [Projection(populations[i], populations[i + 1], WEIGHTS[i]) for i in range(2)]
    return Network(populations, projections)


def test_the_array_starts_from_the_model_and_the_model_follows_it():
    population = Population("p", 3, LIF(tau=20.0, v_threshold=(1.0, 2.0, 3.0)))
    tau, threshold = population.learn_parameter("tau"), population.learn_parameter("v_threshold", np.float32)
    assert tau.tolist() == [20.0, 20.0, 20.0]
    assert threshold.tolist() == [1.0, 2.0, 3.0]
    assert threshold.dtype == np.float32
    tau[1] = 5.0
    threshold *= 2
    assert population.neuron == LIF(tau=(20.0, 5.0, 20.0), v_threshold=(2.0, 4.0, 6.0))
    assert population.learn_parameter("tau") is tau
    assert population.learned_parameters["tau"] is tau


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LIF(tau=20.0), {"tau": np.linspace(3, 30, 5), "v_threshold": np.linspace(0.5, 2, 5)}),
        (CubaLIF(refractory_steps=1), {"tau_syn": np.linspace(1, 8, 5), "tau_mem": np.linspace(3, 30, 5)}),
        (ALIF(reset="to_value"), {"tau_adaptation": np.full(5, 9.0), "adaptation_strength": np.full(5, 4.0)}),
        (LIF(), {"v_leak": np.linspace(0, 0.9, 5), "r": np.linspace(0.5, 2, 5), "v_reset": np.full(5, -1.0)}),
    ],
    ids=["LIF", "CubaLIF", "ALIF", "what no gradient learner learns"],
)
def test_every_way_to_run_a_network_follows(before, after, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    learned, built = network(before), network(attrs.evolve(before, **after))
    hidden = learned.populations[1]
    kept = Forward(NetworkArrays(learned, 30, 4))
    kept.run(INPUTS)
    first = kept.arrays.output("hidden").copy()
    for name, values in after.items():
        hidden.learn_parameter(name)[...] = values
    expected = simulate(built, INPUTS)["hidden"]
    assert not np.array_equal(first, expected)
    np.testing.assert_array_equal(simulate(learned, INPUTS)["hidden"], expected)
    kept.arrays.reset()
    kept.run(INPUTS)
    np.testing.assert_array_equal(kept.arrays.output("hidden"), expected)
    for network_ in (learned, built):
        network_.reset_all()
    for t in range(30):
        currents = INPUTS[t, 0] @ WEIGHTS[0]
        np.testing.assert_array_equal(hidden.step_all(currents), built.populations[1].step_all(currents))


def test_a_readout_follows_too():
    learned, built = network(LIF()), network(LIF(), LI(tau=(3.0, 50.0)))
    learned.populations[2].learn_parameter("tau")[...] = (3.0, 50.0)
    np.testing.assert_array_equal(learned.run(INPUTS), built.run(INPUTS))


def test_a_saved_network_brings_its_parameters():
    """Into one that learns them already, whose arrays stay, and into one that does not know of it yet."""
    saved, knowing, fresh = network(LIF()), network(LIF()), network(LIF())
    saved.populations[1].learn_parameter("tau", np.float32)[...] = [3, 4, 5, 6, 7]
    live = knowing.populations[1].learn_parameter("tau", np.float32)
    for other in (knowing, fresh):
        other.load_state_dict(copy.deepcopy(saved.state_dict()))
        assert other.populations[1].neuron.tau == (3.0, 4.0, 5.0, 6.0, 7.0)
        np.testing.assert_array_equal(other.run(INPUTS), saved.run(INPUTS))
    assert live.tolist() == [3, 4, 5, 6, 7]
    assert fresh.populations[1].learned_parameters["tau"].dtype == np.float32


def test_values_that_the_model_does_not_allow_are_refused_where_they_are_used():
    net = network(LIF(v_reset=0.5))
    hidden = net.populations[1]
    for name, bad, words in (
        ("tau", -1.0, r"population 'hidden': tau must be > 0"),
        ("tau", np.nan, r"population 'hidden': tau must be finite"),
        ("v_threshold", 0.5, r"population 'hidden': v_reset: must be below v_threshold"),
    ):
        values = hidden.learn_parameter(name)
        before = values.copy()
        values[2] = bad
        with pytest.raises(NumericalError, match=words):
            net.run(INPUTS)
        values[...] = before
        net.run(INPUTS)


def test_parameters_that_there_are_not_are_refused_by_name():
    population = Population("p", 3, LIF())
    with pytest.raises(
        ConfigurationError, match=r"p.taus: LIF has no parameter .* there are: r, v_leak, .*tau"
    ):
        population.learn_parameter("taus")
    with pytest.raises(ConfigurationError, match=r"p.refractory_steps: LIF has no parameter"):
        population.learn_parameter("refractory_steps")
    with pytest.raises(ConfigurationError, match=r"there are: none"):
        Population("p", 3, Input()).learn_parameter("tau")
