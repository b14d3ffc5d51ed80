"""The ewc learner around gradients through spikes: Fisher information, state, options."""

import numpy as np
import pytest

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, registry
from sc_core.contracts import GradientLearner
from sc_core.errors import ConfigurationError, ShapeError
from sc_core.options import structure, unstructure
from sc_plugin_ewc import EWCLearner
from sc_plugin_ewc.options import EWCOptions


def network(seed=0, n_output=4):
    rng = np.random.default_rng(seed)
    source, hidden = Population("source", 5, Input()), Population("hidden", 20, LIF(tau=10.0))
    readout = Population("readout", n_output, LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 4, (5, 20))),
            Projection(hidden, hidden, rng.normal(0, 1, (20, 20)), delay=1),
            Projection(hidden, readout, rng.normal(0, 0.3, (20, n_output))),
        ],
    )


def batch(seed=1, n=6):
    rng = np.random.default_rng(seed)
    return Batch(rng.random((15, n, 5)), rng.integers(0, 4, n))


def ewc(net, learner=None, **options):
    return EWCLearner(net, {"name": "descent", "lr": 0.02, **(learner or {})}, **options)


def weights(net):
    return np.concatenate([projection.data for projection in net.projections])


def importance(net):
    return np.concatenate([projection.synapse_state["ewc_importance"] for projection in net.projections])


def test_it_comes_through_the_registry_and_is_a_gradient_learner():
    assert registry.get("learner", "ewc") is EWCLearner
    assert isinstance(ewc(network()), GradientLearner)


def test_the_exact_fisher_is_that_of_the_predictions_where_nothing_spikes():
    """For the readout's weights surrogates play no part: log p by the simulation alone, differences for slopes."""
    net = network()
    ewc(net).consolidate([batch()])
    readout = net.projections[2]

    def log_probability():
        scores = net.run(batch().inputs).sum(axis=0)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    spiking = np.flatnonzero(readout.synapse_state["ewc_importance"])
    assert spiking.size > 20
    for synapse in spiking[[0, 13, -1]]:
        sides = []
        for sign in (1, -1):
            readout.data[synapse] += sign * 1e-5
            sides.append(log_probability())
            readout.data[synapse] -= sign * 1e-5
        slopes = (sides[0] - sides[1]) / 2e-5
        expected = np.mean(np.sum(np.exp(log_probability()) * slopes**2, axis=1))
        found = readout.synapse_state["ewc_importance"][synapse]
        assert found == pytest.approx(expected, rel=1e-6)


def test_the_exact_fisher_does_not_look_at_the_labels_and_the_empirical_one_does():
    found = {}
    for fisher in ("exact", "empirical"):
        for shift in (0, 1):
            net = network()
            learner = ewc(net, fisher=fisher)
            learner.consolidate([Batch(batch().inputs, (batch().targets + shift) % 4)])
            found[fisher, shift] = importance(net)
    np.testing.assert_array_equal(found["exact", 0], found["exact", 1])
    assert not np.allclose(found["empirical", 0], found["empirical", 1], rtol=0.1)


def test_how_samples_are_batched_does_not_matter():
    whole, parts = network(), network()
    b = batch()
    ewc(whole).consolidate([b])
    ewc(parts).consolidate(Batch(b.inputs[:, i : i + 4], b.targets[i : i + 4]) for i in (0, 4))
    np.testing.assert_array_equal(importance(whole), importance(parts))


def test_a_rate_penalty_is_no_part_of_the_exact_fisher():
    plain, penalised = network(), network()
    ewc(plain).consolidate([batch()])
    penalty = {"population": "hidden", "strength": 1e-3, "upper": 1.0}
    learner = ewc(penalised, {"rate_penalties": [penalty]})
    assert learner.loss_and_gradient(batch())[0] > ewc(network()).loss_and_gradient(batch())[0] + 1
    learner.consolidate([batch()])
    np.testing.assert_allclose(importance(penalised), importance(plain), rtol=1e-8, atol=1e-12)


def test_with_heads_the_classes_are_those_of_the_samples_head():
    """Two heads of two: a sample of the second says nothing about the weights of the first."""
    net = network()
    b = Batch(batch().inputs, np.full(6, 3))
    ewc(net, {"loss_fn": {"name": "cross_entropy", "heads": 2}}).consolidate([b])
    readout = net.projections[2].synapse_state["ewc_importance"].reshape(20, 4)
    assert np.all(readout[:, :2] == 0)
    assert readout[:, 2:].max() > 0
    # The same as a network that has only the second head.
    alone = network()
    pair = Population("pair", 2, LI(tau=10.0))
    last_two = alone.projections[2].weights.toarray()[:, 2:]
    only = Network(
        [*alone.populations[:2], pair],
        [*alone.projections[:2], Projection(alone.populations[1], pair, last_two)],
    )
    ewc(only).consolidate([Batch(b.inputs, np.ones(6, int))])
    for mine, its in zip(net.projections[:2], only.projections[:2], strict=True):
        np.testing.assert_allclose(
            mine.synapse_state["ewc_importance"], its.synapse_state["ewc_importance"], rtol=1e-9, atol=1e-15
        )
    expected = only.projections[2].synapse_state["ewc_importance"].reshape(20, 2)
    np.testing.assert_allclose(readout[:, 2:], expected, rtol=1e-9)


def test_a_loss_on_sequences_takes_the_empirical_fisher():
    net = network()
    b = Batch(batch().inputs, np.random.default_rng(5).normal(size=(15, 6, 4)))
    learner = ewc(net, {"loss_fn": "mean_square"}, fisher="empirical")
    singles = [
        np.concatenate(learner.loss_and_gradient(Batch(b.inputs[:, i : i + 1], b.targets[:, i : i + 1]))[1])
        for i in range(6)
    ]
    learner.consolidate([b])
    np.testing.assert_allclose(importance(net), np.mean(np.square(singles), axis=0), rtol=1e-12)


def test_weights_that_matter_move_less():
    held, free = network(), network()
    first, second = batch(1), batch(2)
    learners = [ewc(held, ewc_lambda=1e4), ewc(free, ewc_lambda=0.0)]
    for learner in learners:
        learner.learn(first)
        learner.consolidate([first])
        for _ in range(20):
            learner.learn(second)
    start = network()
    ewc(start).learn(first)
    needed = importance(held) > np.quantile(importance(held), 0.9)
    moved = [np.abs(weights(net) - weights(start))[needed] for net in (held, free)]
    assert moved[0].mean() < 0.1 * moved[1].mean()


def test_bounds_and_signs_hold_after_the_pull():
    net = network()
    bounds = {"weight_min": -2.0, "weight_max": 2.0, "keep_sign": True}
    learner = ewc(net, {**bounds, "lr": 0.5}, ewc_lambda=30.0)
    signs = np.sign(weights(net))
    for seed in (1, 2, 3):
        for _ in range(5):
            learner.learn(batch(seed))
            now = weights(net)
            assert np.all(now * signs >= 0)
            assert now.min() >= -2.0
            assert now.max() <= 2.0
        learner.consolidate([batch(seed)])


def test_frozen_projections_stay():
    net = network()
    net.projections[0].trainable = False
    before = net.projections[0].data.copy()
    learner = ewc(net)
    learner.consolidate([batch()])
    learner.learn(batch(2))
    assert np.all(net.projections[0].synapse_state["ewc_importance"] == 0)
    np.testing.assert_array_equal(net.projections[0].data, before)


def test_importance_follows_a_rewiring():
    net = network()
    learner = ewc(net, ewc_lambda=10.0)
    learner.learn(batch())
    learner.consolidate([batch()])
    recurrent = net.projections[1]
    kept = recurrent.synapse_state["ewc_importance"][7:].copy()
    recurrent.rewire(prune=np.arange(7), grow=([0], [2], [0.5]))
    found = recurrent.synapse_state["ewc_importance"]
    grown = recurrent.indices[:1] == 2
    assert grown.all()
    np.testing.assert_array_equal(found[1:], kept)
    assert found[0] == 0
    assert np.isfinite(learner.learn(batch(2))["penalty"])


@pytest.mark.parametrize("variant", [{}, {"variant": "online", "gamma": 0.8}])
def test_a_restored_learner_continues_bit_for_bit(variant):
    first, second = network(), network(seed=9)
    one, two = (ewc(net, {"optimiser": "adam"}, ewc_lambda=3.0, **variant) for net in (first, second))
    for seed in (1, 2):
        for _ in range(3):
            one.learn(batch(seed))
        one.consolidate([batch(seed)])
    one.learn(batch(3))
    one.lr = 0.005
    second.load_state_dict(first.state_dict())
    two.load_state_dict(one.state_dict())
    assert two.lr == 0.005
    metrics = []
    for learner in (one, two):
        learner.learn(batch(3))
        learner.consolidate([batch(3)])
        metrics.append([dict(learner.learn(batch(4))) for _ in range(3)])
    assert metrics[0] == metrics[1]
    assert weights(first).tobytes() == weights(second).tobytes()


def test_it_offers_to_evaluate_only_where_the_wrapped_learner_does(learners, monkeypatch):
    assert not hasattr(ewc(network()), "evaluate")
    monkeypatch.setattr(learners.Descent, "evaluate", lambda self, batch: {"accuracy": 0.25}, raising=False)
    assert ewc(network()).evaluate(batch()) == {"accuracy": 0.25}


def test_options_survive_a_configuration_file_with_the_wrapped_learners_defaults():
    options = structure(EWCOptions, {"learner": {"name": "descent", "lr": 0.5}}, "learner")
    table = unstructure(options)
    assert table["learner"]["lr"] == 0.5
    assert table["learner"]["optimiser"] == "sgd"
    assert structure(EWCOptions, table, "learner") == options


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"ewc_lambda": -1.0}, r"^learner.ewc_lambda: must be >= 0, got -1.0"),
        ({"fisher": "exakt"}, r"^learner.fisher: must be one of 'exact', 'empirical'"),
        ({"gamma": 0.5}, r'^learner.gamma: is an option of variant = "online", got 0.5'),
        ({"variant": "online", "gamma": 1.5}, r"^learner.gamma: must be <= 1"),
        ({"learner": {"name": "descent", "lr": -1.0}}, r"^learner.learner.lr: must be > 0, got -1.0"),
        ({"learner": {"name": "descent", "rl": 1.0}}, r"^learner.learner.rl: unknown key"),
        (
            {"learner": {"name": "no-gradient"}},
            r"^learner.learner.name: 'no-gradient' is no gradient learner",
        ),
        ({"learner": "descend"}, r"^learner: no learner named 'descend' .*Did you mean 'descent'"),
        ({"learner": 3}, r"^learner.learner: must be"),
        ({"strength": 3.0}, r"^learner.strength: unknown key"),
    ],
)
def test_mistakes_in_a_table_are_refused_by_their_key(table, words):
    no_gradient = type(
        "NoGradient",
        (),
        {
            "consumes": Batch,
            "learn": lambda self, batch: {},
            "state_dict": lambda self: {},
            "load_state_dict": lambda self, state: None,
        },
    )
    registry.register("learner", "no-gradient", no_gradient)
    try:
        with pytest.raises(ConfigurationError, match=words):
            structure(EWCOptions, {"learner": "descent"} | table, "learner")
    finally:
        registry.unregister("learner", "no-gradient")


def test_what_does_not_fit_together_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"fisher: 'exact' needs classes.*'descent' has MeanSquare"):
        ewc(network(), {"loss_fn": "mean_square"})
    with pytest.raises(ConfigurationError, match=r"learner.name: is ewc itself"):
        EWCLearner(network(), {"name": "ewc", "learner": "descent"})
    with pytest.raises(ConfigurationError, match=r"loss_fn.heads: must divide the output's 4 neurons"):
        ewc(network(), {"loss_fn": {"name": "cross_entropy", "heads": 3}}).consolidate([batch()])
    with pytest.raises(ShapeError, match=r"there are no samples to consolidate"):
        ewc(network()).consolidate([])
    with pytest.raises(TypeError, match=r"lambda_"):
        ewc(network(), lambda_=3.0)
