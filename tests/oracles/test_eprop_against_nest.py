"""e-prop's weights after training equal those of NEST's models of the paper, by the map in specs/eprop.md."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nest", reason="nest-simulator is not installed; `tox run -e oracles` has it")

from sc_core import ALIF, LI, LIF, Batch, Input, Network, Population, Projection
from sc_core.simulation import simulate
from sc_gradient import RatePenalty
from sc_plugin_eprop import EpropLearner

sys.path.insert(0, str(Path(__file__).parent))
import nest_eprop

N_SEQUENCES, N_STEPS, WINDOW = 3, 60, 20
N_IN, N_RECURRENT, N_OUT = 6, 7, 2
TAU, TAU_ADAPTATION, TAU_READOUT = 12.0, 50.0, 20.0
THRESHOLD, ADAPTATION, RATE = 0.6, 0.07, 0.05
HEIGHT, WIDTH = 0.3, 1.7
PENALTY, TARGET_RATE = 100.0, 50.0
ALPHA, RHO = np.exp(-1 / TAU), np.exp(-1 / TAU_ADAPTATION)
MODELS = {"LIF": "eprop_iaf_bsshslm_2020", "ALIF": "eprop_iaf_adapt_bsshslm_2020"}
LOSSES = {"mean_square": "mean_squared_error", "cross_entropy_steps": "cross_entropy"}
WEIGHTS = {"recurrent": 0.35, "itself": 0.3, "readout": 3.0, "feedback": 1.0}


def task(model, loss, regular_arrival, penalty):
    """What both train on: spikes, targets and weights."""
    rng = np.random.default_rng(0)
    spikes = (rng.random((N_SEQUENCES, N_STEPS, N_IN)) < 0.25).astype(float)
    # NEST updates a synapse at its first spike in the next sequence; the last errors arrive in three more steps.
    spikes[:, :4] = 0
    labels = rng.integers(0, N_OUT, N_SEQUENCES)
    targets = rng.normal(size=(N_SEQUENCES, N_STEPS, N_OUT))
    if loss == "cross_entropy_steps":
        targets = np.broadcast_to(np.eye(N_OUT)[labels][:, None], targets.shape)
    sizes = {"recurrent": (N_IN, N_RECURRENT), "itself": (N_RECURRENT, N_RECURRENT)}
    strength = 1.0 if regular_arrival else 1 / (1 - ALPHA)
    weights = {
        name: rng.normal(0.05, scale, sizes.get(name, (N_RECURRENT, N_OUT)))
        for name, scale in WEIGHTS.items()
    }
    for name in ("recurrent", "itself"):
        weights[name] *= strength
    parameters = {
        "C_m": 1.0,
        "E_L": 0.0,
        "V_m": 0.0,
        "t_ref": 0.0,
        "tau_m": TAU,
        "V_th": THRESHOLD,
        "surrogate_gradient_height": HEIGHT,
        "surrogate_gradient_width": WIDTH,
        "regular_spike_arrival": regular_arrival,
        "c_reg": penalty,
        "f_target": TARGET_RATE,
    }
    if model == "ALIF":
        parameters.update(adapt_tau=TAU_ADAPTATION, adapt_beta=ADAPTATION)
    readout = {"C_m": 1.0, "E_L": 0.0, "V_m": 0.0, "tau_m": TAU_READOUT, "regular_spike_arrival": False}
    return {
        "spikes": spikes,
        "targets": targets,
        "labels": labels,
        "weights": weights,
        "loss": LOSSES[loss],
        "rate": RATE,
        "recurrent": (MODELS[model], parameters),
        "readout": readout,
        "window": WINDOW if loss == "cross_entropy_steps" else N_STEPS,
    }


def ours(task, model, loss, regular_arrival, penalty, mode):
    """The same network by the map."""
    common = {
        "tau": TAU,
        "r": 1 / (1 - ALPHA) if regular_arrival else 1.0,
        "v_threshold": THRESHOLD,
        "v_reset": THRESHOLD * (1 - 1 / ALPHA),
    }
    neuron = LIF(**common)
    if model == "ALIF":
        strength = ADAPTATION / (1 - RHO)
        neuron = ALIF(tau_adaptation=TAU_ADAPTATION, adaptation_strength=strength, **common)
    source, recurrent = Population("source", N_IN, Input()), Population("recurrent", N_RECURRENT, neuron)
    readout = Population("readout", N_OUT, LI(tau=TAU_READOUT))
    weights = task["weights"]
    network = Network(
        [source, recurrent, readout],
        [
            Projection(source, recurrent, weights["recurrent"]),
            Projection(recurrent, recurrent, weights["itself"], delay=1),
            Projection(recurrent, readout, weights["readout"]),
        ],
    )
    strength = penalty * N_RECURRENT / (2e6 * task["window"])
    scale = 1.0
    if loss == "mean_square":
        scale = N_OUT / 2
        strength /= scale
    band = {"population": "recurrent", "lower": TARGET_RATE, "upper": TARGET_RATE, "per_neuron": True}
    learner = EpropLearner(
        network,
        {"name": loss, "last": WINDOW} if loss == "cross_entropy_steps" else loss,
        lr=RATE * scale,
        mode=mode,
        feedback="random",
        surrogate="triangle",
        surrogate_slope=1 / WIDTH,
        surrogate_scale=HEIGHT,
        rate_penalties=[RatePenalty(strength=strength, **band)] if penalty else [],
    )
    network.projections[2].synapse_state["feedback"][...] = weights["feedback"].ravel()
    return network, learner


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("penalty", [0.0, PENALTY], ids=["", "rate regularisation"])
@pytest.mark.parametrize("regular_arrival", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_three_sequences_with_an_update_after_each(model, loss, regular_arrival, penalty, mode):
    shared = task(model, loss, regular_arrival, penalty)
    theirs = nest_eprop.train(shared)
    network, learner = ours(shared, model, loss, regular_arrival, penalty, mode)
    for number in range(N_SEQUENCES):
        inputs = shared["spikes"][number][:, None]
        fired = simulate(network, inputs)["recurrent"][:, 0]
        np.testing.assert_array_equal(fired, theirs["spikes"][number])
        assert fired.sum() >= 10, "a synapse learns from presynaptic spikes"
        targets = shared["targets"][number][:, None]
        learner.learn(Batch(inputs, shared["labels"][number : number + 1] if "cross" in loss else targets))
    for name, projection in zip(("recurrent", "itself", "readout"), network.projections, strict=True):
        before = shared["weights"][name]
        change, expected = projection.weights.toarray() - before, theirs[name] - before
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(change, expected, rtol=1e-6, atol=1e-9, err_msg=name)
