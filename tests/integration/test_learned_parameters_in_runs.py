"""A run learns time constants and thresholds, keeps them with the best network, and resumes with them."""

import numpy as np
import pytest

import sc_run
from sc_core.simulation import simulate
from sc_run.checkpoint import load_best, read_checkpoint
from sc_run.config import parse_config
from sc_run.parts import assemble


def configuration(learner, epochs=3):
    spread = {"distribution": "log_uniform", "low": 5.0, "high": 80.0}
    return {
        "seed": 7,
        "data": {"name": "digits", "test_fraction": 0.8, "encoder": {"name": "current", "n_steps": 12}},
        "network": {
            "populations": [
                {"name": "pixels", "n": 64, "neuron": "Input"},
                {"name": "hidden", "n": 32, "neuron": {"name": "LIF", "tau": spread}},
                {"name": "digit", "n": 10, "neuron": "LI"},
            ],
            "projections": [
                {"source": "pixels", "target": "hidden"},
                {"source": "hidden", "target": "digit"},
            ],
        },
        "learner": {"lr": 2e-2, "optimiser": "adam", **learner},
        "callbacks": [],
        "training": {"epochs": epochs, "batch_size": 32},
    }


@pytest.mark.parametrize(
    "learner",
    [
        {"name": "bptt", "learned_parameters": ["tau", "v_threshold"]},
        {"name": "tbptt", "k": 5, "learned_parameters": {"hidden": ["tau", "v_threshold"]}},
    ],
    ids=["bptt", "tbptt"],
)
def test_the_best_network_comes_with_its_time_constants(learner, tmp_path):
    config = configuration(learner)
    run = sc_run.train(config, output=tmp_path / "run", progress=False)
    start = assemble(parse_config(config, tmp_path), "").network.populations[1].neuron
    plain = configuration({"name": "bptt"})
    plain["network"]["populations"][1]["neuron"] = "LIF"
    network = assemble(parse_config(plain, tmp_path), "").network
    network.load_state_dict(load_best(run.folder))
    learned = network.populations[1].neuron
    assert len(set(start.tau)) == 32
    assert np.abs(np.log(np.array(learned.tau) / np.array(start.tau))).min() > 1e-4
    assert len(set(learned.v_threshold)) == 32
    stored = read_checkpoint(run.folder).state["network"]["populations"]["hidden"]["learned_parameters"]
    assert set(stored) == {"tau", "v_threshold"}
    # What was selected is what the run's own network ended with.
    inputs = np.random.default_rng(0).random((12, 5, 64))
    ours = simulate(network, inputs)["digit"]
    other = assemble(parse_config(config, tmp_path), "").network
    other.load_state_dict(load_best(run.folder))
    np.testing.assert_array_equal(simulate(other, inputs)["digit"], ours)
