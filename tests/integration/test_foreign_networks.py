"""Networks that offer only the documented attributes, against numbers worked out by hand."""

import numpy as np
import pytest

from sc_core import Batch
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_plugin_bptt import BPTTLearner
from sc_plugin_tbptt import TBPTTLearner


class Neurons:
    """v <- v / 2 + current; a spike where v >= 1, then v = 0."""

    def __init__(self, n):
        self.n = n
        self.received = []
        self.reset_all()

    def reset_all(self):
        self.voltages = np.zeros(self.n)

    def step_all(self, currents):
        self.received.append(np.array(currents))
        self.voltages = self.voltages / 2 + currents
        spikes = self.voltages >= 1
        self.voltages[spikes] = 0
        return spikes


class NeuronsWithSpikes(Neurons):
    def reset_all(self):
        super().reset_all()
        self.spikes = np.zeros(self.n, bool)

    def step_all(self, currents):
        self.spikes = super().step_all(currents)
        return self.spikes


class Synapses:
    def __init__(self, source, target, dense, order=None):
        self.source, self.target = source, target
        rows, columns = np.nonzero(dense)
        order = np.arange(rows.size) if order is None else np.array(order)
        self.indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))])
        self.indices, self.data = columns[order], np.asarray(dense, float)[rows, columns][order]


class Net:
    def __init__(self, populations, projections):
        self.populations, self.projections = populations, projections


def square(spikes, targets):
    return float(np.sum((spikes - targets) ** 2))


def surrogate(v):
    return 1 / (1 + 10 * abs(v - 1)) ** 2


def chain(kind=NeuronsWithSpikes, w=0.6, back=0.0):
    first, last = kind(1), kind(1)
    projections = [Synapses(first, last, [[w]])]
    if back:
        projections.append(Synapses(last, first, [[back]]))
    return Net([first, last], projections)


@pytest.mark.parametrize(
    "make", [BPTTLearner, lambda *args: TBPTTLearner(*args, k=10)], ids=["bptt", "tbptt"]
)
def test_two_neurons_by_hand(make):
    """First: 1.2 spikes, 0; 0.8 doesn't; 0.4 + 0.8 = 1.2 spikes, 0. Last receives 0.6, 0, 0.6: v 0.6, 0.3, 0.75."""
    net = chain()
    targets = np.array([[1.0], [0.0], [1.0]])
    loss = make(net, square, 0.1).train_step(np.array([[1.2], [0.8], [0.8]]), targets)
    assert loss == 2.0
    np.testing.assert_allclose(np.ravel(net.populations[1].received), [0.6, 0.0, 0.6])
    # Errors -1, 0, -1, divided by 3 steps; presynaptic spikes in steps 0 and 2.
    gradient = -(surrogate(0.6) + surrogate(0.75)) / 3
    assert net.projections[0].data[0] == pytest.approx(0.6 - 0.1 * gradient, rel=1e-14)


def test_voltages_stand_in_where_there_are_no_spikes():
    """First's voltages after each step: 0 (reset), 0.95, 0.475: only the second counts as a spike for learning."""
    net = chain(Neurons)
    targets = np.array([[1.0], [1.0], [1.0]])
    BPTTLearner(net, square, 0.1).train_step(np.array([[1.2], [0.95], [0.0]]), targets)
    np.testing.assert_allclose(np.ravel(net.populations[1].received), [0.6, 0.0, 0.0])
    gradient = -surrogate(0.3) / 3  # last's voltage in that step
    assert net.projections[0].data[0] == pytest.approx(0.6 - 0.1 * gradient, rel=1e-14)


def test_feedback_arrives_a_step_later_and_learns_from_within_the_step():
    """The error reaches first's membrane through the weight to last, and the weight back to it by last's spikes."""
    net = chain(w=1.5, back=0.25)
    targets = np.array([[0.0], [1.0], [0.0]])
    BPTTLearner(net, square, 0.1).train_step(np.array([[1.2], [0.5], [0.5]]), targets)
    # First: spikes, 0; 0.5 + 0.25 (last's spike of step 0) = 0.75; 0.375 + 0.5 = 0.875.
    np.testing.assert_allclose(np.ravel(net.populations[0].received), [1.2, 0.75, 0.5])
    # Last: 1.5 spikes, 0; 0; 0. Errors 1, -1, 0.
    error = np.array([1.0, -1.0, 0.0]) / 3
    delta_last = error * [surrogate(0.0), surrogate(0.0), surrogate(0.0)]
    delta_first = 1.5 * delta_last * [surrogate(0.0), surrogate(0.75), surrogate(0.875)]
    forth, back = net.projections
    assert forth.data[0] == pytest.approx(1.5 - 0.1 * delta_last[0], rel=1e-14)
    assert back.data[0] == pytest.approx(0.25 - 0.1 * delta_first[1], rel=1e-14)


def layered(order=None):
    rng = np.random.default_rng(4)
    populations = [NeuronsWithSpikes(n) for n in (5, 4, 3)]
    patterns = [rng.random((5, 4)) < 0.7, rng.random((4, 3)) < 0.8, rng.random((4, 4)) < 0.5]
    weights = [pattern * rng.normal(0.5, 0.6, pattern.shape) for pattern in patterns]
    ends = [(0, 1), (1, 2), (1, 1)]
    return Net(
        populations,
        [
            Synapses(populations[source], populations[target], dense, order)
            for (source, target), dense in zip(ends, weights, strict=True)
        ],
    ), weights


INPUTS = np.random.default_rng(1).random((9, 2, 5))
TARGETS = (np.random.default_rng(2).random((9, 2, 3)) < 0.4).astype(float)


def by_loops(weights, sequence):
    """Spikes and the gradient of each dense matrix, neuron by neuron and step by step."""
    sizes, gradients, outputs = (5, 4, 3), [np.zeros_like(w) for w in weights], []
    v, before = [np.zeros(n) for n in sizes], np.zeros(4)
    for t in range(9):
        z = []
        for place in range(3):
            x = INPUTS[t, sequence] if place == 0 else z[place - 1] @ weights[place - 1]
            if place == 1:
                x = x + before @ weights[2]
            v[place] = v[place] / 2 + x
            z.append((v[place] >= 1).astype(float))
            v[place] = np.where(z[-1] > 0, 0.0, v[place])
        delta_last = (z[2] - TARGETS[t, sequence]) / 9 * surrogate(v[2])
        delta_hidden = (weights[1] @ delta_last) * surrogate(v[1])
        gradients[0] += np.outer(z[0], delta_hidden)
        gradients[1] += np.outer(z[1], delta_last)
        gradients[2] += np.outer(before, delta_hidden)
        before = z[1]
        outputs.append(z[2])
    return np.array(outputs), gradients


def test_a_batch_of_sequences_through_layers_and_recurrence():
    net, weights = layered()
    seen = []

    def loss_fn(spikes, targets):
        seen.append(spikes)
        return square(spikes, targets)

    learner = BPTTLearner(net, loss_fn, 0.1)
    before = [projection.data.copy() for projection in net.projections]
    parameters = learner.parameters
    learner.train_step(INPUTS, TARGETS)
    (one, gradients_one), (two, gradients_two) = by_loops(weights, 0), by_loops(weights, 1)
    np.testing.assert_array_equal(seen[0], np.stack([one, two], axis=1))
    assert 0.1 < one.mean() < 0.9
    for number, projection in enumerate(net.projections):
        gradient = (gradients_one[number] + gradients_two[number])[weights[number] != 0] / 2
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(projection.data, before[number] - 0.1 * gradient, rtol=1e-12)
        assert parameters[number] is projection.data


def test_windows_go_on_and_learn_one_by_one():
    net, weights = layered()
    TBPTTLearner(net, square, 1e-12, k=4).train_step(INPUTS[:, 0], TARGETS[:, 0])
    whole, _ = layered()
    BPTTLearner(whole, square, 1e-12).train_step(INPUTS[:, 0], TARGETS[:, 0])
    for mine, its in zip(net.populations, whole.populations, strict=True):
        np.testing.assert_allclose(mine.received, its.received, atol=1e-9)
    # As the weights hardly move, the windows' gradients, each divided by its length, add up to the whole one's.
    sums, (_, gradients) = layered()[0], by_loops(weights, 0)
    learner = TBPTTLearner(sums, lambda spikes, targets: len(spikes), 1.0, k=3, update="sequence")
    before = [projection.data.copy() for projection in sums.projections]
    learner.train_step(INPUTS[:, 0], TARGETS[:, 0])
    for number, projection in enumerate(sums.projections):
        expected = 3 * gradients[number][weights[number] != 0]
        np.testing.assert_allclose(before[number] - projection.data, expected, rtol=1e-9, atol=1e-15)
    with pytest.raises(ShapeError, match=r"keeps the state of one sequence from window to window, got 2"):
        learner.train_step(INPUTS, TARGETS)


def test_unsorted_wide_and_single_precision_synapses_stay_as_they_came():
    ours, weights = layered()
    for projection in ours.projections:
        for row in range(len(projection.indptr) - 1):
            part = slice(projection.indptr[row], projection.indptr[row + 1])
            projection.indices[part] = projection.indices[part][::-1]
            projection.data[part] = projection.data[part][::-1]
        projection.indices = projection.indices.astype(np.int64)
        projection.data = projection.data.astype(np.float32)
    data = [projection.data for projection in ours.projections]
    BPTTLearner(ours, square, 0.1).train_step(INPUTS[:, 0], TARGETS[:, 0])
    _, gradients = by_loops(weights, 0)
    for number, projection in enumerate(ours.projections):
        assert projection.data is data[number]
        rows = np.repeat(np.arange(len(weights[number])), np.diff(projection.indptr))
        expected = (weights[number] - 0.1 * gradients[number])[rows, projection.indices]
        np.testing.assert_allclose(projection.data, expected, rtol=1e-5, atol=1e-6)


def test_evaluation_and_named_losses():
    net, _ = layered()
    learner = BPTTLearner(net, "cross_entropy", 0.1)
    before = [projection.data.copy() for projection in net.projections]
    metrics = learner.evaluate(Batch(INPUTS, np.array([0, 2])))
    assert set(metrics) == {"loss", "accuracy"}
    for projection, start in zip(net.projections, before, strict=True):
        np.testing.assert_array_equal(projection.data, start)
    assert learner.train_step(INPUTS, np.array([0, 2])) == metrics["loss"]
    learner.load_state_dict(learner.state_dict())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda net: delattr(net, "projections"),
            r"network: must be a sc_core.Network, got Net, which has no proj",
        ),
        (
            lambda net: delattr(net.populations[0], "n"),
            r"network.populations\[0\]: .* has no n; needed: n, voltages",
        ),
        (lambda net: setattr(net.projections[0], "source", None), r"projections\[0\].source: is not one of"),
        (
            lambda net: setattr(net.projections[0], "data", [0.6]),
            r"projections\[0\].data: must be a writable array",
        ),
        (lambda net: setattr(net.projections[0], "indptr", [0, 1, 1]), r"\[0\].indptr: must have 2 values"),
        (lambda net: setattr(net.projections[0], "indices", [1]), r"\[0\].indices: must lie in 0 ... 0"),
        (
            lambda net: setattr(net.projections[0], "indices", [0, 0]),
            r"\[0\].data: and indices must have 1 values",
        ),
        (lambda net: setattr(net, "populations", []), r"network.populations: a network needs at least one"),
    ],
)
def test_what_is_missing_is_named(spoil, message):
    net = chain()
    spoil(net)
    with pytest.raises(ConfigurationError, match=message):
        BPTTLearner(net, square)


@pytest.mark.parametrize(
    "option",
    [{"optimiser": "adam"}, {"clip_norm": 1.0}, {"learned_parameters": ["tau"]}, {"through_reset": True}],
    ids=str,
)
def test_options_that_need_more_are_refused(option):
    with pytest.raises(ConfigurationError, match=rf"{next(iter(option))}: needs a sc_core.Network"):
        BPTTLearner(chain(), square, **option)


def test_inputs_that_do_not_fit_and_gradients_that_explode():
    learner = BPTTLearner(chain(), square)
    with pytest.raises(ShapeError, match=r"the first population has 1 neurons"):
        learner.train_step(np.ones((3, 2)), np.ones((3, 1)))
    with pytest.raises(NumericalError, match=r"inputs contain NaN"):
        learner.train_step(np.full((3, 1), np.nan), np.ones((3, 1)))
    with pytest.raises(NumericalError, match=r"the gradient of projections\[0\] is not finite"):
        BPTTLearner(chain(), lambda spikes, targets: 0.0).train_step(
            np.full((3, 1), 2.0), np.array([[np.inf], [0], [0]])
        )
