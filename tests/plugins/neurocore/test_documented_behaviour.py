"""The documented behaviour, a test for each row of the documentation."""

from __future__ import annotations

import csv
import math
import sys

import numpy as np
import pytest

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
    OnlineO1Config,
    OnlineO1Synapse,
    ShortTermPlasticity,
    SNNGeneticEvolver,
    StepScheduler,
    StructuralPlasticity,
    TBPTTLearner,
    TensorBoardCallback,
    TrainingCallback,
    WandBCallback,
    WarmupCosineScheduler,
    build_online_o1_memory_proof,
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


def test_online_o1_regression_cases():
    synapse = OnlineO1Synapse(OnlineO1Config(8, 6, 4, 3, 2))
    synapse.step(pre_spike=True, post_spike=False, reward=0)
    weights = [synapse.step(pre_spike=False, post_spike=True, reward=7).weight for _ in range(3)]
    assert weights == [27, 54, 81]
    synapse = OnlineO1Synapse(OnlineO1Config())
    for pre, post, reward in ((1, 0, 0), (0, 1, 0), (0, 1, 100)):
        snapshot = synapse.step(pre_spike=bool(pre), post_spike=bool(post), reward=reward)
    assert (snapshot.eligibility, snapshot.weight) == (2047, 12793)


def test_online_o1_config():
    config = OnlineO1Config()
    assert (config.max_weight, config.max_trace) == (2**16 - 1, 2**12 - 1)
    assert (config.min_reward, config.max_reward) == (-128, 127)
    assert (config.min_eligibility, config.max_eligibility) == (-2048, 2047)
    assert config.per_synapse_state_bits == 16 + 3 * 12
    annotation = config.to_scnir_annotation(rule_id="r1")
    assert annotation["schema_version"] == "sc-neurocore.online-o1.annotation.v1"
    assert annotation["state_fields"] == ["weight", "pre_trace", "post_trace", "eligibility"]
    assert annotation["saturation_policy"] == "signed_eligibility_unsigned_weight"
    assert len(annotation) == 13
    with pytest.raises(ValueError, match="rule_id"):
        config.to_scnir_annotation(rule_id="")
    with pytest.raises(ValueError, match="weight_bits"):
        OnlineO1Config(weight_bits=32)
    with pytest.raises(TypeError, match="trace_bits"):
        OnlineO1Config(trace_bits=True)


def test_online_o1_memory_proof():
    proof = build_online_o1_memory_proof(n_synapses=1000, config=OnlineO1Config())
    assert proof["schema_version"] == "sc-neurocore.online-o1.memory-proof.v1"
    assert proof["total_state_bits"] == 52000
    assert proof == build_online_o1_memory_proof(
        n_synapses=1000, config=OnlineO1Config(), sequence_length=10**9
    )
    with pytest.raises(ValueError, match="n_synapses"):
        build_online_o1_memory_proof(n_synapses=-1, config=OnlineO1Config())
    with pytest.raises(TypeError, match="n_synapses"):
        build_online_o1_memory_proof(n_synapses=1.0, config=OnlineO1Config())


def test_the_native_lane_of_online_o1():
    from sc_neurocore._native.learning_bridge import RustOnlineO1Synapse

    native, python = RustOnlineO1Synapse(initial_weight=500), OnlineO1Synapse(OnlineO1Config(), 500)
    rng = np.random.default_rng(5)
    for pre, post, reward in zip(
        rng.random(300) < 0.2, rng.random(300) < 0.2, rng.integers(-128, 128, 300), strict=True
    ):
        step = {"pre_spike": bool(pre), "post_spike": bool(post), "reward": int(reward)}
        assert native.step(**step) == python.step(**step)
    assert native.per_synapse_state_bits == 52
    for wrong in ({"weight_bits": 0}, {"trace_bits": 2.5}, {"initial_weight": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            RustOnlineO1Synapse(**wrong)


def test_without_compiled_kernels_there_is_no_native_lane(monkeypatch):
    from sc_neurocore._native.learning_bridge import RustOnlineO1Synapse

    monkeypatch.setenv("SC_KERNELS", "reference")
    with pytest.raises(RuntimeError, match="compiled kernels"):
        RustOnlineO1Synapse()


def test_online_o1_emitter():
    from sc_neurocore.hdl_gen import OnlineO1LearningEmitter

    verilog = OnlineO1LearningEmitter().generate()
    assert "module sc_online_o1_reward_stdp #(" in verilog
    for parameter in ("WEIGHT_BITS", "TRACE_BITS", "REWARD_BITS", "LEARNING_SHIFT", "TRACE_DECAY_SHIFT"):
        assert f"parameter integer {parameter} = " in verilog or f"parameter {parameter} = " in verilog
    lane = verilog[verilog.index("module sc_online_o1_reward_stdp #(") :]
    for port in (
        "clk",
        "rst_n",
        "step_en",
        "pre_spike",
        "post_spike",
        "reward",
        "current_weight",
        "update_done",
    ):
        assert port in lane
    named = OnlineO1LearningEmitter(module_name="lane_a", config=OnlineO1Config(weight_bits=8))
    assert "module lane_a #(" in named.generate()
    manifest = named.manifest(verilog_path="lane_a.v", n_synapses=10)
    assert manifest["total_state_bits"] == 10 * (8 + 3 * 12)
    with pytest.raises(ValueError, match="2lane"):
        OnlineO1LearningEmitter(module_name="2lane")


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
    assert layer.apply_ewc_penalty(step_size=0.01) == 0.0


def test_evolver():
    class Layer:
        def __init__(self):
            self.weights = np.full((2, 2), 0.5)

    assert (SNNGeneticEvolver.population_size, SNNGeneticEvolver.mutation_rate) == (20, 0.05)
    assert SNNGeneticEvolver.elite_fraction == 0.2
    evolver = SNNGeneticEvolver(Layer, lambda layer: layer.weights.sum(), mutation_rate=0.5)
    assert evolver.evolve(30).weights.sum() > 3.0
