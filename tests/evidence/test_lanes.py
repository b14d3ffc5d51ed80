"""Lanes of several rules: clean under every lint, and proven equal to the rule in both languages."""

from __future__ import annotations

import pytest
from rules_under_test import RULES, configurations

from sc_hardware.lane import build_lane
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.verify import emit_sources, verify

CASES = [(name, choice) for name in RULES for choice in configurations(RULES[name], seed=5, n_random=3)]
QUICK = [(name, choice) for name in RULES for choice in configurations(RULES[name], seed=5, n_random=0)[:3]]


def identifiers(cases):
    return [f"{name}-{'-'.join(map(str, choice.values()))}" for name, choice in cases]


@pytest.mark.parametrize("name", RULES)
def test_sources_are_clean_under_every_lint(name, tmp_path):
    design = build_lane(
        RULES[name], read=[field.name for field in RULES[name].state], load=[RULES[name].state[0].name]
    )
    files = emit_sources(design, tmp_path)
    ghdl.lint(files["vhdl"], tmp_path)
    for choice in configurations(RULES[name], seed=6, n_random=12):
        upper = {key.upper(): value for key, value in choice.items()}
        own = {p.name: upper[p.name] for p in design.lane.parameters}
        verilator.lint(files["verilog"], tmp_path, top=design.lane.name, parameters=own)
        icarus.lint(files["verilog"], tmp_path, top=design.lane.name, parameters=own)


@pytest.mark.parametrize(("name", "choice"), QUICK, ids=identifiers(QUICK))
def test_languages_and_rule_are_proven_equal(name, choice, tmp_path):
    proofs = verify(RULES[name], build_lane(RULES[name]), choice, tmp_path, time_limit=120)
    assert [proof for proof in proofs if not proof.holds] == []
    assert len(proofs) >= len(RULES[name].state)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "choice"), CASES, ids=identifiers(CASES))
def test_more_configurations_are_proven(name, choice, tmp_path):
    test_languages_and_rule_are_proven_equal(name, choice, tmp_path)
