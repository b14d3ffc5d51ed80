"""The learner federated in runs, around the real gradient learners."""

import tomllib

import numpy as np
import pytest

import sc_run
from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, registry
from sc_core.contracts import ClientBatches, ClientRound
from sc_core.errors import ConfigurationError

CONFIG = """
seed = 3
[data]
name = "digits"
test_fraction = 0.5
encoder = { name = "current", n_steps = 12 }
[network]
populations = [
    { name = "pixels", n = 64, neuron = "Input" },
    { name = "hidden", n = 48, neuron = { name = "LIF", tau = 10.0 } },
    { name = "digit", n = 10, neuron = { name = "LI", tau = 10.0 } },
]
projections = [ { source = "pixels", target = "hidden" }, { source = "hidden", target = "digit" } ]
[clients]
n_clients = 6
split = { name = "dirichlet", alpha = 2.0 }
[learner]
name = "federated"
learner = { name = "bptt", lr = 0.02, optimiser = "adam" }
[scheduler]
name = "cosine"
[[callbacks]]
name = "csv"
[training]
epochs = 8
batch_size = 16
"""

METHODS = {
    "fedsgd": {},
    "fedavg": {"method": "fedavg"},
    "sign_majority": {"method": "sign_majority", "learner": {"name": "bptt", "lr": 2e-2}},
    "masked": {"secure_sum": True},
}


@pytest.fixture
def config():
    return tomllib.loads(CONFIG)


def choose(config, name):
    config["learner"] |= METHODS[name]
    if name == "fedavg":
        config["clients"]["local_epochs"] = 1
        config["clients"]["clients_per_round"] = 4


@pytest.mark.parametrize("name", METHODS)
def test_a_federation_learns_digits(config, tmp_path, name):
    choose(config, name)
    result = sc_run.train(config, output=tmp_path / "run", progress=False)
    assert result.test_metrics["accuracy"] > 0.85


def test_another_gradient_learner_is_wrapped_too(config, tmp_path):
    config["learner"]["learner"] = {
        "name": "ewc",
        "learner": {"name": "tbptt", "lr": 0.02, "optimiser": "adam"},
    }
    result = sc_run.train(config, output=tmp_path / "run", progress=False)
    assert result.test_metrics["accuracy"] > 0.85


@pytest.mark.parametrize("name", METHODS)
def test_an_interrupted_run_ends_with_the_same_bits(config, check_interrupted_run, name):
    choose(config, name)
    config["training"]["epochs"] = 3
    check_interrupted_run(config, after=4)


def test_masked_runs_are_repeated_bit_for_bit(config, tmp_path):
    choose(config, "masked")
    config["training"]["epochs"] = 2
    first, second = (
        sc_run.train(config, output=tmp_path / name, progress=False) for name in ("first", "second")
    )
    for one, other in zip(first.network.projections, second.network.projections, strict=True):
        np.testing.assert_array_equal(one.data, other.data)


def test_a_federation_without_clients_is_refused_by_name(config, tmp_path):
    del config["clients"]
    with pytest.raises(ConfigurationError, match=r"'federated' learns from ClientRound.*\[clients\]"):
        sc_run.train(config, output=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def spiking_network():
    rng = np.random.default_rng(0)
    source, hidden, readout = (
        Population("s", 6, Input()),
        Population("h", 20, LIF()),
        Population("r", 3, LI()),
    )
    weights = rng.normal(0, 3, (6, 20)), rng.normal(0, 0.5, (20, 3))
    return Network(
        [source, hidden, readout],
        [Projection(source, hidden, weights[0]), Projection(hidden, readout, weights[1], trainable=False)],
    )


def spiking_batch(seed, n_samples=5):
    rng = np.random.default_rng(seed)
    return Batch(rng.random((15, n_samples, 6)), rng.integers(3, size=n_samples))


WRAPPED = {"name": "bptt", "optimiser": "adam", "lr": 0.05, "learned_parameters": ["tau"], "clip_norm": 1.0}


@pytest.mark.parametrize("method", ["fedsgd", "fedavg"])
def test_one_client_is_bptt_bit_for_bit_learned_time_constants_included(method):
    federated = registry.create("learner", "federated", spiking_network(), learner=WRAPPED, method=method)
    options = {key: value for key, value in WRAPPED.items() if key != "name"}
    alone = registry.create("learner", "bptt", spiking_network(), **options)
    before = [parameter.copy() for parameter in alone.parameters]
    for seed in range(8):
        batch = spiking_batch(seed)
        assert federated.learn(ClientRound([ClientBatches(0, [batch])])) == alone.learn(batch)
    changed = []
    for ours, theirs, old in zip(federated._learner.parameters, alone.parameters, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        changed.append(bool(np.any(theirs != old)))
    assert changed[:2] == [True, False]  # the second projection is frozen
    assert any(changed[2:])


def test_fedsgd_of_equal_clients_is_the_step_of_the_union():
    options = {key: value for key, value in WRAPPED.items() if key != "name"}
    federated = registry.create("learner", "federated", spiking_network(), learner=WRAPPED)
    alone = registry.create("learner", "bptt", spiking_network(), **options)
    batches = [spiking_batch(seed) for seed in range(4)]
    whole = Batch(
        np.concatenate([batch.inputs for batch in batches], axis=1),
        np.concatenate([batch.targets for batch in batches]),
    )
    loss, union = alone.loss_and_gradient(whole)
    answers = [federated._learner.loss_and_gradient(batch) for batch in batches]
    for place, gradient in enumerate(union):
        mean = np.mean([gradients[place] for _, gradients in answers], axis=0)
        np.testing.assert_allclose(mean, gradient, rtol=1e-9, atol=1e-12)
    metrics = federated.learn(ClientRound(ClientBatches(k, [batch]) for k, batch in enumerate(batches)))
    assert metrics["loss"] == pytest.approx(loss, rel=1e-12)
    alone.learn(whole)
    for ours, theirs in zip(federated._learner.parameters, alone.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
