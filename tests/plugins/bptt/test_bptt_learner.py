"""The bptt learner: as documented, and as the contract asks."""

import numpy as np
import pytest

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, registry
from sc_core.contracts import GradientLearner
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_plugin_bptt import BPTTLearner


def network(seed=0, output=None):
    rng = np.random.default_rng(seed)
    source, hidden = Population("source", 5, Input()), Population("hidden", 20, LIF(tau=10.0))
    readout = Population("readout", 3, output or LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 4, (5, 20))),
            Projection(hidden, hidden, rng.normal(0, 1, (20, 20)), delay=1),
            Projection(hidden, readout, rng.normal(0, 1, (20, 3))),
        ],
    )


def batch(n=8, n_steps=15):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 3
    inputs = 0.3 * rng.random((n_steps, n, 5))
    inputs[:, np.arange(n), labels] += 1.0
    return Batch(inputs, labels)


def weights(net):
    return np.concatenate([projection.data for projection in net.projections])


def test_it_comes_through_the_registry():
    assert registry.get("learner", "bptt") is BPTTLearner
    assert isinstance(BPTTLearner(network()), GradientLearner)


def test_a_step_is_gradient_descent():
    net = network()
    learner = BPTTLearner(net, "cross_entropy", lr=0.25)
    loss, gradients = learner.loss_and_gradient(batch())
    before = weights(net)
    assert learner.train_step(batch().inputs, batch().targets) == loss
    np.testing.assert_allclose(weights(net), before - 0.25 * np.concatenate(gradients), rtol=1e-12)


def test_the_gradient_is_the_slope_of_the_loss_where_nothing_spikes():
    """Without spikes in the way (the readout's weights), the surrogate plays no part: finite differences hold."""
    net = network()
    learner = BPTTLearner(net)
    gradient = learner.loss_and_gradient(batch())[1][2]
    readout = net.projections[2]
    for synapse in (0, 17, 59):
        losses = []
        for sign in (1, -1):
            readout.data[synapse] += sign * 1e-6
            losses.append(learner.evaluate(batch())["loss"])
            readout.data[synapse] -= sign * 1e-6
        assert gradient[synapse] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_its_parameters_are_what_an_update_changes():
    net = network()
    learner = BPTTLearner(net, lr=0.25)
    before = [parameter.copy() for parameter in learner.parameters]
    gradients = learner.loss_and_gradient(batch())[1]
    learner.apply(gradients)
    for parameter, projection, start, gradient in zip(
        learner.parameters, net.projections, before, gradients, strict=True
    ):
        assert parameter is projection.data
        np.testing.assert_array_equal(parameter, start - 0.25 * gradient)


def test_it_learns_what_needs_the_hidden_layer():
    """Exclusive or of two inputs: no readout of untrained input can do it; trained through spikes it can."""
    rng = np.random.default_rng(3)
    source, hidden, readout = (
        Population("s", 2, Input()),
        Population("h", 30, LIF(tau=5.0)),
        Population("r", 2, LI()),
    )
    net = Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 2, (2, 30))),
            Projection(hidden, readout, rng.normal(0, 0.1, (30, 2))),
        ],
    )
    values = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    labels = values[:, 0] ^ values[:, 1]
    experience = Batch(np.broadcast_to(2.0 * values - 1.0, (20, 4, 2)), labels)
    learner = BPTTLearner(net, lr=0.05, optimiser="adam")
    first = learner.evaluate(experience)["loss"]
    for _ in range(150):
        learner.learn(experience)
    last = learner.evaluate(experience)
    assert last["accuracy"] == 1.0
    assert last["loss"] < 0.2 * first


def test_the_documented_call_with_a_plain_loss():
    """BPTTLearner(network, loss_fn, lr); train_step on one sequence; error signal (spikes - targets) / n_steps."""
    net = network(output=LIF(tau=5.0))
    seen = []

    def loss_fn(spikes, targets):
        seen.append((spikes.shape, targets.shape))
        return float(np.mean((spikes - targets) ** 2))

    inputs, targets = batch().inputs[:, 0], np.ones((15, 3))
    before = weights(net)
    spikes = net.run(inputs)
    loss = BPTTLearner(net, loss_fn, lr=1e-3).train_step(inputs, targets)
    assert loss == pytest.approx(np.mean((spikes - targets) ** 2))
    assert seen == [((15, 3), (15, 3))]
    assert not np.array_equal(weights(net), before)


def test_one_sequence_equals_a_batch_of_one():
    first, second = network(), network()
    BPTTLearner(first).train_step(batch().inputs[:, 2], 2)
    BPTTLearner(second).train_step(batch().inputs[:, 2:3], [2])
    np.testing.assert_array_equal(weights(first), weights(second))


def test_a_restored_learner_continues_bit_for_bit():
    first, second = network(), network(seed=9)
    one, two = (BPTTLearner(net, lr=0.01, optimiser="adam") for net in (first, second))
    for _ in range(3):
        one.learn(batch())
    one.lr = 0.005
    second.load_state_dict(first.state_dict())
    two.load_state_dict(one.state_dict())
    assert two.lr == 0.005
    for _ in range(3):
        one.learn(batch())
        two.learn(batch())
    assert weights(first).tobytes() == weights(second).tobytes()


def test_mistakes_are_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"network: must be a sc_core.Network, got object"):
        BPTTLearner(object())
    with pytest.raises(ValueError, match=r"surrogate"):
        BPTTLearner(network(), surrogate="step")
    with pytest.raises(TypeError, match=r"momentun"):
        BPTTLearner(network(), momentun=0.9)
    learner = BPTTLearner(network())
    with pytest.raises(ShapeError, match=r"population 'source' has 5 neurons"):
        learner.train_step(np.ones((10, 4)), 0)
    with pytest.raises(ShapeError, match=r"targets of one sequence"):
        learner.train_step(np.ones((10, 5)), [0, 1, 2])


def test_a_loss_that_is_not_finite_changes_nothing():
    net = network()
    before = weights(net)
    with pytest.raises(NumericalError, match=r"the loss is nan"):
        BPTTLearner(net, lambda spikes, targets: float("nan")).train_step(
            batch().inputs[:, 0], np.ones((15, 3))
        )
    np.testing.assert_array_equal(weights(net), before)
