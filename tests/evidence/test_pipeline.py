"""Pipelined lanes: clean, proven stage by stage, and what the lanes without a pipeline show, some clocks later."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from rules_under_test import RULES

from sc_hardware.lane import build_lane
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.pipeline import prove_delayed
from sc_hardware.verification.simulate import SIMULATORS, simulate_vectors
from sc_hardware.verification.stimuli import lane_vectors, random_events
from sc_hardware.verification.verify import emit_sources, verify

STDP = RULES["reward_modulated_stdp"]
PIPELINED = ("reward_modulated_stdp", "fading_reward_modulated_stdp", "wide_products")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return tmp_path_factory.mktemp("verilator")


def watched(rule, **options):
    fields = [field.name for field in rule.state]
    return build_lane(rule, read=fields, load=fields[:2], **options)


@pytest.mark.parametrize("name", PIPELINED)
def test_sources_are_clean_under_every_lint(name, tmp_path):
    design = watched(RULES[name], pipelined=True)
    assert design.latency > 1
    files = emit_sources(design, tmp_path)
    ghdl.lint(files["vhdl"], tmp_path)
    verilator.lint(files["verilog"], tmp_path, top=design.lane.name)
    icarus.lint(files["verilog"], tmp_path, top=design.lane.name)


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", PIPELINED)
def test_steps_pauses_loads_and_resets(name, simulator, tmp_path, runtime):
    rule = RULES[name]
    design = watched(rule, pipelined=True)
    emit_sources(design, tmp_path)
    events = random_events(design, rule.graph.defaults, 3000, np.random.default_rng(21))
    vectors = lane_vectors(rule, design, {}, events)
    assert {vector["rst_n"] for vector in vectors} == {vector["load_en"] for vector in vectors} == {0, 1}
    n_vectors = simulate_vectors(
        simulator, design, vectors, rule.graph.defaults, tmp_path, target="lane", runtime=runtime
    )
    assert n_vectors == 3001


def test_a_documented_sequence_is_shown_two_clocks_later():
    sizes = {
        "weight_bits": 8,
        "trace_bits": 6,
        "reward_bits": 4,
        "learning_shift": 3,
        "trace_decay_shift": 2,
    }
    steps = [(1, 0, 0), (0, 1, 7), (0, 1, 7), (0, 1, 7), (0, 0, 0), (0, 0, 0)]
    events = [dict(zip(("pre_spike", "post_spike", "reward"), step, strict=True)) for step in steps]
    vectors = lane_vectors(STDP, build_lane(STDP, pipelined=True), sizes, events)
    assert [vector["current_weight"] for vector in vectors[1:]] == [0, 0, 0, 27, 54, 81]
    assert [vector["update_done"] for vector in vectors[1:]] == [0, 0, 1, 1, 1, 1]


def test_a_pipelined_lane_is_proven(tmp_path):
    proofs = verify(STDP, build_lane(STDP, pipelined=True), {}, tmp_path, time_limit=120)
    assert [proof for proof in proofs if not proof.holds] == []
    assert proofs[-1].claim == "pipeline: the lane without it, 2 clocks later, for all inputs in all clocks"
    assert sum(proof.claim.endswith("the VHDL is the Verilog") for proof in proofs) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", PIPELINED[1:])
def test_other_pipelined_lanes_are_proven(name, tmp_path):
    proofs = verify(RULES[name], build_lane(RULES[name], pipelined=True), {}, tmp_path, time_limit=200)
    assert [proof for proof in proofs if not proof.holds] == []


@pytest.mark.parametrize("wrong", ["reward_after_1", "step_en_after_2"])
def test_a_register_too_few_is_refuted(wrong, tmp_path):
    design = watched(STDP, pipelined=True)
    source = wrong.partition("_after")[0]
    short = [
        attrs.evolve(d, next_value=source) if d.signal.name == wrong else d for d in design.lane.flip_flops
    ]
    if wrong == "reward_after_1":  # its register is left out altogether
        instances = [
            attrs.evolve(i, connections=tuple((p, source if s == wrong else s) for p, s in i.connections))
            for i in design.lane.instances
        ]
        design = attrs.evolve(design, lane=attrs.evolve(design.lane, instances=tuple(instances)))
    design = attrs.evolve(design, lane=attrs.evolve(design.lane, flip_flops=tuple(short)))
    smallest = {parameter.name: parameter.low for parameter in STDP.graph.parameters}
    plain = watched(STDP, module_name="plain")
    assert prove_delayed(design, plain, smallest, tmp_path, time_limit=60).holds is False
