"""Lanes of several rules: clean under every lint, and proven equal to the rule in both languages."""

from __future__ import annotations

import itertools

import pytest
from configurations import corners, default, mixed, pairs, pairwise, values_of
from rules_under_test import QUICK, RULES, by_rule

from sc_hardware.lane import build_lane
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.verify import (
    emit_sources,
    prove_languages_equal,
    prove_step,
    read_both,
    verify,
)


def chosen(name):
    """Return all corners and the pairwise grid, each choice once."""
    rule = RULES[name]
    choices = {tuple(choice.items()): choice for choice in [*corners(rule), *pairwise(rule)]}
    return list(choices.values())


def parameters(cases):
    return [
        pytest.param(name, choice, id=f"{name}-{'-'.join(map(str, choice.values()))}")
        for name, choice in cases
    ]


FEW = [(name, default(RULES[name])) for name in QUICK]
FEW += [("fading_reward_modulated_stdp", corners(RULES["fading_reward_modulated_stdp"])[-1])]
ALL = [(name, choice) for name in RULES for choice in chosen(name)]


@pytest.fixture(scope="module")
def emitted(tmp_path_factory):
    """Return a function from a rule to its lane and the folder of its sources, which are parametric."""
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            design = build_lane(RULES[name])
            emit_sources(design, folder)
            made[name] = design, folder
        return made[name]

    return of


@pytest.mark.parametrize("name", RULES)
def test_the_grid_has_every_pair_of_values(name):
    rule, rows = RULES[name], pairwise(RULES[name])
    values = {parameter: values_of(declared) for parameter, declared in rule.parameters.items()}
    assert all(row[parameter] in values[parameter] for row in rows for parameter in values)
    if len(values) == 1:
        assert [list(row.values()) for row in rows] == [[value] for value in next(iter(values.values()))]
        return
    found = {frozenset(pair) for row in rows for pair in itertools.combinations(row.items(), 2)}
    assert found == pairs(values)
    # Fewer rows than twice the least that any such array has.
    largest, second = sorted(map(len, values.values()))[-1:-3:-1]
    assert largest * second <= len(rows) < 2 * largest * second


@pytest.mark.parametrize("name", by_rule())
def test_sources_are_clean_under_every_lint(name, tmp_path):
    design = build_lane(
        RULES[name], read=[field.name for field in RULES[name].state], load=[RULES[name].state[0].name]
    )
    files = emit_sources(design, tmp_path)
    ghdl.lint(files["vhdl"], tmp_path)
    for choice in mixed(RULES[name], seed=6, n_random=12):
        upper = {key.upper(): value for key, value in choice.items()}
        own = {p.name: upper[p.name] for p in design.lane.parameters}
        verilator.lint(files["verilog"], tmp_path, top=design.lane.name, parameters=own)
        icarus.lint(files["verilog"], tmp_path, top=design.lane.name, parameters=own)


def prove(name, choice, emitted):
    design, folder = emitted(name)
    proofs = prove_step(RULES[name], design, choice, folder, time_limit=120)
    assert [proof for proof in proofs if not proof.holds] == []
    assert len(proofs) > len(RULES[name].state)


@pytest.mark.parametrize(("name", "choice"), parameters(FEW))
def test_languages_and_rule_are_proven_equal(name, choice, emitted):
    prove(name, choice, emitted)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "choice"), parameters(ALL))
def test_all_corners_and_a_pairwise_grid_are_proven(name, choice, emitted):
    prove(name, choice, emitted)


def test_a_fault_in_the_vhdl_is_refuted(tmp_path):
    rule = RULES["reward_modulated_stdp"]
    design = build_lane(rule)
    emit_sources(design, tmp_path)
    last = tmp_path / f"{design.stages[-1].name}.vhd"
    right, wrong = "when next_weight_excess = 0", "when next_weight_excess = 1"
    assert last.read_text().count(right) == 1
    last.write_text(last.read_text().replace(right, wrong))
    proofs = prove_languages_equal(design, read_both(design, rule.graph.defaults, tmp_path), time_limit=60)
    assert [proof.holds for proof in proofs] == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_all_claims_of_a_lane_are_proven(name, tmp_path):
    rule = RULES[name]
    reported = []
    proofs = verify(rule, build_lane(rule), {}, tmp_path, time_limit=120, report=reported.append)
    assert proofs == reported
    assert [proof for proof in proofs if not proof.holds] == []
    claims = " ".join(proof.claim for proof in proofs)
    for claim in ("the VHDL is the Verilog", "the Verilog is the rule", "bounds", "reset", "hold", "wiring"):
        assert claim in claims
