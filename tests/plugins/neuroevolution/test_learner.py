"""The learner: weights as vectors, networks side by side, batches and episodes."""

from __future__ import annotations

import numpy as np
import pytest

from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection, registry
from sc_core.contracts import Episodes, Generation
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_gradient import find_loss
from sc_plugin_neuroevolution import NeuroevolutionLearner
from sc_plugin_neuroevolution.episodes import returns
from sc_plugin_neuroevolution.weights import scale_of, set_weights, side_by_side, weights_of


class Pursuit:
    """A point on a ring of 8 places; action 1 goes on, 0 stays; reward 1 at the seed's place; 12 steps."""

    n_observations, n_actions = 3, 2

    def reset(self, seeds):
        self.goal, self.place, self.t = np.asarray(seeds) % 8, np.zeros(len(seeds), int), 0
        return self._observe()

    def step(self, actions):
        self.place = (self.place + actions) % 8
        self.t += 1
        # Half of the episodes end early: what is returned for them after that must be of no effect.
        ended = (self.t >= 12) | ((self.goal % 2 == 0) & (self.t >= 5))
        reward = np.where(self.place == self.goal, 1.0, 0.0) + 0.01 * self.t
        return self._observe(), reward, ended

    def _observe(self):
        angle = (self.place - self.goal) * np.pi / 4
        return np.stack([np.cos(angle), np.sin(angle), np.ones(len(angle))], axis=1)


def recurrent_network(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    source, readout = Population("source", 3, Input()), Population("readout", 2, LI(tau=3.0))
    lif = Population("lif", 5, LIF(tau=np.linspace(3, 9, 5), v_threshold=0.3))
    alif = Population("alif", 4, ALIF(tau=5.0, v_threshold=0.3, refractory_steps=1))
    cuba = Population("cuba", 3, CubaLIF(v_threshold=0.3))

    def normal(n, m, sparse=False):
        values = rng.normal(size=(n, m)).astype(dtype)
        return values * (rng.random((n, m)) < 0.5) if sparse else values

    return Network(
        [source, lif, alif, cuba, readout],
        [
            Projection(source, lif, normal(3, 5)),
            Projection(source, alif, normal(3, 4), trainable=False),
            Projection(lif, lif, normal(5, 5, sparse=True), delay=2, name="loop"),
            Projection(lif, cuba, normal(5, 3, sparse=True)),
            Projection(alif, cuba, normal(4, 3), delay=1),
            Projection(cuba, readout, normal(3, 2)),
            Projection(alif, readout, normal(4, 2)),
        ],
    )


def small_network(n_in=2, n_out=2, dtype=np.float32):
    rng = np.random.default_rng(0)
    source, hidden = (
        Population("source", n_in, Input()),
        Population("hidden", 6, LIF(tau=5.0, v_threshold=0.2)),
    )
    readout = Population("readout", n_out, LI(tau=5.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(size=(n_in, 6)).astype(dtype)),
            Projection(hidden, readout, rng.normal(size=(6, n_out)).astype(dtype)),
        ],
    )


def task(n=16, seed=0):
    """Which of two inputs is stronger?"""
    inputs = np.random.default_rng(seed).random((1, n, 2)).repeat(10, axis=0)
    return Batch(inputs, (inputs[0, :, 0] < inputs[0, :, 1]).astype(int))


def play_alone(network, seed, n_steps):
    """Step one network through one episode, population by population, in Python."""
    environment, total = Pursuit(), 0.0
    observation = environment.reset(np.array([seed]))
    network.reset_all()
    inputs = []
    while True:
        inputs += [observation[0]] * n_steps
        output = network.run(np.array(inputs))  # from the beginning each time: it holds no state between
        action = output[-n_steps:].sum(axis=0).argmax()
        observation, reward, ended = environment.step(np.array([action]))
        total += reward[0]
        if ended[0]:
            return total


# Weights


def test_weights_are_those_of_trainable_projections_in_order():
    network = recurrent_network()
    frozen = network.projections[1].data.copy()
    expected = np.concatenate([p.data for p in network.projections if p.trainable])
    np.testing.assert_array_equal(weights_of(network), expected)
    set_weights(network, np.arange(expected.size))
    np.testing.assert_array_equal(weights_of(network), np.arange(expected.size))
    np.testing.assert_array_equal(network.projections[1].data, frozen)


def test_scale_is_the_root_mean_square_of_each_projection():
    network = small_network()
    network.projections[1].data[...] = 0.0
    root = np.sqrt(np.mean(network.projections[0].data.astype(float) ** 2))
    np.testing.assert_allclose(scale_of(network), [root] * 12 + [1.0] * 12, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_side_by_side_do_what_each_does_alone(dtype):
    network = recurrent_network(dtype=dtype)
    rng = np.random.default_rng(1)
    candidates = weights_of(network) + rng.normal(size=(4, weights_of(network).size))
    inputs = rng.random((30, 2, 4, 3))
    together = side_by_side(network, candidates).run(inputs.reshape(30, 2, 12)).reshape(30, 2, 4, 2)
    for place, candidate in enumerate(candidates):
        set_weights(network, candidate)
        alone = network.run(inputs[:, :, place])
        assert np.abs(alone).max() > 0.01
        np.testing.assert_array_equal(together[:, :, place], alone)


# Episodes


@pytest.mark.parametrize("n_steps", [1, 4])
def test_returns_are_those_of_each_network_in_each_episode_alone(n_steps):
    network = recurrent_network()
    rng = np.random.default_rng(2)
    candidates = weights_of(network) + rng.normal(size=(5, weights_of(network).size))
    seeds = [1, 2, 5, 13]
    got = returns(network, candidates, Episodes(Pursuit(), seeds, n_steps))
    assert got.shape == (5, 4)
    assert np.unique(got.round(6)).size > 3
    for place, candidate in enumerate(candidates):
        set_weights(network, candidate)
        np.testing.assert_allclose(
            got[place], [play_alone(network, seed, n_steps) for seed in seeds], atol=1e-12
        )


def test_an_environment_of_other_sizes_is_refused():
    candidates = weights_of(small_network())[None]
    with pytest.raises(ShapeError, match="'source' has 2 neurons, but the environment has 3 observations"):
        returns(small_network(), candidates, Episodes(Pursuit(), [0]))
    wide = small_network(3, 4)
    with pytest.raises(ShapeError, match="'readout' has 4 neurons, but the environment has 2 actions"):
        returns(wide, weights_of(wide)[None], Episodes(Pursuit(), [0]))


def test_delays_of_synapses_are_refused_not_ignored():
    source, readout = Population("source", 3, Input()), Population("readout", 2, LI())
    network = Network(
        [source, readout], [Projection(source, readout, np.ones((3, 2)), delays=[1.0, 2, 3, 1, 2, 3])]
    )
    with pytest.raises(ConfigurationError, match="delays"):
        returns(network, weights_of(network)[None], Episodes(Pursuit(), [0]))


STRONG = (
    {"name": "cma-es", "population_size": 20},
    {"name": "openai-es", "population_size": 20, "lr": 0.3},
    {"name": "genetic", "population_size": 20, "sigma": 0.5},
)


@pytest.mark.parametrize("strategy", STRONG)
def test_an_environment_is_learned(strategy):
    network = small_network(3)
    learner = NeuroevolutionLearner(network, strategy, seed=4)
    generation = Generation(Episodes(Pursuit(), range(8), 3))
    before = learner.evaluate(generation)
    for _ in range(20):
        metrics = learner.learn(generation)
    after = learner.evaluate(generation)
    assert after["return"] > before["return"] + 1.0
    assert after["loss"] == -after["return"]
    assert metrics["best_fitness"] >= metrics["mean_fitness"]


# Batches


@pytest.mark.parametrize("strategy", STRONG)
@pytest.mark.parametrize("fitness", ["loss", "accuracy"])
def test_a_batch_is_learned(strategy, fitness):
    network = small_network()
    learner = NeuroevolutionLearner(network, strategy, fitness=fitness, seed=4)
    generation = Generation(task())
    before = learner.evaluate(generation)
    for _ in range(40):
        metrics = learner.learn(generation)
    after = learner.evaluate(generation)
    assert after["accuracy"] >= 0.9 > before["accuracy"]
    if fitness == "loss":
        assert after["loss"] < before["loss"]
        assert metrics["best_fitness"] < 0
    else:
        assert 0.9 <= metrics["best_fitness"] <= 1


def test_the_fitness_is_minus_the_loss():
    network = small_network()
    learner = NeuroevolutionLearner(network, {"name": "genetic", "population_size": 2})
    candidates = learner._strategy.ask()
    metrics = learner.learn(Generation(task()))
    losses = []
    for candidate in candidates:
        set_weights(network, candidate)
        outputs = network.run(task().inputs)
        losses.append(find_loss("cross_entropy").loss_and_gradient(outputs, task().targets)[0])
    assert metrics["best_fitness"] == pytest.approx(-min(losses), rel=1e-6)
    assert metrics["mean_fitness"] == pytest.approx(-np.mean(losses), rel=1e-6)


def test_frozen_projections_stay():
    network = recurrent_network()
    frozen = network.projections[1].data.copy()
    learner = NeuroevolutionLearner(network)
    before = weights_of(network)
    learner.learn(Generation(Episodes(Pursuit(), [1], 2)))
    np.testing.assert_array_equal(network.projections[1].data, frozen)
    assert np.all(weights_of(network) != before)


@pytest.mark.parametrize("strategy", ["cma-es", "openai-es", "genetic"])
@pytest.mark.parametrize("trial", [task(), Episodes(Pursuit(), [1, 2], 2)])
def test_a_resumed_learner_goes_on_bit_for_bit(strategy, trial):
    def make():
        return NeuroevolutionLearner(
            small_network(trial.environment.n_observations if hasattr(trial, "environment") else 2),
            strategy,
            seed=5,
        )

    one = make()
    for _ in range(3):
        one.learn(Generation(trial))
    two = make()
    two.network.load_state_dict(one.network.state_dict())
    two.load_state_dict(one.state_dict())
    for _ in range(3):
        assert one.learn(Generation(trial)) == two.learn(Generation(trial))
        np.testing.assert_array_equal(weights_of(one.network), weights_of(two.network))


def test_a_generation_that_cannot_be_judged_changes_nothing():
    network = small_network()
    learner = NeuroevolutionLearner(network)
    before = weights_of(network)
    sequences = Batch(np.ones((5, 2, 2)), np.zeros((5, 2, 2)))
    for wrong, error in (
        (Batch(np.ones((5, 2, 3)), np.array([0, 1])), ShapeError),
        (Batch(np.full((5, 2, 2), np.nan), np.array([0, 1])), NumericalError),
    ):
        with pytest.raises(error):
            learner.learn(Generation(wrong))
    with pytest.raises(ConfigurationError, match="accuracy"):
        NeuroevolutionLearner(network, loss_fn="mean_square", fitness="accuracy").learn(Generation(sequences))
    np.testing.assert_array_equal(weights_of(network), before)
    assert learner.state_dict()["strategy"]["ranks"].shape[0] == 0


def test_networks_that_explode_do_not_win():
    source, readout = Population("source", 1, Input()), Population("readout", 1, LI(tau=1.0))
    network = Network(
        [source, readout],
        [
            Projection(
                source,
                readout,
                np.array(
                    [
                        [1e150],
                    ]
                ),
            )
        ],
    )
    table = {"name": "genetic", "sigma": 1e10, "population_size": 6}
    learner = NeuroevolutionLearner(network, table, loss_fn="mean_square", seed=1)
    with np.errstate(over="ignore"):
        metrics = learner.learn(Generation(Batch(np.ones((3, 1, 1)), np.zeros((3, 1, 1)))))
    assert np.isfinite(metrics["best_fitness"])


# The contract


def test_rates_are_openai_es_s():
    learner = NeuroevolutionLearner(small_network(), {"name": "openai-es", "lr": 0.2})
    assert learner.lr == 0.2
    learner.lr = 0.0
    before = weights_of(learner.network)
    learner.learn(Generation(task()))
    np.testing.assert_array_equal(weights_of(learner.network), before)
    other = NeuroevolutionLearner(small_network(), "genetic")
    other.lr = 0.0
    with pytest.raises(ConfigurationError, match='"openai-es" alone'):
        other.lr = 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "cma"}, "strategy: no strategy 'cma'.*did you mean 'cma-es'"),
        ({"strategy": {"name": "genetic", "sigma": -1.0}}, "strategy.sigma"),
        ({"strategy": {"name": "openai-es", "population_size": 3}}, "even"),
        ({"fitness": "speed"}, "fitness"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        NeuroevolutionLearner(small_network(), **options)


def test_a_network_without_anything_to_train_is_refused():
    source, readout = Population("source", 1, Input()), Population("readout", 1, LI())
    network = Network([source, readout], [Projection(source, readout, [[1.0]], trainable=False)])
    with pytest.raises(ConfigurationError, match="no trainable projection"):
        NeuroevolutionLearner(network)


def test_the_registry_hands_it_out():
    assert registry.get("learner", "neuroevolution") is NeuroevolutionLearner
