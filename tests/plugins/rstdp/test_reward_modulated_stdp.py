"""specs/rstdp.md: closed forms, events in plain Python, signs and bounds, delays, rewiring, states."""

import copy
import math

import numpy as np
import pytest

from sc_core import LIF, Input, Network, Population, Projection, Simulation, registry
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.simulation import PoissonStimulus, SpikeRecorder
from sc_plugin_rstdp import RewardModulatedSTDP

OPTIONS = {
    "learning_rate": 2e-3,
    "a_plus": 0.8,
    "a_minus": 1.1,
    "tau_plus": 15.0,
    "tau_minus": 25.0,
    "tau_eligibility": 80.0,
    "tau_reward": 40.0,
}


def built(weights, dtype=np.float64, **arguments):
    weights = np.array(weights, dtype)
    source = Population("source", weights.shape[0], Input())
    target = Population("target", weights.shape[1], LIF())
    return Network([source, target], [Projection(source, target, weights, **arguments)]).projections[0]


def bound(projection, dt=1.0, **options):
    rule = RewardModulatedSTDP(**OPTIONS | options)
    rule.bind(projection, dt, np.random.default_rng(0))
    return rule


def drive(n_steps, n_pre, n_post, seed=0):
    rng = np.random.default_rng(seed)
    pre, post = rng.random((n_steps, n_pre)) < 0.05, rng.random((n_steps, n_post)) < 0.05
    post[::50, 0] = pre[::50, 0] = True  # spikes that coincide
    return (
        pre.astype(float),
        post.astype(float),
        np.where(rng.random(n_steps) < 0.04, rng.normal(size=n_steps), 0),
    )


@pytest.mark.parametrize("dt", [0.25, 1.0, 5.0])
@pytest.mark.parametrize(("pre", "post"), [(0, 10), (10, 0), (10, 10)])
def test_one_pair_and_one_reward_in_closed_form(dt, pre, post):
    projection = built([[5.0]])
    rule = bound(projection, dt)
    for step in range(round(2500 / dt)):
        now = round(step * dt, 6)
        rule.after_step(np.array([now == pre]), np.array([now == post]), 2.0 * (now == 60.0))
    pair = 0.8 * math.exp(-(post - pre) / 15.0) if post >= pre else -1.1 * math.exp(-(pre - post) / 25.0)
    eligible = pair * math.exp(-(60.0 - 10.0) / 80.0)
    change = 2e-3 * 2.0 * eligible / (1 / 80.0 + 1 / 40.0)
    np.testing.assert_allclose(projection.data, 5.0 + change, rtol=1e-12)


def by_events(arrivals, posts, rewards, weight, end, low=0.0, high=math.inf):
    """Return |w| of one synapse at `end`; goes from event to event, bounds at events alone, sums over all pairs."""
    o = OPTIONS
    tau = 1 / (1 / o["tau_eligibility"] + 1 / o["tau_reward"])

    def trace(spikes, time, tau):
        return sum(math.exp((s - time) / tau) for s in spikes)

    jumps = [(s, 0, o["a_plus"] * trace([r for r in arrivals if r <= s], s, o["tau_plus"])) for s in posts]
    jumps += [(s, 0, -o["a_minus"] * trace([r for r in posts if r < s], s, o["tau_minus"])) for s in arrivals]
    jumps += [(s, 1, amount) for s, amount in rewards]
    eligible = reward = before = 0.0
    for time, kind, amount in [*sorted(jumps), (end, 0, 0.0)]:
        passed = time - before
        weight += o["learning_rate"] * reward * eligible * tau * (1 - math.exp(-passed / tau))
        weight = min(high, max(low, weight))
        eligible *= math.exp(-passed / o["tau_eligibility"])
        reward *= math.exp(-passed / o["tau_reward"])
        eligible, reward = (eligible + amount, reward) if kind == 0 else (eligible, reward + amount)
        before = time
    return weight


def events_everywhere(dt, pre, post, reward, weights, delays, **bounds):
    times = dt * np.arange(len(pre))
    pulses = [(times[t], reward[t]) for t in np.flatnonzero(reward)]
    expected = np.zeros(weights.shape)
    for i, j in np.ndindex(weights.shape):
        arrivals = [s + delays[i, j] for s in times[pre[:, i] > 0] if s + delays[i, j] < times[-1] + dt / 2]
        size = by_events(
            arrivals, list(times[post[:, j] > 0]), pulses, abs(weights[i, j]), times[-1], **bounds
        )
        expected[i, j] = math.copysign(size, weights[i, j])
    return expected


@pytest.mark.parametrize("bounds", [{}, {"w_min": 0.45, "w_max": 0.8}])
@pytest.mark.parametrize("per_synapse", [False, True])
def test_against_events_in_plain_python(bounds, per_synapse):
    dt, n_steps = 0.5, 600
    weights = np.array([[0.5, -0.7, 0.6], [-0.5, 0.75, -0.6]])
    delays = dt * np.arange(1, 7).reshape(2, 3) if per_synapse else np.zeros((2, 3))
    projection = built(weights, **({"delays": delays.ravel()} if per_synapse else {}))
    rule = bound(projection, dt, **bounds)
    pre, post, reward = drive(n_steps, 2, 3)
    for t in range(n_steps):
        rule.after_step(pre[t], post[t], reward[t])
    names = {"w_min": "low", "w_max": "high"}
    at = {names[name]: value for name, value in bounds.items()}
    expected = events_everywhere(dt, pre, post, reward, weights, delays, **at)
    np.testing.assert_allclose(projection.weights.toarray(), expected, rtol=1e-9)
    assert np.abs(np.abs(expected) - np.abs(weights)).min() > 1e-4
    assert not bounds or np.isin(np.abs(expected), [0.45, 0.8]).any()


def test_the_baseline_is_the_mean_before_the_reward():
    rule, mean, trace = bound(built([[1.0]]), dt=2.0, tau_baseline=50.0), 0.0, 0.0
    for reward in [1.0, 1.0, 0.0, -2.0, 3.0]:
        rule.after_step(np.zeros(1), np.zeros(1), reward)
        trace = trace * math.exp(-2.0 / 40.0) + reward - mean
        mean = mean * math.exp(-2.0 / 50.0) + reward * (1 - math.exp(-2.0 / 50.0))
        assert rule.reward == pytest.approx(trace, rel=1e-12)
        assert rule.baseline == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_synapse_that_reached_0_comes_back_with_its_sign(dtype):
    projection = built([[0.3], [-0.3]], dtype)
    rule = bound(projection, w_max=0.7, learning_rate=0.05)
    for reward in (-1.0, 1.0):
        for step in range(400):
            rule.after_step(np.full(2, step == 0), np.array([step == 3]), reward * (step == 5))
        expected = [0.0, 0.0] if reward < 0 else [0.7, -0.7]
        np.testing.assert_array_equal(projection.data, np.array(expected, dtype))


def simulation(network, options):
    rng = np.random.default_rng(3)
    stimulus = PoissonStimulus(40.0, np.random.default_rng(4))
    rule = registry.create("plasticity", "rstdp", **OPTIONS | options)
    return Simulation(network, {"source->target": rule}, rng, stimuli={"source": stimulus})


def network(**arguments):
    weights = np.random.default_rng(1).normal(30.0, 30.0, (12, 4))
    return built(weights, **arguments), weights


@pytest.mark.parametrize("arguments", [{}, {"delay": 3}, {"delays": np.arange(1.0, 49.0) % 5 + 1}])
def test_resumed_bit_for_bit(arguments):
    options, reward = {"tau_baseline": 100.0, "w_max": 120.0}, np.random.default_rng(2).normal(size=500)
    results = []
    for cut in (0, 137):
        projection, before = network(**arguments)
        whole = Network([projection.source, projection.target], [projection])
        first = simulation(whole, options)
        if cut:
            first.advance(float(cut), modulator=reward[:cut])
            saved = whole.state_dict(), first.state_dict()
            projection, _ = network(**arguments)
            whole = Network([projection.source, projection.target], [projection])
            first = simulation(whole, options)
            whole.load_state_dict(saved[0])
            first.load_state_dict(saved[1])
        first.advance(float(500 - cut), modulator=reward[cut:])
        results.append(projection.data.copy())
    np.testing.assert_array_equal(*results)
    assert np.abs(results[0] - before.ravel()).max() > 0.05
    assert (np.signbit(results[0]) == np.signbit(before.ravel())).all()


def test_the_loop_is_the_rule_step_by_step():
    projection, weights = network(delay=2)
    whole = Network([projection.source, projection.target], [projection])
    reward = np.random.default_rng(2).normal(size=300)
    recording = simulation(whole, {}).advance(
        300.0, modulator=reward, record=[SpikeRecorder("source"), SpikeRecorder("target")]
    )
    pre, post = np.zeros((302, 12)), np.zeros((300, 4))
    for name, raster, lag in (("source", pre, 2), ("target", post, 0)):
        spikes = recording.spikes[name]
        raster[np.round(spikes.times).astype(int) + lag, spikes.neurons] = 1.0
    assert post.sum() > 10
    expected = events_everywhere(1.0, pre[:300], post, reward, weights, np.zeros(weights.shape))
    np.testing.assert_allclose(projection.weights.toarray(), expected, rtol=1e-9)


def test_an_eligibility_travels_with_its_synapse():
    projection = built([[1.0, 1.0], [1.0, 0.0]])
    rule = bound(projection)
    rule.after_step(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.0)  # synapse 0 -> 1 alone
    projection.rewire(prune=[0], grow=([1], [1], [1.0]))
    rule.after_step(np.zeros(2), np.zeros(2), 1.0)
    rule.after_step(np.zeros(2), np.zeros(2), 0.0)
    assert (projection.data > 1.0).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tau_reward": 0.0}, "tau_reward"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"w_min": 2.0, "w_max": 1.0}, "w_max must be above w_min"),
        ({"tau_baseline": math.inf}, "tau_baseline"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_bad_options_are_refused(options, problem):
    with pytest.raises(ConfigurationError, match=problem):
        RewardModulatedSTDP(**options)


def test_bad_input_is_refused_and_changes_nothing():
    with pytest.raises(ConfigurationError, match=r"-2\.0 at synapse 1"):
        bound(built([[1.0, -2.0]]), w_max=1.5)
    with pytest.raises(ConfigurationError, match="bind it"):
        RewardModulatedSTDP().after_step(np.ones(1), np.ones(1), 0.0)
    rule = bound(built([[1.0]]))
    rule.after_step(np.ones(1), np.ones(1), 1.0)
    before = copy.deepcopy(rule.state_dict())
    with pytest.raises(ConfigurationError, match="must be finite"):
        rule.after_step(np.ones(1), np.ones(1), math.nan)
    np.testing.assert_equal(rule.state_dict(), before)
    for other in ([[1.0, 1.0]], [[1.0], [1.0]]):
        with pytest.raises(CheckpointError):
            bound(built(other)).load_state_dict(before)
    with pytest.raises(CheckpointError, match="no state"):
        rule.load_state_dict({})
