"""Weight trajectories equal those of NEST's plastic synapses (dendritic delay), at every presynaptic spike."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nest", reason="nest-simulator is not installed; `tox run -e oracles` has it")

from sc_core import LIF, Input, Population, Projection
from sc_plugin_stdp import STDP, VISUAL_CORTEX

sys.path.insert(0, str(Path(__file__).parent))
import nest_stdp

DT, N_STEPS, W_MAX = 0.5, 3000, 2.0
PAIR = {"tau_plus": 16.0, "lambda": 0.05, "alpha": 0.9}
OURS = {"tau_plus": 16.0, "tau_minus": 25.0, "a_plus": 0.05, "a_minus": 0.05 * 0.9}
FULL = VISUAL_CORTEX["full"] | {"a3_plus": 0.05, "a3_minus": 0.01, "a_plus": 0.01}


def triplet(options):
    return {
        "tau_plus": options["tau_plus"],
        "tau_plus_triplet": options["tau_x"],
        "Aplus": W_MAX * options["a_plus"],
        "Aminus": W_MAX * options["a_minus"],
        "Aplus_triplet": W_MAX * options["a3_plus"],
        "Aminus_triplet": W_MAX * options["a3_minus"],
    }


MINIMAL = {"tau_x": 101.0, **VISUAL_CORTEX["minimal"], "a3_plus": 0.05}
CASES = {
    "additive": ("stdp_synapse", {**PAIR, "mu_plus": 0.0, "mu_minus": 0.0}, OURS),
    "multiplicative": (
        "stdp_synapse",
        {**PAIR, "mu_plus": 1.0, "mu_minus": 1.0},
        OURS | {"mu_plus": 1.0, "mu_minus": 1.0},
    ),
    "between": (
        "stdp_synapse",
        {**PAIR, "mu_plus": 0.3, "mu_minus": 0.6},
        OURS | {"mu_plus": 0.3, "mu_minus": 0.6},
    ),
    "nearest": (
        "stdp_nn_symm_synapse",
        {**PAIR, "mu_plus": 0.0, "mu_minus": 1.0},
        OURS | {"mu_minus": 1.0, "pairing": "nearest"},
    ),
    "triplet, full": ("stdp_triplet_synapse", triplet(FULL), FULL),
    "triplet, minimal": ("stdp_triplet_synapse", triplet(MINIMAL), MINIMAL),
}


def trains():
    rng = np.random.default_rng(4)
    pre, post = ((rng.random((N_STEPS, n)) < 0.02).astype(float) for n in (4, 3))
    post[100:200, 0] = pre[100:200, 0]  # coincidences where there is no delay to speak of
    post[300:500, 1] = np.roll(pre[:, 1], -4)[300:500]  # and where spikes meet after a delay of 4 steps
    pre[:10] = post[:10] = 0
    pre[0] = 1  # stdp_nn_symm_synapse takes the beginning of the simulation for a presynaptic spike
    pre[-20:] = post[-40:] = 0
    pre[-1] = 1  # NEST brings a weight up to date at presynaptic spikes only
    return pre, post


def ours(options, pre, post, steps_of_delay):
    """Return the weights after every step, (n_steps, n_pre, n_post)."""
    source, target = Population("a", pre.shape[1], Input()), Population("b", post.shape[1], LIF())
    projection = Projection(source, target, np.full((source.n, target.n), 1.0), steps_of_delay)
    rule = STDP(w_max=W_MAX, delay="dendritic", **options)
    rule.bind(projection, DT, np.random.default_rng(0))
    weights = []
    for t in range(len(pre)):
        rule.after_step(pre[t], post[t], 0.0)
        weights.append(projection.weights.toarray())
    return np.array(weights)


@pytest.mark.parametrize("kernels", ["native", "reference"])
@pytest.mark.parametrize("steps_of_delay", [1, 4])
@pytest.mark.parametrize("name", CASES)
def test_trajectories_on_identical_trains(name, steps_of_delay, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    model, parameters, options = CASES[name]
    pre, post = trains()
    neuron = {"tau_minus": options["tau_minus"], "tau_minus_triplet": options.get("tau_y", 110.0)}
    theirs = nest_stdp.trajectories(
        model, {**parameters, "weight": 1.0, "Wmax": W_MAX}, pre, post, DT, steps_of_delay * DT, neuron
    )
    weights = ours(options, pre, post, steps_of_delay)
    for (i, j), (steps, expected) in theirs.items():
        np.testing.assert_array_equal(steps, np.flatnonzero(pre[:, i]))
        assert np.abs(expected - 1.0).max() > 0.05
        np.testing.assert_allclose(weights[steps, i, j], expected, rtol=0, atol=1e-9, err_msg=f"{i} -> {j}")
