"""STDP against sums over pairs and triplets written out; kernel against reference; delays, states, refusals."""

import numpy as np
import pytest

import sc_native
from sc_core import LIF, Input, Network, Population, Projection, Simulation, topology
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.simulation import PoissonStimulus, WeightRecorder
from sc_plugin_stdp import STDP, VISUAL_CORTEX
from sc_plugin_stdp.native import Native
from sc_plugin_stdp.reference import Reference

KERNELS = ["native", "reference"] if sc_native.available else ["reference"]
DT = 0.5


@pytest.fixture(params=KERNELS)
def kernel(request, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", request.param)
    return request.param


def trains(n_steps=400, n_pre=3, n_post=2, rate=0.06, seed=0):
    rng = np.random.default_rng(seed)
    pre, post = ((rng.random((n_steps, n)) < rate).astype(float) for n in (n_pre, n_post))
    post[::40, 0] = pre[::40, 0] = 1  # coincidences
    return pre, post


def weights_after(rule, pre, post, weight=0.5, dtype=np.float64, delay=0, **own):
    """Feed trains to a rule as a simulation does, and return the weight matrix."""
    source, target = Population("a", pre.shape[1], Input()), Population("b", post.shape[1], LIF())
    matrix = np.full((source.n, target.n), weight, dtype)
    projection = Projection(source, target, matrix, delay, **own)
    rule.bind(projection, DT, np.random.default_rng(0))
    for t in range(len(pre)):
        arrived = t if rule.sees_emission or own else t - delay
        rule.after_step(pre[arrived] if arrived >= 0 else np.zeros(source.n), post[t], 0.0)
    return projection.weights.toarray()


def history(spikes, neuron, before, nearest):
    times = np.flatnonzero(spikes[:before, neuron])
    return times[-1:] if nearest else times


def written_out(options, pre, post, i, j, weight=0.5, pre_lag=0, post_lag=0):
    """The rule as sums over earlier spikes (specs/stdp.md, eq. 2 and 3)."""
    o = {
        "a3_plus": 0.0,
        "a3_minus": 0.0,
        "mu_plus": 0.0,
        "mu_minus": 0.0,
        "tau_x": 101.0,
        "tau_y": 125.0,
        **options,
    }
    nearest = o.get("pairing") == "nearest"

    def trace(spikes, neuron, lag, t, tau):
        return np.exp(-(t - lag - history(spikes, neuron, max(t - lag, 0), nearest)) * DT / tau).sum()

    p = weight
    for t in range(len(pre)):
        if t >= post_lag and post[t - post_lag, j]:
            slow = o["a3_plus"] * trace(post, j, post_lag, t, o["tau_y"])
            p = min(
                1,
                p + (1 - p) ** o["mu_plus"] * trace(pre, i, pre_lag, t, o["tau_plus"]) * (o["a_plus"] + slow),
            )
        if t >= pre_lag and pre[t - pre_lag, i]:
            slow = o["a3_minus"] * trace(pre, i, pre_lag, t, o["tau_x"])
            p = max(
                0,
                p - p ** o["mu_minus"] * trace(post, j, post_lag, t, o["tau_minus"]) * (o["a_minus"] + slow),
            )
    return p


PAIRS = {"a_plus": 0.05, "a_minus": 0.04, "tau_plus": 10.0, "tau_minus": 15.0}
RULES = {
    "additive": PAIRS,
    "multiplicative": {**PAIRS, "mu_plus": 1.0, "mu_minus": 1.0},
    "between": {**PAIRS, "mu_plus": 0.4, "mu_minus": 0.7},
    "nearest": {**PAIRS, "pairing": "nearest"},
    **VISUAL_CORTEX,
}


@pytest.mark.parametrize("name", RULES)
def test_weights_are_the_sums_over_pairs_and_triplets(kernel, name):
    pre, post = trains()
    found = weights_after(STDP(**RULES[name]), pre, post)
    for i in range(3):
        for j in range(2):
            np.testing.assert_allclose(found[i, j], written_out(RULES[name], pre, post, i, j), rtol=1e-11)
    assert np.abs(found - 0.5).max() > 0.01


# Change of the weight after 60 pairs at a frequency (Hz), the presynaptic spike 10 ms before and 10 ms after the
# postsynaptic one: mean and standard error in visual cortex, Sjöström, Turrigiano & Nelson 2001, as fitted by
# Pfister & Gerstner 2006.
VISUAL_CORTEX_DATA = {
    0.1: ((-0.04, 0.05), (-0.29, 0.08)),
    10.0: ((0.14, 0.10), (-0.41, 0.11)),
    20.0: ((0.29, 0.14), (-0.34, 0.10)),
    40.0: ((0.53, 0.11), (0.56, 0.32)),
    50.0: ((0.56, 0.26), (0.75, 0.19)),
}


@pytest.mark.parametrize(
    ("name", "error"), [("full", 0.34), ("minimal", 0.36), ("full_nearest", 0.23), ("minimal_nearest", 0.35)]
)
def test_the_fits_of_the_paper_fit_its_data(name, error):
    dt, scale, squares = 5.0, 0.1, []  # ms; small amplitudes, so that no bound is reached
    amplitudes = ("a_plus", "a_minus", "a3_plus", "a3_minus")
    options = {k: v * scale if k in amplitudes else v for k, v in VISUAL_CORTEX[name].items()}
    for frequency, measured in VISUAL_CORTEX_DATA.items():
        period = round(min(1000.0 / frequency, 5000.0) / dt)  # after 5 s all traces are gone
        source, target = Population("a", 1, Input()), Population("b", 2, LIF())
        projection = Projection(source, target, np.full((1, 2), 0.5))
        rule = STDP(**options)
        rule.bind(projection, dt, np.random.default_rng(0))
        for step in range(60 * period):
            at = step % period
            rule.after_step(np.array([at == 2 % period]), np.array([at == 4 % period, at == 0]), 0.0)
        changes = (projection.data - 0.5) / scale
        squares += [((x - mean) / sem) ** 2 for x, (mean, sem) in zip(changes, measured, strict=True)]
    assert np.mean(squares) == pytest.approx(error, abs=0.02)


@pytest.mark.parametrize("delay", ["axonal", "dendritic"])
def test_the_delay_lies_before_or_behind_the_synapse(kernel, delay):
    pre, post = trains()
    late = {"pre_lag": 7} if delay == "axonal" else {"post_lag": 7}
    found = weights_after(STDP(delay=delay, **PAIRS), pre, post, delay=7)
    each = weights_after(STDP(delay=delay, **PAIRS), pre, post, delays=7 * DT)
    np.testing.assert_allclose(each, found, rtol=1e-11)
    for i in range(3):
        np.testing.assert_allclose(found[i, 1], written_out(PAIRS, pre, post, i, 1, **late), rtol=1e-11)


def test_every_synapse_has_its_own_delay():
    pre, post = trains(n_pre=2)
    delays = DT * np.array([1, 5, 12, 3])
    for delay, side in (("axonal", "pre_lag"), ("dendritic", "post_lag")):
        found = weights_after(STDP(delay=delay, **PAIRS), pre, post, delays=delays).ravel()
        for k, (i, j) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
            expected = written_out(PAIRS, pre, post, i, j, **{side: int(delays[k] / DT)})
            np.testing.assert_allclose(found[k], expected, rtol=1e-11)


def test_bounds_hold_and_are_in_units_of_the_weight(kernel):
    pre, post = trains(n_steps=2000)
    rule = {**PAIRS, "w_min": -1.0, "w_max": 3.0}
    found = weights_after(STDP(**rule), pre, post, weight=1.0)
    expected = [[4 * written_out(PAIRS, pre, post, i, j) - 1 for j in range(2)] for i in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    strong = weights_after(STDP(**{**rule, "a_plus": 0.5}), pre, post, weight=1.0)
    assert strong.max() == 3.0
    weak = weights_after(STDP(**{**rule, "a_minus": 0.5}), pre, post, weight=1.0)
    assert weak.min() == -1.0


def test_float32_weights_stay_within_their_bounds(kernel):
    pre, post = trains(n_steps=1000)
    rule = {**PAIRS, "w_max": 0.3, "a_plus": 0.3, "mu_plus": 0.5, "mu_minus": 0.5}
    found = weights_after(STDP(**rule), pre, post, weight=0.1, dtype=np.float32)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= np.float32(0.3)


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not built")
def test_stored_traces_are_brought_back_in_time(monkeypatch):
    """A run of some hundred periods of renormalisation, with silences longer than one."""
    pre, post = trains(n_steps=9000, rate=0.01)
    pre[3000:5000] = post[3000:5000] = 0
    rule = {**PAIRS, **VISUAL_CORTEX["full"], "tau_plus": 1.0, "tau_minus": 2.0, "tau_x": 1.5, "tau_y": 2.5}
    native = weights_after(STDP(**rule), pre, post)
    monkeypatch.setenv("SC_KERNELS", "reference")
    np.testing.assert_allclose(native, weights_after(STDP(**rule), pre, post), rtol=1e-12, atol=1e-12)


def recurrent(rule, delay=2):
    rng = np.random.default_rng(5)
    source, neurons = Population("in", 30, Input()), Population("e", 40, LIF(refractory_steps=2))
    weights = topology.random(40, 40, density=0.3, rng=rng)
    weights.data[:] = rng.random(weights.nnz) * 0.8
    network = Network(
        [source, neurons],
        [
            Projection(source, neurons, rng.random((30, 40)).astype(np.float32)),
            Projection(neurons, neurons, weights, delay),
        ],
        dt=DT,
    )
    stimuli = {"in": PoissonStimulus(400.0, np.random.default_rng(6))}
    return network, Simulation(network, {"e->e": rule}, np.random.default_rng(0), stimuli=stimuli)


@pytest.mark.parametrize("delay", ["axonal", "dendritic"])
def test_a_resumed_simulation_gives_the_same_bits(kernel, delay):
    options = {**RULES["full"], **PAIRS, "delay": delay}
    network, whole = recurrent(STDP(**options))
    start = network.projections[1].data.copy()
    whole.advance(200.0)
    assert np.abs(network.projections[1].data - start).max() > 0.05
    half_network, half = recurrent(STDP(**options))
    half.advance(77.5)
    resumed_network, resumed = recurrent(STDP(**options))
    resumed_network.load_state_dict(half_network.state_dict())
    resumed.load_state_dict(half.state_dict())
    resumed.advance(122.5)
    np.testing.assert_array_equal(resumed_network.projections[1].data, network.projections[1].data)


def test_it_follows_a_projection_that_is_rewired(kernel):
    network, simulation = recurrent(STDP(**PAIRS))
    projection = network.projections[1]
    simulation.advance(50.0)
    projection.rewire(prune=np.arange(0, projection.n_synapses, 2))
    before = projection.data.copy()
    weights = (
        simulation.advance(50.0, record=[WeightRecorder("e->e", interval=50.0)]).weights["e->e"].values[0]
    )
    assert np.abs(weights - before).max() > 0.01
    assert ((weights >= 0) & (weights <= 1)).all()


def test_weights_outside_the_bounds_and_bad_options_are_refused():
    with pytest.raises(
        ConfigurationError, match=r"a->b.weights: must lie within w_min = 0.0 and w_max = 0.4, got 0.5"
    ):
        weights_after(STDP(w_max=0.4), *trains())
    with pytest.raises(ConfigurationError, match=r"must be above w_min = 0.0, got -1"):
        STDP(w_max=-1.0)
    with pytest.raises(ConfigurationError, match=r"tau_plus"):
        STDP(tau_plus=0.0)
    with pytest.raises(ConfigurationError, match=r"tau_pluss"):
        STDP(tau_pluss=1.0)
    with pytest.raises(ConfigurationError, match=r"bind it to a projection first"):
        STDP().after_step(np.zeros(1), np.zeros(1), 0.0)


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not built")
def test_the_environment_chooses_the_kernel(monkeypatch):
    monkeypatch.setenv("SC_KERNELS", "native")
    native = STDP()
    recurrent(native)
    monkeypatch.setenv("SC_KERNELS", "reference")
    reference = STDP()
    recurrent(reference)
    assert (type(native._work), type(reference._work)) == (Native, Reference)
    with pytest.raises(CheckpointError, match=r"saved by the Native rule, this one is Reference"):
        reference.load_state_dict(native.state_dict())
