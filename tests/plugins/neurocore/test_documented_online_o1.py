"""The documented behaviour of `online_o1`, its native lane, emitter and benchmark, row by row."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sc_neurocore.learning import OnlineO1Config, OnlineO1Synapse, build_online_o1_memory_proof


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


def test_online_o1_synapse():
    synapse = OnlineO1Synapse(OnlineO1Config(weight_bits=8), initial_weight=1000)
    assert synapse.weight == 255
    assert synapse.state_fields == ("weight", "pre_trace", "post_trace", "eligibility")
    assert synapse.state_bit_count == 8 + 3 * 12
    after = synapse.step(pre_spike=True, post_spike=True, reward=0)
    assert after == synapse.snapshot()
    assert (after.weight, after.pre_trace, after.post_trace) == (255, 4095, 4095)
    for wrong in (-1, True, 0.5):
        with pytest.raises((TypeError, ValueError), match="initial_weight"):
            OnlineO1Synapse(OnlineO1Config(), initial_weight=wrong)
    for wrong in (True, 1.0):
        with pytest.raises(TypeError, match="reward"):
            synapse.step(pre_spike=False, post_spike=False, reward=wrong)


def test_a_negative_eligibility_decays_towards_0():
    synapse = OnlineO1Synapse(OnlineO1Config())
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    synapse.step(pre_spike=True, post_spike=False, reward=0)
    assert synapse.eligibility == -2048
    assert synapse.step(pre_spike=False, post_spike=False, reward=0).eligibility == -1920


def test_the_known_weakness():
    """Floor shifts leave traces stuck at 2^shift - 1, and then a constant reward moves the weight."""
    synapse = OnlineO1Synapse(OnlineO1Config())
    synapse.step(pre_spike=True, post_spike=False, reward=0)
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    for _ in range(2000):
        synapse.step(pre_spike=False, post_spike=False, reward=0)
    assert (synapse.pre_trace, synapse.post_trace, synapse.eligibility) == (15, 15, 15)
    for _ in range(1000):
        synapse.step(pre_spike=False, post_spike=False, reward=127)
    assert synapse.weight == 65535


def test_resources_of_a_lane_are_estimated():
    from sc_neurocore.hdl_gen import OnlineO1LearningEmitter

    emitter = OnlineO1LearningEmitter()
    estimate = emitter.estimate_resources(n_synapses=1024).as_dict()
    assert list(estimate) == [
        "schema_version",
        "target",
        "evidence_class",
        "n_synapses",
        "per_synapse_state_bits",
        "total_state_bits",
        "bram18_tiles",
        "bram36_tiles",
        "lane_ff_bits",
        "estimated_luts",
        "estimated_dsps",
        "max_update_latency_cycles",
        "hardware_measurement_claimed",
    ]
    assert estimate["schema_version"] == "sc-neurocore.online-o1.resource-estimate.v1"
    assert (estimate["target"], estimate["n_synapses"]) == ("generic", 1024)
    assert (estimate["per_synapse_state_bits"], estimate["total_state_bits"]) == (52, 1024 * 52)
    assert estimate["hardware_measurement_claimed"] is False
    assert emitter.estimate_resources(n_synapses=1, target="ecp5").target == "ecp5"


def test_the_adaptation_benchmark(tmp_path):
    from sc_neurocore.benchmarks.online_o1_adaptation import (
        build_online_o1_adaptation_benchmark,
        write_online_o1_adaptation_benchmark,
    )

    results = build_online_o1_adaptation_benchmark()
    assert results["schema_version"] == "sc-neurocore.online-o1-adaptation-benchmark.v1"
    assert results["evidence_class"] == "deterministic_simulation"
    assert results["hardware_measurement_claimed"] is False
    assert results["protocol"] == "pre_post_reward_pairing"
    assert {"target_weight", "max_pairings", "reward", "config", "parity"} <= set(results)
    assert results["resource_estimate"]["schema_version"] == "sc-neurocore.online-o1.resource-estimate.v1"
    for section in ("python", "native"):
        found = results[section]
        assert {"available", "steps_to_target", "final_weight", "weight_trace"} <= set(found)
        assert found["final_weight"] == found["weight_trace"][-1] >= results["target_weight"]
    write_online_o1_adaptation_benchmark(tmp_path / "results.json")
    assert json.loads((tmp_path / "results.json").read_text()) == json.loads(json.dumps(results))
