"""Short-term plasticity: against an integrator, closed forms and the documented formula; in a simulation."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sc_core import LIF, Input, Network, Population, Projection, Simulation, registry
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_core.simulation import SpikeStimulus, StateRecorder
from sc_plugin_short_term import ShortTermPlasticity


def bound(n, dt, **options):
    rule = ShortTermPlasticity(**options)
    source, target = Population("source", n, Input()), Population("target", 1, LIF())
    rule.bind(Projection(source, target, np.ones((n, 1))), dt, np.random.default_rng(0))
    return rule


def train(n_steps, n, rate, seed):
    return (np.random.default_rng(seed).random((n_steps, n)) < rate).astype(float)


def test_the_first_release_is_u_se():
    rule = ShortTermPlasticity()
    np.testing.assert_array_equal(rule.update([0.0, 1.0, 0.0]), [0.0, 0.2, 0.0])
    np.testing.assert_allclose(rule.x, [1.0, 0.8, 1.0])
    np.testing.assert_allclose(rule.u, [0.0, 0.2, 0.0])


@pytest.mark.parametrize("dt", [0.1, 1.0, 2.5])
def test_between_spikes_it_follows_the_differential_equations(dt):
    """An integrator of scipy's goes through the same spikes."""
    options = {"tau_d": 130.0, "tau_f": 50.0, "u_se": 0.35}
    spikes = train(400, 1, 0.05, 1)
    rule = bound(1, dt, **options)
    u, x, since = 0.0, 1.0, 0
    for step in spikes:
        release = rule.scale(step)[0]
        since += 1
        if not step[0]:
            continue
        flow = solve_ivp(
            lambda _, y: [-y[0] / 50.0, (1 - y[1]) / 130.0], (0, since * dt), [u, x], rtol=1e-11, atol=1e-12
        )
        u, x = flow.y[:, -1]
        u += 0.35 * (1 - u)
        assert release == pytest.approx(u * x, abs=1e-9)
        x -= u * x
        np.testing.assert_allclose([rule.u[0], rule.x[0]], [u, x], atol=1e-9)
        since = 0


@pytest.mark.parametrize(("tau_d", "tau_f"), [(200.0, 600.0), (800.0, 0.0), (50.0, 1000.0)])
def test_regular_spikes_settle_where_the_closed_form_says(tau_d, tau_f):
    rule = bound(1, 0.5, tau_d=tau_d, tau_f=tau_f, u_se=0.3)
    releases = [rule.scale(np.array([step % 50 == 0], float))[0] for step in range(50 * 400)]
    facilitated = np.exp(-25.0 / tau_f) if tau_f else 0.0
    recovered = np.exp(-25.0 / tau_d)
    u = 0.3 / (1 - 0.7 * facilitated)
    expected = u * (1 - recovered) / (1 - (1 - u) * recovered)
    assert releases[-50] == pytest.approx(expected, rel=1e-12)


def test_the_length_of_a_step_does_not_matter():
    """The same spike times in steps of different lengths, and a rest of any length in one go."""
    fine, coarse = bound(1, 0.1), bound(1, 1.0)
    times = [3, 10, 11, 200]
    a = [fine.scale(np.array([float(step in {10 * t for t in times})]))[0] for step in range(2001)]
    b = [coarse.scale(np.array([float(step in times)]))[0] for step in range(201)]
    np.testing.assert_allclose([r for r in a if r], [r for r in b if r], rtol=1e-12)


def test_neurons_are_independent():
    spikes = train(300, 5, 0.1, 2)
    together = bound(5, 1.0)
    alone = [bound(1, 1.0) for _ in range(5)]
    for step in spikes:
        separate = [rule.scale(step[[i]])[0] for i, rule in enumerate(alone)]
        np.testing.assert_array_equal(together.scale(step), separate)


def documented(spikes, tau_d, tau_f, u_se, dt=1.0):
    """The page's formula in plain Python, for one neuron."""
    u, x, releases = u_se, 1.0, []
    for spike in spikes:
        x += (1 - x) * (dt / tau_d)
        u += (u_se - u) * (dt / tau_f)
        if spike:
            u += u_se * (1 - u)
        releases.append(u * x)
        if spike:
            x -= u * x
    return releases


def test_the_documented_variant_is_exact():
    spikes = train(500, 3, 0.1, 3)
    rule = ShortTermPlasticity(150.0, 400.0, 0.25, variant="documented")
    releases = np.array([rule.update(step) for step in spikes])
    for i in range(3):
        np.testing.assert_array_equal(releases[:, i], documented(spikes[:, i], 150.0, 400.0, 0.25))
    first = ShortTermPlasticity(variant="documented").update([1, 0])
    np.testing.assert_allclose(first, [0.36, 0.2])


def simulated(rules, dt=0.5, duration=120.0):
    source, target = Population("source", 2, Input()), Population("target", 1, LIF(v_threshold=1e9))
    network = Network([source, target], [Projection(source, target, [[3.0], [5.0]], delay=2)], dt=dt)
    stimulus = SpikeStimulus(np.array([5.0, 15.0, 15.0, 40.0]), np.array([0, 0, 1, 0]))
    simulation = Simulation(
        network, {"source->target": rules}, np.random.default_rng(0), stimuli={"source": stimulus}
    )
    return simulation, simulation.advance(duration, record=[StateRecorder("target", "membrane")])


def test_a_simulation_multiplies_what_is_delivered():
    rule = registry.create("plasticity", "short-term", tau_d=60.0, tau_f=30.0, u_se=0.4)
    _, recording = simulated(rule)
    membrane = recording.states["target", "membrane"].values[:, 0]
    alpha = np.exp(-0.5 / 20.0)
    current = (membrane - alpha * np.concatenate([[0.0], membrane[:-1]])) / (1 - alpha)
    expected = np.zeros(240)
    by_hand = bound(2, 0.5, tau_d=60.0, tau_f=30.0, u_se=0.4)
    for step, spikes in ((10, [1, 0]), (30, [1, 1]), (80, [1, 0])):
        by_hand._step = step
        expected[step + 2] = np.dot(by_hand.update(spikes), [3.0, 5.0])
    assert expected[12] == pytest.approx(0.4 * 3.0)
    np.testing.assert_allclose(current, expected, atol=1e-9)


@pytest.mark.parametrize("variant", ["tsodyks", "documented"])
def test_a_saved_rule_goes_on_with_the_same_bits(variant):
    spikes = train(200, 4, 0.1, 4)
    rule, other = (bound(4, 0.5, variant=variant) for _ in range(2))
    for step in spikes[:100]:
        rule.scale(step)
    saved = {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in rule.state_dict().items()
    }
    expected = [rule.scale(step) for step in spikes[100:]]
    other.load_state_dict(saved)
    np.testing.assert_array_equal([other.scale(step) for step in spikes[100:]], expected)
    with pytest.raises(CheckpointError, match="4 neurons, this rule has 3"):
        bound(3, 0.5).load_state_dict(saved)
    with pytest.raises(CheckpointError, match="no state"):
        other.load_state_dict({"u": 1})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tau_d": 0.0}, "tau_d"),
        ({"tau_f": -1.0}, "tau_f"),
        ({"tau_d": np.inf}, "tau_d must be finite"),
        ({"tau_f": np.nan}, "tau_f"),
        ({"u_se": 0.0}, "u_se"),
        ({"u_se": 1.1}, "u_se"),
        ({"variant": "other"}, "variant"),
        ({"variant": "documented", "tau_f": 0.0}, "at least dt"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        ShortTermPlasticity(**options)


def test_what_is_no_spike_is_refused():
    rule = ShortTermPlasticity()
    rule.update([0, 1])
    for wrong in (0.5, 2.0, np.nan, -1.0):
        with pytest.raises(ConfigurationError, match=r"must be 0 or 1, neuron 1 has"):
            rule.update([0, wrong])
    with pytest.raises(ShapeError, match=r"expected shape \(2,\), got \(3,\)"):
        rule.update([0, 1, 0])
    with pytest.raises(ShapeError, match="pre_spikes"):
        ShortTermPlasticity().update([[0, 1]])
