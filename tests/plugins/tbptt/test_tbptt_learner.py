"""The tbptt learner: as documented, and as the contract asks. Its gradients: tests/gradient."""

import attrs
import numpy as np
import pytest

import sc_native
from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, options, registry
from sc_core.contracts import GradientLearner
from sc_core.errors import ConfigurationError, NumericalError, SCError, ShapeError
from sc_gradient import GradientEngine, Optimiser, OptimiserOptions, Surrogate
from sc_plugin_tbptt import TBPTTLearner

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]
N_STEPS = 23


def network(seed=0, output=None):
    rng = np.random.default_rng(seed)
    source, hidden = Population("source", 5, Input()), Population("hidden", 20, LIF(tau=10.0))
    readout = Population("readout", 3, output or LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 4, (5, 20))),
            Projection(hidden, hidden, rng.normal(0, 1, (20, 20)), delay=7),
            Projection(hidden, readout, rng.normal(0, 1, (20, 3))),
        ],
    )


def batch(n=8):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 3
    inputs = 0.3 * rng.random((N_STEPS, n, 5))
    inputs[:, np.arange(n), labels] += 1.0
    return Batch(inputs, labels)


def weights(net):
    return np.concatenate([projection.data for projection in net.projections])


def expected_windows(net, experience, k, after_each=lambda gradients: None):
    """Loss and gradient of each window, from the engine that tests/gradient compares with autograd."""
    engine = GradientEngine(net, "cross_entropy", Surrogate(), through_reset=False)
    after, losses, sums = None, [], [0.0, 0.0, 0.0]
    for begin in range(0, N_STEPS, k):
        window = Batch(experience.inputs[begin : begin + k], experience.targets)
        loss, gradients = engine.loss_and_gradient(window, after=after)
        after = engine.n_runs
        losses.append(loss)
        sums = [one + other for one, other in zip(sums, gradients, strict=True)]
        after_each(gradients)
    return sum(losses), sums


def test_it_comes_through_the_registry():
    assert registry.get("learner", "tbptt") is TBPTTLearner
    assert isinstance(TBPTTLearner(network()), GradientLearner)
    assert options.structure(TBPTTLearner.Options, {"k": 7, "update": "sequence"}, "learner").k == 7


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("update", ["window", "sequence"])
@pytest.mark.parametrize("k", [N_STEPS, 10**6])
def test_one_window_is_full_backpropagation(k, update, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    ours, full = network(), network()
    engine = GradientEngine(full, "cross_entropy", Surrogate(), through_reset=False)
    optimiser = Optimiser(full, OptimiserOptions(optimiser="adam"))
    learner = TBPTTLearner(ours, lr=0.01, k=k, update=update, optimiser="adam")
    for _ in range(2):
        loss, gradients = engine.loss_and_gradient(batch())
        optimiser.update(gradients, 0.01)
        assert learner.learn(batch()) == {"loss": loss}
    assert weights(ours).tobytes() == weights(full).tobytes()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("k", [1, 6])
def test_weights_follow_after_each_window(k, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    ours, stepped = network(), network()
    optimiser = Optimiser(stepped, OptimiserOptions(optimiser="adam", clip_norm=0.5))
    loss, _ = expected_windows(stepped, batch(), k, lambda gradients: optimiser.update(gradients, 0.1))
    learner = TBPTTLearner(ours, lr=0.1, k=k, optimiser="adam", clip_norm=0.5)
    assert learner.train_step(batch().inputs, batch().targets) == loss
    assert weights(ours).tobytes() == weights(stepped).tobytes()


@pytest.mark.parametrize("kernels", KERNELS)
def test_one_update_per_sequence_by_the_sum(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    net = network()
    before = weights(net)
    loss, sums = expected_windows(network(), batch(), 6)
    learner = TBPTTLearner(net, lr=0.1, k=6, update="sequence")
    ours, gradients = learner.loss_and_gradient(batch())
    assert ours == loss
    np.testing.assert_allclose(np.concatenate(gradients), np.concatenate(sums), rtol=1e-12)
    np.testing.assert_array_equal(weights(net), before)
    assert learner.learn(batch()) == {"loss": loss}
    np.testing.assert_allclose(weights(net), before - 0.1 * np.concatenate(sums), rtol=1e-12)


@pytest.mark.parametrize("update", ["window", "sequence"])
def test_windows_from_an_iterator_equal_those_cut_from_arrays(update):
    results = []
    for form in ("arrays", "generator", "list"):
        net = network()
        learner = TBPTTLearner(net, lr=0.1, k=6, update=update)
        inputs, labels = batch().inputs, batch().targets
        pairs = [(inputs[begin : begin + 6], labels) for begin in range(0, N_STEPS, 6)]
        if form == "arrays":
            loss = learner.train_step(inputs, labels)
        else:
            loss = learner.train_step(pairs if form == "list" else iter(pairs))
        results.append((loss, weights(net).tobytes()))
    assert results[0] == results[1] == results[2]


def test_windows_of_one_sequence_and_of_any_length():
    """Lengths 2, 9 and 12 whatever k; a sequence without its batch axis equals a batch of one."""
    inputs = batch().inputs[:, 2]
    borders = [(0, 2), (2, 11), (11, 23)]
    single, batched, whole = network(), network(), network()
    ours = TBPTTLearner(single, k=4).train_step((inputs[a:b], 2) for a, b in borders)
    theirs = TBPTTLearner(batched, k=1).train_step([(inputs[a:b, None], [2]) for a, b in borders])
    assert ours == theirs
    assert weights(single).tobytes() == weights(batched).tobytes()
    assert ours != TBPTTLearner(whole, k=4).train_step(inputs, 2)


def test_a_plain_loss_is_taken_on_windows_and_divided_by_their_length():
    seen = []

    def loss_fn(spikes, targets):
        seen.append((spikes.copy(), targets.copy()))
        return float(np.sum((spikes - targets) ** 2))

    class ErrorSignal:
        def loss_and_gradient(self, outputs, targets):
            return float(np.sum((outputs - targets) ** 2)), (outputs - targets) / len(outputs)

    plain, explicit = network(output=LIF(tau=5.0)), network(output=LIF(tau=5.0))
    inputs = batch().inputs[:, 0]
    targets = np.random.default_rng(2).integers(0, 2, (N_STEPS, 3)).astype(float)
    spikes = plain.run(inputs)
    loss = TBPTTLearner(plain, loss_fn, lr=1e-3, k=10, update="sequence").train_step(inputs, targets)
    assert [len(part) for part, _ in seen] == [10, 10, 3]
    np.testing.assert_array_equal(np.concatenate([part for part, _ in seen]), spikes)
    np.testing.assert_array_equal(np.concatenate([part for _, part in seen]), targets)
    assert loss == pytest.approx(np.sum((spikes - targets) ** 2))
    before = weights(explicit)
    TBPTTLearner(explicit, ErrorSignal(), lr=1e-3, k=10, update="sequence").train_step(inputs, targets)
    assert not np.array_equal(weights(explicit), before)
    np.testing.assert_allclose(weights(plain), weights(explicit), rtol=1e-12)


def test_evaluation_sums_windows_and_counts_right_sequences():
    net, rng = network(), np.random.default_rng(4)
    experience = Batch(rng.random((N_STEPS, 60, 5)), rng.integers(0, 3, 60))
    outputs = net.run(experience.inputs)
    score = np.stack([outputs[begin : begin + 6].sum(axis=0) for begin in range(0, N_STEPS, 6)])
    chance = np.exp(score) / np.exp(score).sum(axis=2, keepdims=True)
    expected = -np.log(chance[:, np.arange(60), experience.targets]).mean(axis=1).sum()
    before = weights(net)
    metrics = TBPTTLearner(net, k=6).evaluate(experience)
    assert metrics["loss"] == pytest.approx(expected, rel=1e-10)
    right = outputs.sum(axis=0).argmax(axis=1) == experience.targets
    right_at_last = score[-1].argmax(axis=1) == experience.targets
    assert metrics["accuracy"] == np.mean(right) != np.mean(right_at_last)
    np.testing.assert_array_equal(weights(net), before)
    sequences = Batch(batch().inputs, np.zeros((N_STEPS, 8, 3)))
    assert set(TBPTTLearner(net, "mean_square").evaluate(sequences)) == {"loss"}


def test_its_parameters_are_what_an_update_changes():
    net = network()
    learner = TBPTTLearner(net, lr=0.25)
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
    source, hidden = Population("s", 2, Input()), Population("h", 30, LIF(tau=5.0))
    readout = Population("r", 2, LI())
    net = Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 2, (2, 30))),
            Projection(hidden, readout, rng.normal(0, 0.1, (30, 2))),
        ],
    )
    values = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    experience = Batch(np.broadcast_to(2.0 * values - 1.0, (20, 4, 2)), values[:, 0] ^ values[:, 1])
    learner = TBPTTLearner(net, lr=0.02, k=5, optimiser="adam")
    first = learner.evaluate(experience)["loss"]
    for _ in range(60):
        learner.learn(experience)
    last = learner.evaluate(experience)
    assert last["accuracy"] == 1.0
    assert last["loss"] < 0.2 * first


@pytest.mark.parametrize("update", ["window", "sequence"])
def test_a_restored_learner_continues_bit_for_bit(update):
    first, second = network(), network(seed=9)
    one, two = (TBPTTLearner(net, lr=0.01, k=6, update=update, optimiser="adam") for net in (first, second))
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


@pytest.mark.parametrize(
    ("option", "value"), [("k", 0), ("k", -3), ("k", 2.5), ("update", "step"), ("surrogate", "step")]
)
def test_options_are_refused_by_name(option, value):
    with pytest.raises((ValueError, TypeError), match=f"'{option}' must be"):
        TBPTTLearner(network(), **{option: value})
    table = {option: value}
    with pytest.raises(ConfigurationError, match=rf"learner\.{option}: must be"):
        options.structure(TBPTTLearner.Options, table, "learner")
    assert attrs.has(TBPTTLearner.Options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((10, 4)), 0), r"population 'source' has 5 neurons"),
        ((np.ones((0, 5)), 0), r"with at least one step"),
        ((np.ones((10, 5)), [0, 1, 2]), r"targets of one sequence"),
        ((np.ones((10, 2, 5)), np.ones((12, 2, 3))), r"targets have 12 steps, the inputs 10"),
        ((np.ones((10, 5)),), r"targets are missing"),
        ((5.0,), r"targets are missing"),
        ((iter([]),), r"there are no windows"),
        (([np.ones((4, 5))],), r"window 0 must be a pair \(inputs, targets\), got a ndarray"),
        (
            ([(np.ones((4, 5)), 0), (1, 2, 3)],),
            r"window 1 must be a pair \(inputs, targets\), got a tuple of 3",
        ),
        (([(np.ones((4, 5)), 0), (np.ones((4, 2, 5)), [0, 1])],), r"window 1: .*2 sequences .* one of 1"),
        (([(np.ones((4, 5)), 0), (np.ones((4, 5)), 3)],), r"window 1: labels go from 3 to 3"),
        (([(np.ones((4, 5)), 0), (np.ones((0, 5)), 0)],), r"window 1: inputs have shape \(0, 1, 5\)"),
    ],
)
def test_sequences_are_refused_by_name(arguments, message):
    with pytest.raises(ShapeError, match=message):
        TBPTTLearner(network(), k=4).train_step(*arguments)


def test_a_value_that_is_not_finite_in_a_late_window_changes_nothing():
    net = network()
    before = weights(net)
    inputs = batch().inputs.copy()
    inputs[20, 3, 1] = np.nan
    with pytest.raises(NumericalError, match=r"inputs contain NaN or infinity, first in step 20"):
        TBPTTLearner(net, k=4).train_step(inputs, batch().targets)
    np.testing.assert_array_equal(weights(net), before)


def test_a_loss_that_is_not_finite_names_its_window():
    losses = iter([1.0, float("nan")])
    learner = TBPTTLearner(network(), lambda spikes, targets: next(losses), k=10)
    with pytest.raises(NumericalError, match=r"window 1: the loss is nan"):
        learner.train_step(batch().inputs[:, 0], np.ones((N_STEPS, 3)))


def test_using_the_learner_between_windows_is_refused():
    learner = TBPTTLearner(network())

    def windows():
        yield batch().inputs[:5], batch().targets
        learner.evaluate(batch())
        yield batch().inputs[5:], batch().targets

    with pytest.raises(SCError, match=r"must not be used for another one"):
        learner.train_step(windows())


def test_it_needs_a_network_of_the_core():
    with pytest.raises(ConfigurationError, match=r"network: must be a sc_core.Network, got object"):
        TBPTTLearner(object())


def test_an_exploding_gradient_is_named_with_window_and_step():
    class HoleInThirdWindow:
        n_windows = 0

        def loss_and_gradient(self, outputs, targets):
            self.n_windows += 1
            gradient = np.ones_like(outputs)
            gradient[2] = np.inf if self.n_windows == 3 else 1.0
            return 1.0, gradient

    learner = TBPTTLearner(network(), HoleInThirdWindow(), k=5)
    message = r"window 2: the gradient of projection 'source->hidden' is not finite, .* in step 2 of 5$"
    with pytest.raises(NumericalError, match=message):
        learner.train_step(batch().inputs, batch().targets)
