"""Emitted lanes in three simulators, against the rule run on integers: no mismatch in any vector."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import mixed
from rules_under_test import RULES, by_rule

from sc_hardware.lane import build_lane
from sc_hardware.verification.programs import ProgramFailed
from sc_hardware.verification.simulate import SIMULATORS, simulate_vectors
from sc_hardware.verification.stimuli import (
    exhaustive_step_vectors,
    lane_vectors,
    random_events,
    random_step_vectors,
)
from sc_hardware.verification.verify import emit_sources

TINY = {"weight_bits": 3, "trace_bits": 3, "reward_bits": 2, "learning_shift": 1, "trace_decay_shift": 1}
REGRESSIONS = {
    "8/6/4/3/2": (
        {"weight_bits": 8, "trace_bits": 6, "reward_bits": 4, "learning_shift": 3, "trace_decay_shift": 2},
        [(1, 0, 0), (0, 1, 7), (0, 1, 7), (0, 1, 7)],
        [0, 27, 54, 81],
    ),
    "default": ({}, [(1, 0, 0), (0, 1, 0), (0, 1, 100)], [0, 0, 12793]),
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return tmp_path_factory.mktemp("verilator")


def simulate_step(simulator, name, choice, vectors, folder, runtime):
    rule = RULES[name]
    design = build_lane(rule)
    emit_sources(design, folder)
    chosen = {**rule.graph.defaults, **choice}
    return simulate_vectors(simulator, design, vectors, chosen, folder, runtime=runtime)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_every_point_of_a_tiny_lane(simulator, tmp_path, runtime):
    vectors = exhaustive_step_vectors(RULES["reward_modulated_stdp"], TINY)
    n_vectors = simulate_step(simulator, "reward_modulated_stdp", TINY, vectors, tmp_path, runtime)
    assert n_vectors == 65_536


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", by_rule())
def test_random_points_of_the_default_configuration(name, simulator, tmp_path, runtime):
    vectors = random_step_vectors(RULES[name], {}, 3000, np.random.default_rng(11))
    assert simulate_step(simulator, name, {}, vectors, tmp_path, runtime) == 3000


@pytest.mark.slow
@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", RULES)
def test_many_random_points_of_the_default_configuration(name, simulator, tmp_path, runtime):
    vectors = random_step_vectors(RULES[name], {}, 200_000, np.random.default_rng(12))
    assert simulate_step(simulator, name, {}, vectors, tmp_path, runtime) == 200_000


@pytest.mark.slow
@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", RULES)
def test_random_configurations(name, simulator, tmp_path, runtime):
    for place, choice in enumerate(mixed(RULES[name], seed=13, n_random=20)):
        vectors = random_step_vectors(RULES[name], choice, 2000, np.random.default_rng(place))
        folder = tmp_path / str(place)
        folder.mkdir()
        assert simulate_step(simulator, name, choice, vectors, folder, runtime) == 2000


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_lane_steps_pauses_loads_and_resets(simulator, tmp_path, runtime):
    rule = RULES["reward_modulated_stdp"]
    design = build_lane(rule, read=[field.name for field in rule.state], load=("weight", "eligibility"))
    emit_sources(design, tmp_path)
    chosen = rule.graph.defaults
    events = random_events(design, chosen, 3000, np.random.default_rng(14))
    vectors = lane_vectors(rule, design, {}, events)
    assert {vector["rst_n"] for vector in vectors} == {vector["load_en"] for vector in vectors} == {0, 1}
    n_vectors = simulate_vectors(simulator, design, vectors, chosen, tmp_path, target="lane", runtime=runtime)
    assert n_vectors == 3001


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("case", REGRESSIONS)
def test_documented_sequences(case, simulator, tmp_path, runtime):
    choice, steps, weights = REGRESSIONS[case]
    rule = RULES["reward_modulated_stdp"]
    design = build_lane(rule)
    emit_sources(design, tmp_path)
    events = [dict(zip(("pre_spike", "post_spike", "reward"), step, strict=True)) for step in steps]
    vectors = lane_vectors(rule, design, choice, events)
    assert [vector["current_weight"] for vector in vectors[1:]] == weights
    chosen = {**rule.graph.defaults, **choice}
    simulate_vectors(simulator, design, vectors, chosen, tmp_path, target="lane", runtime=runtime)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_wrong_expectation_is_a_mismatch(simulator, tmp_path, runtime):
    vectors = random_step_vectors(RULES["mixture"], {}, 50, np.random.default_rng(15))
    vectors["next_count"] = vectors["next_count"].copy()
    vectors["next_count"][37] ^= 1
    with pytest.raises(
        ProgramFailed, match=r"(?s)MISMATCH at vector 37: next_count.*FAIL: 1 mismatches in 50"
    ):
        simulate_step(simulator, "mixture", {}, vectors, tmp_path, runtime)
