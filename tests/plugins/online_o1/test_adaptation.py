"""The adaptation benchmark against the rule stepped by hand."""

from __future__ import annotations

import json

import pytest

from sc_plugin_online_o1 import OnlineO1Config, OnlineO1Synapse
from sc_plugin_online_o1.adaptation import (
    build_online_o1_adaptation_benchmark,
    write_online_o1_adaptation_benchmark,
)


def test_what_it_says():
    benchmark = build_online_o1_adaptation_benchmark()
    assert benchmark["schema_version"] == "sc-neurocore.online-o1-adaptation-benchmark.v1"
    assert benchmark["evidence_class"] == "deterministic_simulation"
    assert benchmark["hardware_measurement_claimed"] is False
    assert benchmark["protocol"] == "pre_post_reward_pairing"
    assert benchmark["config"]["weight_bits"] == 16
    assert build_online_o1_adaptation_benchmark() == benchmark
    json.dumps(benchmark, allow_nan=False)


@pytest.mark.parametrize(
    ("config", "target", "reward"), [(OnlineO1Config(8, 6, 4, 3, 2), 100, 7), (None, 5000, 8)]
)
def test_pairings_until_the_target(config, target, reward):
    python = build_online_o1_adaptation_benchmark(config=config, target_weight=target, reward=reward)[
        "python"
    ]
    synapse, weights = OnlineO1Synapse(config or OnlineO1Config()), []
    while synapse.weight < target:
        weights.append(synapse.step(pre_spike=True, post_spike=False, reward=0).weight)
        weights.append(synapse.step(pre_spike=False, post_spike=True, reward=reward).weight)
    assert python == {
        "available": True,
        "steps_to_target": len(weights),
        "final_weight": weights[-1],
        "weight_trace": weights,
    }


def test_a_target_that_is_not_reached():
    python = build_online_o1_adaptation_benchmark(max_pairings=3, reward=-5)["python"]
    assert (python["steps_to_target"], python["final_weight"], python["weight_trace"]) == (None, 0, [0] * 6)


def test_python_and_c_have_the_same_weights(monkeypatch):
    monkeypatch.setenv("SC_KERNELS", "auto")
    benchmark = build_online_o1_adaptation_benchmark()
    if benchmark["native"]["available"]:
        assert benchmark["parity"] is True
        assert benchmark["native"] == benchmark["python"]
    monkeypatch.setenv("SC_KERNELS", "reference")
    without = build_online_o1_adaptation_benchmark()
    assert without["python"] == benchmark["python"]
    assert (without["native"]["available"], without["native"]["weight_trace"], without["parity"]) == (
        False,
        [],
        None,
    )


def test_the_file(tmp_path):
    path = tmp_path / "sub" / "benchmark.json"
    written = write_online_o1_adaptation_benchmark(path, target_weight=2000)
    assert json.loads(path.read_text()) == written == build_online_o1_adaptation_benchmark(target_weight=2000)
    first = path.read_bytes()
    write_online_o1_adaptation_benchmark(path, target_weight=2000)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"target_weight": 0}, ValueError, "target_weight"),
        ({"target_weight": 2**16}, ValueError, "target_weight"),
        ({"max_pairings": 0}, ValueError, "max_pairings"),
        ({"max_pairings": 2.0}, TypeError, "max_pairings"),
        ({"reward": True}, TypeError, "reward"),
    ],
)
def test_impossible_options_are_refused_by_name(options, error, name):
    with pytest.raises(error, match=name):
        build_online_o1_adaptation_benchmark(**options)
