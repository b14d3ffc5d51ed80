"""The documented behaviour, a test for each row of the documentation."""

from __future__ import annotations

import csv
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sc_core.errors import NumericalError
from sc_neurocore.exceptions import SCDependencyError
from sc_neurocore.learning import (
    BPTTLearner,
    CosineScheduler,
    CSVCallback,
    EligibilityTrace,
    EWC_SCLayer,
    ExponentialScheduler,
    FederatedAggregator,
    HomeostaticPlasticity,
    MetaLearner,
    RewardModulatedLearner,
    ShortTermPlasticity,
    SNNGeneticEvolver,
    StepScheduler,
    StructuralPlasticity,
    TBPTTLearner,
    TensorBoardCallback,
    TrainingCallback,
    WandBCallback,
    WarmupCosineScheduler,
)
from sc_neurocore.learning.advanced import _fast_sigmoid_surrogate
from sc_neurocore.network.network import Network
from sc_neurocore.network.population import Population
from sc_neurocore.network.projection import Projection

RNG = np.random.default_rng(7)
INPUTS = RNG.uniform(0.0, 6.0, size=(60, 6))
TARGETS = (RNG.random((60, 3)) < 0.2).astype(float)


def distance(spikes, targets):
    return float(np.mean((np.asarray(spikes) - targets) ** 2))


def network(weight=4.0):
    hidden, output = Population("LapicqueNeuron", 6), Population("LapicqueNeuron", 3)
    return Network(hidden, output, Projection(hidden, output, weight))


def test_bptt_learner_descends_and_returns_the_loss():
    net = network()
    learner = BPTTLearner(net, distance, lr=1.0)
    before = net.projections[0].data.copy()
    losses = [learner.train_step(INPUTS, TARGETS) for _ in range(50)]
    assert losses[0] == distance(network().run(INPUTS), TARGETS)
    assert min(losses) < losses[0]
    assert not np.array_equal(net.projections[0].data, before)


def test_bptt_learner_takes_a_mean_gradient_over_the_steps():
    """A sequence twice as long, of the same steps and from the same state, has the same mean gradient."""
    weights = []
    for repetitions in (1, 2):
        net = network()
        quiet = np.zeros((200, 6))  # the state decays to rest between the repetitions
        inputs = np.concatenate([INPUTS[:20], quiet] * repetitions)
        targets = np.concatenate([TARGETS[:20], np.zeros((200, 3))] * repetitions)
        BPTTLearner(net, distance, lr=1.0).train_step(inputs, targets)
        weights.append(net.projections[0].data - 4.0)
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-3, atol=1e-9)


def test_bptt_learner_takes_the_page_s_surrogate_by_option():
    """beta / (1 + beta |v - theta|)^2, beta = 25, is 25 times the default slope of the same steepness."""
    changes = []
    for options in ({"surrogate_slope": 25.0}, {"surrogate_slope": 25.0, "surrogate_scale": 25.0}):
        net = network()
        BPTTLearner(net, distance, lr=1e-3, **options).train_step(INPUTS, TARGETS)
        changes.append(net.projections[0].data - 4.0)
    assert np.any(changes[0] != 0)
    np.testing.assert_allclose(changes[1], 25.0 * changes[0], rtol=1e-9, atol=1e-13)


class ForeignPopulation:
    """What other people's populations offer: `n`, `voltages`, `step_all`, `reset_all`, and no more."""

    def __init__(self, n):
        self.n, self.voltages = n, np.zeros(n)

    def step_all(self, currents):
        self.voltages = 0.8 * self.voltages + currents
        spikes = (self.voltages >= 1.0).astype(float)
        self.voltages[spikes > 0] = 1.0
        return spikes

    def reset_all(self):
        self.voltages = np.zeros(self.n)


def foreign_network():
    hidden, output = ForeignPopulation(6), ForeignPopulation(3)
    csr = {
        "indptr": np.arange(0, 19, 3),
        "indices": np.tile(np.arange(3), 6),
        "data": np.full(18, 0.4),
    }
    projection = SimpleNamespace(source=hidden, target=output, **csr)
    return SimpleNamespace(populations=[hidden, output], projections=[projection])


@pytest.mark.parametrize("learner", [BPTTLearner, TBPTTLearner])
def test_objects_of_other_people_s_making_learn_in_place(learner):
    net = foreign_network()
    data = net.projections[0].data
    loss = learner(net, distance, lr=0.1).train_step(INPUTS, TARGETS)
    assert math.isfinite(loss)
    assert net.projections[0].data is data
    assert not np.array_equal(data, np.full(18, 0.4))


@pytest.mark.parametrize(
    ("inputs", "targets", "problem"),
    [
        (INPUTS[:, :5], TARGETS, "5"),
        (INPUTS, TARGETS[:, :2], "2"),
        (np.full((60, 6), np.nan), TARGETS, "nan|finite"),
    ],
)
def test_wrong_shapes_and_numbers_are_refused_with_what_came(inputs, targets, problem):
    net = network()
    with pytest.raises((ValueError, NumericalError), match=f"(?i){problem}"):
        BPTTLearner(net, "mean_square", lr=1.0).train_step(inputs, targets)
    assert np.all(net.projections[0].data == 4.0)


def test_tbptt_learner_sums_the_loss_over_windows_and_updates_after_each():
    frozen = TBPTTLearner(network(), distance, lr=1e-30, k=20)
    spikes = network().run(INPUTS)
    windows = [distance(spikes[start : start + 20], TARGETS[start : start + 20]) for start in (0, 20, 40)]
    assert frozen.train_step(INPUTS, TARGETS) == pytest.approx(sum(windows), rel=1e-12)
    net = network()
    TBPTTLearner(net, distance, lr=1.0, k=20).train_step(INPUTS, TARGETS)
    whole = network()
    TBPTTLearner(whole, distance, lr=1.0, k=60).train_step(INPUTS, TARGETS)
    assert not np.allclose(net.projections[0].data, whole.projections[0].data)


def test_eligibility_trace():
    trace = EligibilityTrace(tau_e=20.0, dt=1.0)
    assert trace.decay == math.exp(-1.0 / 20.0)
    pre, post = np.array([1.0, 0.0]), np.array([0.0, 1.0, 1.0])
    error = np.array([1.0, 2.0, 3.0])
    first = np.outer(pre, post)
    np.testing.assert_allclose(trace.update(pre, post, error), first * error)
    np.testing.assert_allclose(
        trace.update(pre[::-1], post, error), (trace.decay * first + np.outer(pre[::-1], post)) * error
    )


def test_reward_modulated_learner():
    net, rng = network(), np.random.default_rng(3)
    learner = RewardModulatedLearner(net, tau_reward=100.0, rule="hebbian")
    weights, eligibility = np.full((6, 3), 4.0), np.zeros((6, 3))
    pre_trace, post_trace = np.zeros(6), np.zeros(3)
    for _ in range(100):
        pre, post = (rng.random(6) < 0.2).astype(float), (rng.random(3) < 0.2).astype(float)
        net.populations[0].spikes, net.populations[1].spikes = pre, post
        reward = float(rng.normal())
        learner.step(reward)
        pre_trace = pre_trace * math.exp(-1 / 20) + pre
        post_trace = post_trace * math.exp(-1 / 20) + post
        eligibility = eligibility * math.exp(-1 / 100) + np.outer(pre_trace, post_trace)
        weights = np.maximum(weights + 0.01 * reward * eligibility, 0.0)
        np.testing.assert_allclose(net.projections[0].data, weights.ravel(), rtol=1e-9)


def test_meta_learner_moves_by_the_documented_outer_update():
    net = network()
    learner = MetaLearner(net, inner_lr=0.5, outer_lr=0.1, loss_fn=distance, method="reptile")
    start = net.projections[0].data.copy()
    adapted = []
    for task in ((INPUTS, TARGETS), (INPUTS[::-1].copy(), TARGETS)):
        other = network()
        MetaLearner(other, inner_lr=0.5, outer_lr=0.1, loss_fn=distance).inner_loop(task, n_steps=5)
        adapted.append(other.projections[0].data)
    learner.outer_step([(INPUTS, TARGETS), (INPUTS[::-1].copy(), TARGETS)])
    expected = start + 0.1 * (np.mean(adapted, axis=0) - start)
    np.testing.assert_allclose(net.projections[0].data, expected, rtol=1e-9)


def test_homeostatic_plasticity_of_a_population():
    net = network()
    population, projection = net.populations[1], net.projections[0]
    plasticity = HomeostaticPlasticity(target_rate=10.0, tau=1000.0, scope="population")
    expected, estimate = 4.0, None
    for spikes in ([0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 0]):
        population.spikes = np.array(spikes, dtype=float)
        plasticity.update(population)
        rate = np.mean(spikes) * 1000.0
        estimate = rate if estimate is None else estimate + (rate - estimate) / 1000.0
        scale = float(np.clip(10.0 / estimate, 0.9, 1.1)) if estimate else 1.0
        expected *= scale
        assert projection.data == pytest.approx(np.full(18, expected), rel=1e-12)
    assert plasticity._last_scale == pytest.approx(scale)


def test_short_term_plasticity_documented_variant():
    plasticity = ShortTermPlasticity(tau_d=200.0, tau_f=600.0, u_se=0.2, variant="documented")
    x, u = np.ones(2), np.full(2, 0.2)
    for step in range(50):
        spikes = np.array([step % 10 == 0, step % 3 == 0], dtype=float)
        x += (1 - x) / 200.0
        u += (0.2 - u) / 600.0
        u = np.where(spikes > 0, u + 0.2 * (1 - u), u)
        release = u * x
        x = np.where(spikes > 0, x - release, x)
        got = plasticity.update(spikes)
        if step == 0:
            assert got == pytest.approx([0.36, 0.36])
        np.testing.assert_allclose(got, release, rtol=1e-9)


def test_short_term_plasticity_releases_its_share_first():
    plasticity = ShortTermPlasticity()  # u_se = 0.2, Tsodyks and Markram
    assert plasticity.update(np.array([1.0, 0.0]))[0] == pytest.approx(0.2)


def test_structural_plasticity_by_slots():
    net = network()
    projection = net.projections[0]
    projection.data[:] = [0.005, -0.002, *[0.5] * 15, 0.0]
    pattern = projection.indices.copy()
    StructuralPlasticity(growth_rate=0.001, prune_threshold=0.01, rule="slots").update(projection)
    np.testing.assert_array_equal(projection.indices, pattern)
    assert projection.data[2:17].tolist() == [0.5] * 15
    slots = projection.data[[0, 1, 17]]  # two were pruned, three are free, one regrows
    (regrown,) = slots[slots != 0]
    assert 0.001 <= regrown <= 0.05


def test_fast_sigmoid_surrogate():
    v = np.array([0.0, 0.9, 1.0, 1.3])
    np.testing.assert_allclose(_fast_sigmoid_surrogate(v), 25 / (1 + 25 * np.abs(v - 1)) ** 2, rtol=1e-15)
    assert _fast_sigmoid_surrogate(2.0, threshold=2.0) == 25.0


def rates(scheduler, n):
    return [scheduler.step() for _ in range(n)]


def test_step_scheduler():
    scheduler = StepScheduler(0.1, step_size=2)
    assert rates(scheduler, 4) == pytest.approx([0.1, 0.01, 0.01, 0.001])
    scheduler.step()
    scheduler.reset()
    assert scheduler.lr == pytest.approx(0.001)
    assert rates(scheduler, 2) == pytest.approx([0.001, 0.0001])


def test_exponential_scheduler():
    scheduler = ExponentialScheduler(0.1)
    assert rates(scheduler, 10)[-1] == pytest.approx(0.1 * 0.999**10)
    scheduler.reset()
    assert scheduler.lr == pytest.approx(0.1 * 0.999**10)


def test_cosine_scheduler():
    scheduler = CosineScheduler(0.1, 0.01, 100)
    assert rates(scheduler, 25)[-1] == pytest.approx(0.01 + 0.09 * (1 + math.cos(math.pi / 4)) / 2)
    assert rates(scheduler, 200)[-1] == 0.01
    scheduler.reset()
    assert scheduler.lr == 0.1


def test_warmup_cosine_scheduler():
    scheduler = WarmupCosineScheduler(0.1, 0.0, warmup_steps=10, total_steps=110)
    assert scheduler.lr == 0
    assert rates(scheduler, 10) == pytest.approx([0.01 * n for n in range(1, 11)])
    assert rates(scheduler, 50)[-1] == pytest.approx(0.05)
    assert rates(scheduler, 50)[-1] == pytest.approx(0.0)
    scheduler.reset()
    assert scheduler.lr == 0


def test_training_callback_does_nothing():
    callback = TrainingCallback()
    assert callback.log({"loss": 1.0}, 1) is None
    assert callback.close() is None


def test_csv_callback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    callback = CSVCallback()
    assert not (tmp_path / "metrics.csv").exists()
    callback.log({"loss": 2.0}, 1)
    callback.log({"accuracy": 0.5}, 2)
    callback.close()
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["step", "loss", "accuracy"], ["1", "2.0", ""], ["2", "", "0.5"]]


@pytest.mark.parametrize(
    ("make", "package"), [(TensorBoardCallback, "tensorboardX"), (WandBCallback, "wandb")]
)
def test_callbacks_name_the_package_that_is_missing(monkeypatch, make, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SCDependencyError, match="pip install"):
        make()


def test_tensorboard_callback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    callback = TensorBoardCallback(log_dir="runs")
    callback.log({"loss": 1.0}, 1)
    callback.close()
    assert list((tmp_path / "runs").glob("events.out.tfevents.*"))


def test_federated_aggregator_takes_a_strict_majority():
    aggregator = FederatedAggregator()
    votes = [np.array(bits) for bits in ([1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0], [1, 1, 0, 1])]
    result = aggregator.aggregate_gradients(votes)
    assert result.dtype == np.uint8
    assert result.tolist() == [1, 0, 0, 0]
    with pytest.raises(ValueError, match=r"."):
        aggregator.aggregate_gradients([])


def test_federated_aggregator_sums_behind_masks():
    values = [np.array([1, -2, 300]), np.array([4, 5, -600]), np.array([7, 8, 9])]
    assert FederatedAggregator().secure_sum_protocol(values).tolist() == [12, 11, -291]


def test_ewc_layer():
    layer = EWC_SCLayer(3, 2, length=64, base_seed=1)
    bits = layer.run_epoch([0.2, 0.5, 0.9])
    assert bits.shape == (2, 64)
    assert bits.dtype == np.uint8
    weights = layer.get_weights()
    assert weights.shape == (2, 3)
    assert layer.synapses[1][2].w == weights[1, 2]
    layer.consolidate_task()
    np.testing.assert_array_equal(layer.star_weights, weights)
    np.testing.assert_array_equal(layer.fisher_info, weights)  # the documented importance
    assert layer.apply_ewc_penalty(step_size=0.01) == 0.0
    layer.synapses[0][1].w = 0.1
    away = abs(0.1 - weights[0, 1])
    penalty = layer.apply_ewc_penalty(step_size=0.01)
    assert penalty == pytest.approx(weights[0, 1] * away)
    assert 0 < abs(layer.synapses[0][1].w - weights[0, 1]) < away


def test_evolver():
    class Layer:
        def __init__(self):
            self.weights = np.full((2, 2), 0.5)

    assert (SNNGeneticEvolver.population_size, SNNGeneticEvolver.mutation_rate) == (20, 0.05)
    assert SNNGeneticEvolver.elite_fraction == 0.2
    evolver = SNNGeneticEvolver(Layer, lambda layer: layer.weights.sum(), mutation_rate=0.5)
    best = evolver.evolve(30)
    assert best.weights.sum() > 3.0
    assert best.weights.max() <= 1.0


def test_a_fitness_that_is_nan_never_wins():
    class Layer:
        def __init__(self):
            self.weights = np.full(4, 0.5)

    def fitness(layer):
        return math.nan if layer.weights[0] > 0.6 else layer.weights.sum()

    with pytest.warns(UserWarning, match="NaN"):
        best = SNNGeneticEvolver(Layer, fitness, mutation_rate=0.5).evolve(20)
    assert best.weights[0] <= 0.6
