"""The learner: updates within and after sequences, feedback, options, what it refuses, learning, resuming."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, options
from sc_core.contracts import GradientLearner
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_core.simulation import simulate
from sc_gradient import RatePenalty
from sc_plugin_eprop import EpropLearner, online

sys.path.insert(0, str(Path(__file__).parent))
from eprop_networks import MODELS, build, sequences, weights

LIF8 = MODELS["LIF"]


def test_it_is_a_gradient_learner_that_applies_its_own_gradient():
    one, two = build(LIF8), build(LIF8)
    learner, stepwise = EpropLearner(one, lr=0.1), EpropLearner(two, lr=0.1)
    assert isinstance(learner, GradientLearner)
    assert all(
        mine is projection.data for mine, projection in zip(learner.parameters, one.projections, strict=True)
    )
    before = weights(one)
    loss, gradients = learner.loss_and_gradient(Batch(*sequences(3)))
    np.testing.assert_array_equal(weights(one), before)
    learner.apply(gradients)
    np.testing.assert_allclose(weights(one), before - 0.1 * np.concatenate(gradients), rtol=1e-12)
    assert stepwise.train_step(*sequences(3)) == loss
    np.testing.assert_array_equal(weights(one), weights(two))


def test_frozen_projections_stay():
    network = build(LIF8)
    network.projections[1].trainable = False
    before = [projection.data.copy() for projection in network.projections]
    EpropLearner(network, lr=1.0).train_step(*sequences(2))
    changed = [not np.array_equal(p.data, old) for p, old in zip(network.projections, before, strict=True)]
    assert changed == [True, False, True]


@pytest.mark.parametrize("every", [1, 4, 7])
def test_updates_within_a_sequence_follow_each_stretch(every, monkeypatch):
    """While nothing applies them, the stretches' gradients, weighed by their lengths, are those of the whole."""
    monkeypatch.setattr(online, "WINDOW", 3)
    network, batch = build(MODELS["ALIF"]), Batch(*sequences(2))
    learner = EpropLearner(network, {"name": "cross_entropy_steps", "last": 12}, update_every=every)
    loss, whole = learner.loss_and_gradient(batch)
    stretches = list(learner._online.updates(batch, every))
    assert len(stretches) == -(-30 // every)
    assert sum(part for part, _ in stretches) == pytest.approx(loss, rel=1e-12)
    steps = [max(0, min(b + every, 30) - max(b, 18)) for b in range(0, 30, every)]
    assert [gradients is not None for _, gradients in stretches] == [count > 0 for count in steps]
    for index, mine in enumerate(whole):
        summed = sum(
            gradients[index] * count / 12
            for (_, gradients), count in zip(stretches, steps, strict=True)
            if gradients is not None
        )
        np.testing.assert_allclose(summed, mine, rtol=1e-9, atol=1e-12)


def test_a_rate_within_a_sequence_is_that_since_its_beginning():
    """The first half is penalised as a sequence of its own, the second by the rate of both, for its own traces."""
    inputs, labels = sequences(2)
    penalty = RatePenalty(population="hidden", strength=1e-3, lower=80.0, upper=80.0, per_neuron=True)
    network, loss = build(LIF8), {"name": "cross_entropy_steps", "last": 1}
    rates = [1000 * simulate(network, inputs[:end])["hidden"].mean(axis=(0, 1)) for end in (15, 30)]
    distances = [(rate - 80.0)[network.projections[0].indices] for rate in rates]

    def of_penalty(batch, every=None):
        found = []
        for penalties in ([penalty], []):
            learner = EpropLearner(network, loss, rate_penalties=penalties)
            found.append([gradients for _, gradients in learner._online.updates(batch, every)])
        with_penalty, without = found
        assert (without[0] is None) == (every is not None), "the first half has no loss of its own"
        plain = [0.0 if gradients is None else gradients[0] for gradients in without]
        return [gradients[0] - other for gradients, other in zip(with_penalty, plain, strict=True)]

    (whole,), (own,) = of_penalty(Batch(inputs, labels)), of_penalty(Batch(inputs[:15], labels))
    first, second = of_penalty(Batch(inputs, labels), every=15)
    np.testing.assert_allclose(first, own, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(second, 2 * whole - own * distances[1] / distances[0], rtol=1e-6, atol=1e-12)


def test_weights_change_while_a_sequence_goes_on():
    """The second half is run with the weights that the first half taught."""
    network, (inputs, labels) = build(LIF8), sequences(2)
    by_hand = build(LIF8)
    EpropLearner(network, lr=0.3, update_every=15).train_step(inputs, labels)
    learner = EpropLearner(by_hand, lr=0.3)
    for _, gradients in learner._online.updates(Batch(inputs, labels), 15):
        learner.apply(gradients)
    np.testing.assert_array_equal(weights(network), weights(by_hand))
    late = build(LIF8)
    EpropLearner(late, lr=0.3).train_step(inputs, labels)
    assert not np.allclose(weights(network), weights(late), atol=1e-6)


def test_nothing_of_one_sequence_reaches_the_next():
    network, batch = build(MODELS["ALIF"]), Batch(*sequences(2))
    learner = EpropLearner(network)
    first = learner.loss_and_gradient(batch)
    learner.loss_and_gradient(Batch(*sequences(4, n_steps=9)))
    stopped = learner._online.updates(batch, 3)
    next(stopped)
    again = learner.loss_and_gradient(batch)
    assert first[0] == again[0]
    for one, two in zip(first[1], again[1], strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_rewired_network_goes_on():
    network, batch = build(LIF8), Batch(*sequences(2))
    learner = EpropLearner(network, feedback="random")
    learner.learn(batch)
    network.projections[1].rewire(prune=[0, 1, 2])
    network.projections[2].rewire(prune=[4])
    fresh = build(LIF8)
    fresh.load_state_dict(network.state_dict())
    other = EpropLearner(fresh, feedback="random")
    other.load_state_dict(learner.state_dict())
    for mine, its in zip(learner.loss_and_gradient(batch)[1], other.loss_and_gradient(batch)[1], strict=True):
        np.testing.assert_array_equal(mine, its)


def test_random_feedback_is_drawn_from_its_seed_and_stays():
    def feedback(seed, **more):
        network = build(LIF8)
        learner = EpropLearner(network, lr=0.5, feedback="random", feedback_seed=seed, **more)
        first = network.projections[2].synapse_state["feedback"].copy()
        learner.train_step(*sequences(2))
        np.testing.assert_array_equal(network.projections[2].synapse_state["feedback"], first)
        return first

    np.testing.assert_array_equal(feedback(1), feedback(1))
    assert not np.allclose(feedback(1), feedback(2))
    np.testing.assert_allclose(feedback(1, feedback_scale=3.0), 3 * feedback(1))
    assert np.std(feedback(1)) == pytest.approx(1 / np.sqrt(17), rel=0.3)


def test_adaptive_feedback_becomes_the_readout_weights():
    network, (inputs, labels) = build(LIF8), sequences(8)
    projection = network.projections[2]
    learner = EpropLearner(network, lr=0.5, feedback="adaptive", feedback_decay=0.02)
    old, back = projection.data.copy(), projection.synapse_state["feedback"].copy()
    learner.train_step(inputs, labels)
    kept = 1 - 0.5 * 0.02
    added = projection.data / kept - old
    np.testing.assert_allclose(projection.synapse_state["feedback"], kept * (back + added), rtol=1e-9)

    def angle():
        a, b = projection.data, projection.synapse_state["feedback"]
        return a @ b / np.sqrt(a @ a * (b @ b))

    first = angle()
    for _ in range(300):
        learner.train_step(inputs, labels)
    assert angle() > max(0.9, first + 0.1)


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("feedback", ["symmetric", "random", "adaptive"])
def test_it_learns_what_needs_the_hidden_layer(feedback, mode):
    """Exclusive or of two inputs: no readout of untrained input can do it; trained through spikes it can."""
    rng = np.random.default_rng(3)
    source, hidden = Population("s", 2, Input()), Population("h", 30, LIF(tau=5.0))
    readout = Population("r", 2, LI(tau=5.0))
    network = Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 2, (2, 30))),
            Projection(hidden, readout, rng.normal(0, 0.1, (30, 2))),
        ],
    )
    values = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    batch = Batch(np.broadcast_to(2.0 * values - 1.0, (20, 4, 2)), values[:, 0] ^ values[:, 1])
    learner = EpropLearner(network, lr=0.05, feedback=feedback, mode=mode, optimiser="adam")
    first = learner.evaluate(batch)["loss"]
    for _ in range(60):
        learner.learn(batch)
    last = learner.evaluate(batch)
    assert last["accuracy"] == 1.0
    assert last["loss"] < 0.5 * first


def test_rate_regularisation_brings_neurons_to_their_rate():
    network, (inputs, labels) = build(LIF8), sequences(4, n_steps=100)
    penalty = RatePenalty(population="hidden", strength=1e-3, lower=80.0, upper=80.0, per_neuron=True)
    learner = EpropLearner(network, lr=0.1, rate_penalties=[penalty], optimiser="adam")

    def distance():
        rates = 1000 * simulate(network, inputs)["hidden"].mean(axis=(0, 1))
        return np.sqrt(np.mean((rates - 80) ** 2))

    first = distance()
    for _ in range(60):
        learner.train_step(inputs, labels)
    assert distance() < 0.4 * first


@pytest.mark.parametrize(
    "chosen", [{}, {"update_every": 5}, {"mode": "stored"}, {"feedback": "adaptive"}], ids=str
)
def test_a_restored_learner_continues_bit_for_bit(chosen):
    first, second = build(MODELS["ALIF"]), build(MODELS["ALIF"], seed=9)
    one = EpropLearner(first, lr=0.01, optimiser="adam", **chosen)
    two = EpropLearner(second, lr=0.01, optimiser="adam", feedback_seed=5, **chosen)
    batch = Batch(*sequences(3))
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        one.learn(batch)
    one.lr = 0.005
    second.load_state_dict(first.state_dict())
    two.load_state_dict(one.state_dict())
    for _ in range(3):
        one.learn(batch)
        two.learn(batch)
    assert weights(first).tobytes() == weights(second).tobytes()
    assert not np.array_equal(weights(first), weights(build(MODELS["ALIF"])))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("mode", "offline"),
        ("update_every", 0),
        ("feedback", "weights"),
        ("feedback_scale", 0.0),
        ("feedback_seed", -1),
    ],
)
def test_options_are_refused_by_name(option, value):
    with pytest.raises((ValueError, TypeError), match=f"'{option}' must be"):
        EpropLearner(build(LIF8), **{option: value})
    with pytest.raises(ConfigurationError, match=rf"learner\.{option}"):
        options.structure(EpropLearner.Options, {option: value}, "learner")


def test_updates_within_a_stored_sequence_are_refused():
    with pytest.raises(ValueError, match=r"update_every needs mode='online'"):
        EpropLearner(build(LIF8), mode="stored", update_every=3)


def layered(readout=None, delay=0, connect=True):
    source, one, two = Population("s", 2, Input()), Population("one", 3, LIF()), Population("two", 3, LIF())
    output = Population("r", 2, readout or LI())
    projections = [
        Projection(source, one, np.ones((2, 3))),
        Projection(one, two, np.ones((3, 3))),
        Projection(two, output, np.ones((3, 2)), delay=delay),
    ]
    if connect:
        projections.append(Projection(one, output, np.ones((3, 2))))
    return Network([source, one, two, output], projections)


@pytest.mark.parametrize(
    ("network", "arguments", "message"),
    [
        (layered(readout=LIF()), {}, "network: the output 'r' is LIF; e-prop's readout is LI"),
        (
            layered(connect=False),
            {},
            "population 'one' does not project to the output 'r', so no learning signal",
        ),
        (layered(delay=2), {}, "'two->r']: learning online needs a readout without delay, got 2 steps"),
        (
            layered(readout=LI(tau=[5.0, 6.0])),
            {},
            "'r']: learning online needs one tau for all readout neurons",
        ),
        (layered(), {"loss_fn": "cross_entropy"}, "loss_fn: learning online needs a loss of single steps"),
        (object(), {}, "network: must be a sc_core.Network, got object"),
    ],
)
def test_what_it_cannot_learn_is_refused_by_name(network, arguments, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        EpropLearner(network, **arguments)


def test_a_stored_sequence_takes_what_online_refuses():
    for network in (layered(delay=2), layered(readout=LI(tau=[5.0, 6.0]))):
        loss, _ = EpropLearner(network, "cross_entropy", mode="stored").loss_and_gradient(
            Batch(np.ones((5, 1, 2)), np.array([0]))
        )
        assert np.isfinite(loss)


def test_frozen_projections_need_no_learning_signal():
    network = layered(connect=False)
    network.projections[0].trainable = False
    loss, gradients = EpropLearner(network).loss_and_gradient(Batch(np.ones((30, 1, 2)) * 20, np.array([0])))
    assert np.isfinite(loss)
    assert not gradients[0].any()


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize(
    ("inputs", "targets", "error", "message"),
    [
        (np.ones((10, 4)), 0, ShapeError, "population 'source' has 5 neurons"),
        (np.ones((0, 5)), 0, ShapeError, "with at least one step"),
        (np.ones((10, 2, 5)), np.zeros(3, int), ShapeError, "targets have shape"),
        (np.ones((10, 5)), 3, ShapeError, "labels go from 3 to 3"),
        (
            np.full((500, 5), [0, 0, np.nan, 0, 0]),
            0,
            NumericalError,
            "inputs contain NaN or infinity, first in step 0",
        ),
    ],
)
def test_sequences_are_refused_by_name(inputs, targets, error, message, mode):
    with pytest.raises(error, match=message):
        EpropLearner(build(LIF8), mode=mode).train_step(inputs, targets)


def test_a_value_that_is_not_finite_late_changes_nothing():
    network, inputs = build(LIF8), np.ones((600, 5))
    inputs[580, 3] = np.inf
    before = weights(network)
    with pytest.raises(NumericalError, match="first in step 580"):
        EpropLearner(network, update_every=10).train_step(inputs, 1)
    np.testing.assert_array_equal(weights(network), before)


def test_targets_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="targets have 12 steps, the inputs 10"):
        EpropLearner(build(LIF8), "mean_square").train_step(np.ones((10, 2, 5)), np.ones((12, 2, 3)))
