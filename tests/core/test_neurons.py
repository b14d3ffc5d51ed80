"""Each neuron model against an exact solution or an independent solver (specs/neurons.md)."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sc_core import ALIF, LI, LIF, CubaLIF, Input, Population
from sc_core.errors import ConfigurationError, ShapeError


def trace(population, currents):
    """Spikes and membrane, step by step, of a population of one neuron."""
    spikes, membrane = [], []
    for current in currents:
        spikes.append(float(population.step_all([current])[0]))
        membrane.append(float(population.voltages[0]))
    return np.array(spikes), np.array(membrane)


@pytest.mark.parametrize("dt", [0.1, 1.0, 3.0])
def test_lif_below_threshold_follows_the_exact_charging_curve(dt):
    population = Population("p", 1, LIF(tau=20.0, r=0.7, v_leak=0.1))
    population.bind(dt)
    spikes, membrane = trace(population, [1.0] * 50)
    time = dt * np.arange(1, 51)
    np.testing.assert_allclose(membrane, 0.1 + 0.7 * (1 - np.exp(-time / 20.0)), rtol=1e-12)
    assert not spikes.any()


@pytest.mark.parametrize("refractory_steps", [0, 3])
@pytest.mark.parametrize(("current", "dt"), [(1.5, 0.1), (2.0, 1.0), (7.0, 1.0)])
def test_lif_interval_between_spikes(current, dt, refractory_steps):
    tau, leak, threshold, reset = 20.0, 0.1, 1.0, -0.5
    neuron = LIF(
        tau=tau,
        v_leak=leak,
        v_threshold=threshold,
        v_reset=reset,
        reset="to_value",
        refractory_steps=refractory_steps,
    )
    population = Population("p", 1, neuron)
    population.bind(dt)
    spikes, _ = trace(population, [current] * int(200 / dt))
    intervals = set(np.diff(np.flatnonzero(spikes)).tolist())
    steps = math.ceil(tau / dt * math.log((current + leak - reset) / (current + leak - threshold)))
    assert intervals == {steps + refractory_steps}


def test_lif_equals_a_differential_equation_solver_on_a_stepwise_current():
    currents = np.random.default_rng(0).normal(0, 0.5, 60)
    _, membrane = trace(Population("p", 1, LIF(tau=15.0, r=1.3, v_leak=-0.2)), currents)
    value, solved = -0.2, []
    for current in currents:
        solution = solve_ivp(
            lambda _, v, i: (-0.2 - v + 1.3 * i) / 15.0,
            (0, 1.0),
            [value],
            args=(current,),
            rtol=1e-11,
            atol=1e-13,
        )
        value = solution.y[0, -1]
        solved.append(value)
    np.testing.assert_allclose(membrane, solved, rtol=1e-8, atol=1e-10)


def test_subtracting_keeps_the_rest_and_setting_does_not():
    subtracting = Population("p", 1, LIF(v_reset=0.25))
    setting = Population("q", 1, LIF(v_reset=0.25, reset="to_value"))
    update = 1 - math.exp(-1 / 20)
    for population in (subtracting, setting):
        assert population.step_all([50.0])[0] == 1
    assert subtracting.voltages[0] == pytest.approx(50 * update - 0.75)
    assert setting.voltages[0] == 0.25


def test_cuba_current_decays_exactly_and_the_membrane_error_is_of_first_order():
    def membrane_after(dt):
        population = Population("p", 1, CubaLIF(tau_syn=5.0, tau_mem=20.0, v_threshold=1e9))
        population.bind(dt)
        steps = round(30.0 / dt)
        _, membrane = trace(population, [1.0] + [0.0] * (steps - 1))
        assert population.state["synaptic_current"][0] == pytest.approx(
            math.exp(-(30.0 - dt) / 5.0), rel=1e-12
        )
        return membrane[-1]

    # tau_mem dv/dt = -v + exp(-t/tau_syn) from v = 0
    exact = 5.0 / (20.0 - 5.0) * (math.exp(-30 / 20) - math.exp(-30 / 5))
    errors = [abs(membrane_after(dt) - exact) for dt in (1.0, 0.5, 0.25, 0.125)]
    ratios = np.array(errors[:-1]) / errors[1:]
    np.testing.assert_allclose(ratios, 2.0, atol=0.15)


def test_alif_adaptation_is_the_low_pass_filtered_spike_train():
    neuron = ALIF(tau=20.0, tau_adaptation=50.0, adaptation_strength=2.0)
    population = Population("p", 1, neuron)
    rho = math.exp(-1 / 50)
    spikes, _ = trace(population, [30.0])
    assert spikes[0] == 1
    for k in range(20):
        assert population.state["adaptation"][0] == pytest.approx((1 - rho) * rho**k, rel=1e-12)
        population.step_all([0.0])


def test_alif_threshold_of_a_neuron_that_always_fires_tends_to_its_limit():
    neuron = ALIF(tau=20.0, tau_adaptation=10.0, adaptation_strength=2.0, reset="to_value")
    population = Population("p", 1, neuron)
    spikes, _ = trace(population, [1e4] * 300)
    assert spikes.all()
    assert population.state["adaptation"][0] == pytest.approx(1.0, abs=1e-9)
    update = 1 - math.exp(-1 / 20)
    assert population.step_all([(3.0 - 1e-6) / update])[0] == 0  # just below 1 + 2.0
    assert population.state["adaptation"][0] < 1


def test_li_impulse_response():
    population = Population("p", 1, LI(tau=12.0, r=2.0))
    output = np.array([population.step_all([x])[0] for x in [3.0] + [0.0] * 30])
    alpha = math.exp(-1 / 12)
    np.testing.assert_allclose(output, (1 - alpha) * alpha ** np.arange(31) * 2.0 * 3.0, rtol=1e-12)


def test_input_passes_values():
    population = Population("p", 2, Input())
    np.testing.assert_array_equal(population.step_all([0.3, -2.0]), [0.3, -2.0])


@pytest.mark.parametrize("model", [LIF, CubaLIF, ALIF])
def test_a_refractory_neuron_neither_integrates_nor_fires(model):
    population = Population("p", 1, model(refractory_steps=4, reset="to_value"))
    spikes, membrane = trace(population, [100.0] * 11)
    assert np.flatnonzero(spikes).tolist() == [0, 5, 10]
    np.testing.assert_array_equal(membrane, 0.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LIF(tau=0.0), "tau must be > 0"),
        (lambda: LIF(tau=[1.0, -1.0]), "tau must be > 0"),
        (lambda: LIF(v_reset=1.0), "v_reset: must be below v_threshold"),
        (lambda: LIF(r=float("nan")), "r must be finite"),
        (lambda: LIF(reset="sub"), "reset"),
        (lambda: LIF(refractory_steps=-1), "refractory_steps"),
        (lambda: LIF(refractory_steps=1.5), "refractory_steps"),
    ],
)
def test_impossible_parameters_are_refused_by_name(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_populations_refuse_by_name():
    with pytest.raises(ShapeError, match=r"tau has 2 values for a population of 3 neurons"):
        Population("p", 3, LIF(tau=[1.0, 2.0]))
    with pytest.raises(ConfigurationError, match=r"p.n: must be an integer >= 1, got 0"):
        Population("p", 0, LIF())
    with pytest.raises(ShapeError, match=r"population 'p' expects currents of shape \(3,\), got \(2,\)"):
        Population("p", 3, LIF()).step_all([1.0, 2.0])
