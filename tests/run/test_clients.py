"""Clients of a run: how samples are divided among them, and what a round brings."""

from pathlib import Path

import numpy as np
import pytest

import sc_run
from sc_core import registry
from sc_core.contracts import ClientRound
from sc_core.errors import ConfigurationError
from sc_run.client_splits import Dirichlet, Label, Uniform
from sc_run.clients import ClientPool, ClientsTable
from sc_run.config import parse_config
from sc_run.encoders import ENCODERS
from sc_run.parts import assemble
from sc_run.samples import Samples

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(5), [40, 30, 20, 20, 10]))


def numbered():
    """Samples whose one feature is their number."""
    return Samples(np.arange(LABELS.size, dtype=np.float32)[:, None], LABELS, 1.0)


def pool(batch_size=8, seed=0, split=None, **table):
    clients = ClientsTable(n_clients=table.pop("n_clients", 6), **table)
    samples = numbered()
    members = (split or Uniform()).divide(samples.targets, clients.n_clients, np.random.default_rng(seed))
    return ClientPool(samples, members, clients, batch_size)


def rounds_of(pool, n=1, seed=0):
    rng = np.random.default_rng(seed)
    drawn = [pool.draw(np.zeros(1, np.int64), ENCODERS["current"](n_steps=2), rng) for _ in range(n)]
    assert all(isinstance(each, ClientRound) for each in drawn)
    return drawn


def numbers(batch):
    return batch.inputs[0, :, 0].astype(int)


@pytest.mark.parametrize("split", [Uniform(), Label(), Label(shards=1), Dirichlet(), Dirichlet(alpha=100.0)])
@pytest.mark.parametrize("n_clients", [1, 2, 7])
def test_every_sample_is_one_clients(split, n_clients):
    parts = split.divide(LABELS, n_clients, np.random.default_rng(1))
    assert len(parts) == n_clients
    assert min(part.size for part in parts) > 0
    assert all(np.all(np.diff(part) > 0) for part in parts)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(LABELS.size))


def test_uniform_parts_differ_by_one_sample_at_most():
    sizes = [part.size for part in Uniform().divide(LABELS, 7, np.random.default_rng(1))]
    assert max(sizes) - min(sizes) == 1


def test_label_gives_a_client_few_labels():
    # 12 pieces of 10 samples: classes 0 to 4 have 4, 3, 2, 2 and 1 whole pieces.
    parts = Label(shards=2).divide(LABELS, 6, np.random.default_rng(1))
    assert [part.size for part in parts] == [20] * 6
    assert max(np.unique(LABELS[part]).size for part in parts) <= 2
    seen = {tuple(np.bincount(LABELS[part], minlength=5)) for part in parts}
    assert all(set(counts) <= {0, 10, 20} for counts in seen)
    # Which pieces a client has is chance.
    pairs = {
        tuple(np.unique(LABELS[part]))
        for seed in range(20)
        for part in Label(shards=2).divide(LABELS, 6, np.random.default_rng(seed))
    }
    assert {(0, 4), (1, 3), (0, 2)} <= pairs


def test_the_proportions_of_dirichlet_have_its_mean_and_variance():
    labels, alpha, n_clients = np.repeat([0, 1], 1000), 2.0, 4
    rng = np.random.default_rng(0)
    shares = np.array(
        [
            [
                np.mean(labels[part] == 0) * part.size / 1000
                for part in Dirichlet(alpha=alpha).divide(labels, n_clients, rng)
            ]
            for _ in range(800)
        ]
    )
    variance = (1 / 4) * (3 / 4) / (n_clients * alpha + 1)
    np.testing.assert_allclose(shares.mean(axis=0), 1 / 4, atol=5 * np.sqrt(variance / 800))
    np.testing.assert_allclose(shares.var(axis=0), variance, rtol=0.25)


def test_small_alpha_makes_clients_unlike_each_other():
    def purity(alpha):
        parts = Dirichlet(alpha=alpha).divide(LABELS, 4, np.random.default_rng(0))
        return np.mean([np.bincount(LABELS[part], minlength=5).max() / part.size for part in parts])

    assert purity(0.1) > purity(100.0) + 0.2


@pytest.mark.parametrize("split", [Uniform(), Label(shards=1), Dirichlet(alpha=100.0)])
def test_which_of_a_class_a_client_has_is_chance(split):
    first, _ = split.divide(np.zeros(100, int), 2, np.random.default_rng(0))
    assert 30 < first.size < 70
    assert np.count_nonzero(np.diff(first) > 1) > 10  # not the first ones, nor the last


def test_a_client_brings_one_batch_of_its_own_samples():
    drawn_from = pool(batch_size=8, clients_per_round=3)
    for drawn in rounds_of(drawn_from, 20):
        chosen = [client.client for client in drawn.clients]
        assert chosen == sorted(set(chosen))
        assert len(chosen) == 3
        for client in drawn.clients:
            (batch,) = client.batches
            assert np.unique(numbers(batch)).size == 8
            assert set(numbers(batch)) <= set(drawn_from.members[client.client])
            np.testing.assert_array_equal(batch.targets, LABELS[numbers(batch)])
    everybody = {client.client for drawn in rounds_of(drawn_from, 20) for client in drawn.clients}
    assert everybody == set(range(6))
    first, second = rounds_of(pool(), 2)
    assert set(numbers(first.clients[0].batches[0])) != set(numbers(second.clients[0].batches[0]))


def test_a_client_with_few_samples_brings_all_of_them():
    drawn_from = pool(batch_size=64)
    (drawn,) = rounds_of(drawn_from)
    for client in drawn.clients:
        np.testing.assert_array_equal(np.sort(numbers(client.batches[0])), drawn_from.members[client.client])


def test_local_epochs_go_through_all_samples_of_a_client_each_time_in_another_order():
    drawn_from = pool(batch_size=8, local_epochs=3)
    (drawn,) = rounds_of(drawn_from)
    for client in drawn.clients:
        own = drawn_from.members[client.client]
        assert [batch.inputs.shape[1] for batch in client.batches] == [8, 8, 4] * 3
        epochs = np.concatenate([numbers(batch) for batch in client.batches]).reshape(3, own.size)
        for order in epochs:
            np.testing.assert_array_equal(np.sort(order), own)
        assert len({tuple(order) for order in epochs}) == 3


@pytest.mark.parametrize(
    ("table", "batch_size", "n_rounds"),
    [
        ({}, 8, 3),  # 120 samples, 6 clients: 48 in a round
        ({"clients_per_round": 2}, 8, 8),
        ({"clients_per_round": 4, "local_epochs": 2}, 8, 2),
        ({"local_epochs": 1}, 1000, 1),
    ],
)
def test_an_epoch_has_its_rounds(table, batch_size, n_rounds):
    assert len(pool(batch_size=batch_size, **table)) == n_rounds


class Counter:
    """Changes the weights by how many samples of which label it is given, and remembers its rounds."""

    consumes = ClientRound
    rounds: tuple = ()

    def __init__(self, network):
        self.network, self.lr = network, 0.1

    def learn(self, experience):
        type(self).rounds = (*self.rounds, experience)
        for client in experience.clients:
            for batch in client.batches:
                self.network.projections[-1].data += 1e-3 * (client.client + 1) * batch.inputs.mean()
        return {"loss": float(np.abs(self.network.projections[-1].data).mean())}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.fixture
def clients_config(config, workplace):
    Counter.rounds = ()
    registry.register("learner", "counter", Counter)
    config["learner"] = {"name": "counter"}
    config["clients"] = {"n_clients": 3, "split": {"name": "dirichlet", "alpha": 5.0}, "clients_per_round": 2}
    yield config
    registry.unregister("learner", "counter")


def test_a_run_hands_rounds_to_the_learner(clients_config):
    result = sc_run.train(clients_config, output="run", progress=False)
    assert result.n_steps == len(Counter.rounds)
    assert result.n_steps % 3 == 0  # epochs
    assert all(len(drawn.clients) == 2 for drawn in Counter.rounds)
    assert "accuracy" in result.test_metrics
    text = (result.folder / "config.toml").read_text()
    assert "[clients]" in text
    assert "alpha = 5.0" in text
    again = sc_run.train(result.folder / "config.toml", output="again", progress=False)
    assert again.test_metrics == result.test_metrics


def test_parts_and_network_are_those_without_clients(clients_config):
    federated = assemble(parse_config(clients_config, Path()), "")
    del clients_config["clients"]
    clients_config["learner"] = {"name": "delta"}
    plain = assemble(parse_config(clients_config, Path()), "")
    np.testing.assert_array_equal(federated.train.samples.inputs, plain.train.inputs)
    np.testing.assert_array_equal(federated.validation.inputs, plain.validation.inputs)
    np.testing.assert_array_equal(federated.test.inputs, plain.test.inputs)
    for one, other in zip(federated.network.projections, plain.network.projections, strict=True):
        np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize(
    ("clients", "words"),
    [
        ({"n_clients": 0}, r"clients.n_clients: must be >= 1"),
        ({"n_clients": 3, "clients_per_round": 4}, r"clients_per_round: must be at most n_clients, 3"),
        ({"n_clients": 3, "local_epochs": 0}, r"clients.local_epochs"),
        ({"n_clients": 3, "split": "random"}, r"clients.split: no way to divide samples 'random'"),
        ({"n_clients": 3, "split": {"name": "dirichlet", "alpha": 0.0}}, r"clients.split.alpha: must be > 0"),
        ({"n_clients": 3, "fraction": 0.1}, r"clients.fraction: unknown key"),
        ({"n_clients": 100_000}, r"clients.n_clients: must be at most"),
    ],
)
def test_what_cannot_be_is_refused_by_name(clients_config, clients, words):
    clients_config["clients"] = clients
    with pytest.raises(ConfigurationError, match=words):
        sc_run.train(clients_config, output="run", progress=False)


def test_sections_that_do_not_go_together_are_refused(clients_config):
    clients_config["few_shot"] = {"ways": 2, "shots": 1}
    with pytest.raises(ConfigurationError, match="clients: and few_shot are two ways"):
        sc_run.train(clients_config, output="run", progress=False)
    del clients_config["few_shot"]
    clients_config["data"]["tasks"] = {"name": "permuted", "n_tasks": 2}
    with pytest.raises(ConfigurationError, match="clients: divides the samples of one task: leave out"):
        sc_run.train(clients_config, output="run", progress=False)
    del clients_config["data"]["tasks"]
    clients_config["network"]["projections"][0]["plasticity"] = "hebbian"
    with pytest.raises(ConfigurationError, match="clients: clients are for a learner alone"):
        sc_run.train(clients_config, output="run", progress=False)


def test_learners_and_sections_have_to_fit(clients_config):
    clients_config["learner"] = {"name": "delta"}
    with pytest.raises(ConfigurationError, match="'delta' learns from Batch; this run offers: ClientRound"):
        sc_run.train(clients_config, output="run", progress=False)
    clients_config["learner"] = {"name": "counter"}
    del clients_config["clients"]
    with pytest.raises(ConfigurationError, match=r"ClientRound; .* a section \[clients\] divides"):
        sc_run.train(clients_config, output="run", progress=False)


def test_splits_by_label_need_labels_and_enough_samples():
    sequences = np.zeros((10, 4, 2))
    for split in (Label(), Dirichlet()):
        with pytest.raises(ConfigurationError, match=r"clients\.split: goes by labels"):
            split.divide(sequences, 2, np.random.default_rng(0))
    assert len(Uniform().divide(sequences, 2, np.random.default_rng(0))) == 2
    with pytest.raises(
        ConfigurationError, match=r"clients\.split\.shards: makes 50 pieces, but there are 40"
    ):
        Label(shards=5).divide(np.arange(40) % 2, 10, np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match=r"clients\.split\.alpha: is so small"):
        Dirichlet(alpha=1e-3).divide(np.zeros(50, int), 40, np.random.default_rng(0))
