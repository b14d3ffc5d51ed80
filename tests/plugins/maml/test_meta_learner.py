"""The maml learner: its meta-gradients, as documented, and as the contract asks."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.extend import defvjp, primitive

import sc_native
from sc_core import LI, LIF, Batch, Input, Network, Population, Projection, registry, topology
from sc_core.contracts import Learner, Task, TaskBatch
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_core.options import structure
from sc_plugin_maml import MetaLearner

SLOPE = 5.0
ALPHA_HIDDEN, ALPHA_READOUT = np.exp(-1 / 8), np.exp(-1 / 10)


@pytest.fixture(
    params=[
        pytest.param(
            "native",
            marks=pytest.mark.skipif(
                not sc_native.available, reason="the compiled kernels are not installed"
            ),
        ),
        "reference",
    ]
)
def kernels(request, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", request.param)
    return request.param


def network(seed=0):
    rng = np.random.default_rng(seed)
    source, hidden = Population("source", 5, Input()), Population("hidden", 12, LIF(tau=8.0))
    readout = Population("readout", 3, LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 6, (5, 12))),
            Projection(hidden, hidden, rng.normal(0, 2, (12, 12)), delay=1),
            Projection(hidden, readout, rng.normal(0, 1, (12, 3))),
        ],
    )


def samples(seed, n=4, n_steps=12):
    rng = np.random.default_rng(seed)
    return Batch(rng.random((n_steps, n, 5)) * (rng.random((n_steps, n, 5)) < 0.5), rng.integers(0, 3, n))


def tasks(n=3):
    return [Task(samples(2 * number), samples(2 * number + 1)) for number in range(n)]


def weights(net):
    return [projection.data.copy() for projection in net.projections]


@primitive
def spike(distance):
    return (distance >= 0).astype(float)


defvjp(spike, lambda answer, x: lambda g: g / (1 + SLOPE * anp.abs(x)) ** 2)


@primitive
def held_constant(x):
    return np.array(x)


defvjp(held_constant, lambda answer, x: lambda g: 0.0 * g)


def oracle_loss(matrices, batch):
    """Cross-entropy of the network above, written down for HIPS autograd."""
    into, within, out = matrices
    v = z = np.zeros((batch.inputs.shape[1], 12))
    readout, scores = 0.0, 0.0
    for x in batch.inputs:
        u = ALPHA_HIDDEN * v + (1 - ALPHA_HIDDEN) * (anp.dot(x, into) + anp.dot(z, within))
        z = spike(u - 1.0)
        v = u - held_constant(z)
        readout = ALPHA_READOUT * readout + (1 - ALPHA_READOUT) * anp.dot(z, out)
        scores = scores + readout
    log_sum = anp.log(anp.sum(anp.exp(scores), axis=1))
    return anp.mean(log_sum - scores[np.arange(len(batch.targets)), batch.targets])


def oracle_meta_gradient(net, task, inner_lr, n_steps, through_inner_loop):
    def after_inner_loop(matrices):
        for _ in range(n_steps):
            gradients = autograd.grad(oracle_loss)(matrices, task.support)
            if not through_inner_loop:
                gradients = [held_constant(gradient) for gradient in gradients]
            matrices = [w - inner_lr * g for w, g in zip(matrices, gradients, strict=True)]
        return oracle_loss(matrices, task.query)

    matrices = [projection.weights.toarray() for projection in net.projections]
    value, gradients = autograd.value_and_grad(after_inner_loop)(matrices)
    return value, [gradient.ravel() for gradient in gradients]


@pytest.mark.parametrize("order", [2, 1])
def test_the_meta_gradient_equals_autograd_through_the_inner_loop(order, kernels):
    net, two = network(), tasks(2)
    learner = MetaLearner(net, inner_lr=0.3, inner_steps=3, order=order, surrogate_slope=SLOPE)
    loss, gradients = learner.meta_gradient(two)
    expected = [oracle_meta_gradient(net, task, 0.3, 3, through_inner_loop=order == 2) for task in two]
    assert loss == pytest.approx(np.mean([value for value, _ in expected]), rel=1e-9)
    for index, mine in enumerate(gradients):
        its = np.mean([task_gradients[index] for _, task_gradients in expected], axis=0)
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-10 * np.abs(its).max())


def test_first_and_second_order_are_not_the_same_in_any_projection():
    exact, first = (
        MetaLearner(network(), inner_lr=0.3, inner_steps=3, order=order, surrogate_slope=SLOPE).meta_gradient(
            tasks()
        )[1]
        for order in (2, 1)
    )
    for one, other in zip(exact, first, strict=True):
        assert np.linalg.norm(one - other) > 0.1 * np.linalg.norm(one)


def test_a_linear_readout_has_the_closed_form():
    """A quadratic loss: w_K and its derivative (I - inner_lr H)^K follow from linear algebra."""
    rng = np.random.default_rng(1)
    source, readout = Population("source", 4, Input()), Population("readout", 1, LI(tau=5.0))
    net = Network([source, readout], [Projection(source, readout, rng.normal(size=(4, 1)))])
    sets = [(rng.normal(size=(9, 2, 4)), rng.normal(size=(9, 2, 1))) for _ in range(2)]
    learner = MetaLearner(net, inner_lr=0.2, inner_steps=4, loss_fn="mean_square")
    gradient = learner.meta_gradient([Task(*(Batch(*part) for part in sets))])[1][0]
    alpha = np.exp(-1 / 5)
    traces, targets = [], []
    for inputs, target in sets:
        trace = np.zeros_like(inputs)
        for t in range(9):
            trace[t] = (alpha * trace[t - 1] if t else 0) + (1 - alpha) * inputs[t]
        traces.append(trace.reshape(-1, 4))
        targets.append(target.ravel())
    hessian = 2 * traces[0].T @ traces[0] / 18
    shrink = np.linalg.matrix_power(np.eye(4) - 0.2 * hessian, 4)
    optimum = np.linalg.lstsq(traces[0], targets[0])[0]
    adapted = optimum + shrink @ (net.projections[0].data - optimum)
    expected = shrink @ (2 * traces[1].T @ (traces[1] @ adapted - targets[1]) / 18)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)


def test_a_task_with_one_set_is_judged_by_it():
    one = samples(0)
    _, alone = MetaLearner(network()).meta_gradient([(one.inputs, one.targets)])
    _, twice = MetaLearner(network()).meta_gradient([Task(one, one)])
    for mine, its in zip(alone, twice, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_the_inner_loop_is_gradient_descent_in_place():
    net, batch = network(), samples(0)
    learner, reference = MetaLearner(net, inner_lr=0.05), network()
    bptt_like = MetaLearner(reference, inner_lr=0.05)
    losses = learner.inner_loop((batch.inputs, batch.targets), n_steps=3)
    assert len(losses) == 3
    expected = [bptt_like.inner_loop(batch, n_steps=1)[0] for _ in range(3)]
    assert losses == expected
    for projection, its in zip(net.projections, reference.projections, strict=True):
        np.testing.assert_array_equal(projection.data, its.data)
    assert learner.evaluate(TaskBatch([Task(batch)]))["loss_before"] < losses[0]


def test_documented_sequences_have_the_documented_error_signal():
    """Targets of one sequence, shape (n_steps, n_output): the readout moves by (outputs - targets) / n_steps."""
    net = network()
    inputs, targets = samples(0, n=1).inputs[:, 0], np.random.default_rng(3).normal(size=(12, 3))
    outputs, spikes = net.run(inputs), _hidden_spikes(net, inputs)
    before = weights(net)[2].reshape(12, 3)
    loss = MetaLearner(net, inner_lr=0.5).inner_loop((inputs, targets), n_steps=1)[0]
    error = (outputs - targets) / 12
    assert loss == pytest.approx(6 * np.sum(error**2))
    gradient = np.zeros((12, 3))
    for t in range(12):
        for past in range(t + 1):
            gradient += np.outer(spikes[past], error[t]) * (1 - ALPHA_READOUT) * ALPHA_READOUT ** (t - past)
    np.testing.assert_allclose(net.projections[2].weights.toarray(), before - 0.5 * gradient, rtol=1e-9)


def _hidden_spikes(net, inputs):
    from sc_core.simulation import simulate

    return simulate(net, inputs)["hidden"]


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_reptile_is_the_documented_outer_update_bit_for_bit(n_tasks):
    net, copy = network(), network()
    pairs = [(samples(number).inputs, samples(number).targets) for number in range(n_tasks)]
    MetaLearner(net, 0.1, 0.3, method="reptile").outer_step(pairs)
    base, adapted = weights(copy), []
    for pair in pairs:
        for projection, values in zip(copy.projections, base, strict=True):
            projection.data[...] = values
        MetaLearner(copy, 0.1).inner_loop(pair, n_steps=5)
        adapted.append(weights(copy))
    for index, projection in enumerate(net.projections):
        moved = sum(one[index] - base[index] for one in adapted) / n_tasks
        np.testing.assert_array_equal(projection.data, base[index] + 0.3 * moved)


def test_reptile_learns_from_both_sets():
    support, query = samples(0), samples(1)
    both = Batch(
        np.concatenate([support.inputs, query.inputs], axis=1),
        np.concatenate([support.targets, query.targets]),
    )
    split = MetaLearner(network(), method="reptile").meta_gradient([Task(support, query)])[1]
    joined = MetaLearner(network(), method="reptile").meta_gradient([both])[1]
    for mine, its in zip(split, joined, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_the_outer_step_is_the_optimisers_step_along_the_meta_gradient():
    net = network()
    learner = MetaLearner(net, inner_lr=0.1, outer_lr=0.25)
    before, (loss, gradients) = weights(net), learner.meta_gradient(tasks())
    for mine, values in zip(weights(net), before, strict=True):
        np.testing.assert_array_equal(mine, values)  # the meta-gradient leaves the weights as they are
    assert learner.outer_step(tasks()) == loss
    for mine, values, gradient in zip(weights(net), before, gradients, strict=True):
        np.testing.assert_allclose(mine, values - 0.25 * gradient, rtol=1e-12)


def test_a_frozen_projection_stays_as_it_is():
    net = network()
    net.projections[1].trainable = False
    before = weights(net)[1]
    learner = MetaLearner(net, inner_lr=0.3, outer_lr=0.3)
    learner.outer_step(tasks())
    learner.inner_loop(samples(0))
    np.testing.assert_array_equal(net.projections[1].data, before)


def test_an_error_in_a_late_task_leaves_the_weights_as_they_were():
    net = network()
    before, broken = weights(net), samples(9)
    broken.inputs[3] = np.nan
    for options in ({"order": 2}, {"order": 1}, {"method": "reptile"}):
        with pytest.raises(NumericalError):
            MetaLearner(net, **options).outer_step([*tasks(1), Task(samples(7), broken)])
        for mine, values in zip(weights(net), before, strict=True):
            np.testing.assert_array_equal(mine, values)


def test_it_learns_to_adapt_where_no_fixed_weights_can_do_the_task():
    """Which of two inputs is stronger, the labels meaning the opposite in every other task."""
    rng = np.random.default_rng(7)
    source, hidden, readout = (
        Population("source", 2, Input()),
        Population("hidden", 20, LIF()),
        Population("readout", 2, LI()),
    )
    net = Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, topology.dense(2, 20, gain=4.0, rng=rng)),
            Projection(hidden, readout, topology.dense(20, 2, rng=rng)),
        ],
    )

    def draw(n):
        inputs = rng.random((n, 1, 10, 2)).repeat(15, axis=1)
        labels = (inputs[:, 0, :, 0] < inputs[:, 0, :, 1]) ^ rng.integers(2, size=(n, 1))
        return TaskBatch(Task(Batch(*pair)) for pair in zip(inputs, labels, strict=True))

    learner = MetaLearner(net, inner_lr=3.0, outer_lr=0.05, inner_steps=1, optimiser="adam")
    before = learner.evaluate(held_out := draw(40))
    for _ in range(60):
        learner.learn(draw(4))
    after = learner.evaluate(held_out)
    assert after["loss"] < 0.8 * before["loss"]
    assert after["accuracy"] > 0.75
    assert 0.35 < after["accuracy_before"] < 0.65


def test_it_comes_through_the_registry_and_keeps_the_contract():
    assert registry.get("learner", "maml") is MetaLearner
    learner = MetaLearner(network())
    assert isinstance(learner, Learner)
    assert learner.consumes is TaskBatch
    assert learner.lr == 0.001
    assert learner.options.inner_lr == 0.01


def test_a_scheduler_sets_the_outer_rate():
    net = network()
    learner = MetaLearner(net, outer_lr=0.5)
    learner.lr = 0.125
    before, gradients = weights(net), learner.meta_gradient(tasks())[1]
    learner.outer_step(tasks())
    np.testing.assert_allclose(net.projections[0].data, before[0] - 0.125 * gradients[0], rtol=1e-12)


def test_resuming_gives_the_same_bits():
    whole = network()
    learner = MetaLearner(whole, optimiser="adam")
    for _ in range(4):
        learner.outer_step(tasks())
    first = network()
    learner = MetaLearner(first, optimiser="adam")
    for _ in range(2):
        learner.outer_step(tasks())
    state, net_state = learner.state_dict(), first.state_dict()
    second = network(seed=5)
    resumed = MetaLearner(second, optimiser="adam", outer_lr=7.0)
    second.load_state_dict(net_state)
    resumed.load_state_dict(state)
    for _ in range(2):
        resumed.outer_step(tasks())
    for mine, its in zip(weights(second), weights(whole), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_options_are_checked_by_name():
    assert structure(MetaLearner.Options, {"outer_lr": 0.5}, "learner").lr == 0.5
    for table, message in [
        ({"inner_lr": 0.0}, "learner.inner_lr: must be > 0"),
        ({"inner_steps": 0}, "learner.inner_steps: must be >= 1"),
        ({"order": 3}, "learner.order"),
        ({"method": "anil"}, "learner.method"),
        ({"lr": 0.1}, "learner.lr: unknown key"),
        ({"learned_parameters": ["tau"]}, "learner.learned_parameters: unknown key"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            structure(MetaLearner.Options, table, "learner")


def test_what_is_no_task_is_refused_by_its_number():
    learner = MetaLearner(network())
    with pytest.raises(ShapeError, match=r"task 1: a task is a Task, a Batch or a pair .* got str"):
        learner.outer_step([*tasks(1), "digits"])
    with pytest.raises(ShapeError, match="there are no tasks"):
        learner.outer_step([])
    with pytest.raises(ShapeError, match="got ndarray"):
        learner.inner_loop(np.zeros((12, 5)))
