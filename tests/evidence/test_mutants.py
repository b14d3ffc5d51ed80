"""Every mutant of a rule is refuted, or proven to be the same function: the proofs can fail."""

from __future__ import annotations

import attrs
import pytest
from rules_under_test import RULES

from sc_hardware.lane import build_lane
from sc_hardware.verification.against_rule import prove_against_rule
from sc_hardware.verification.mutants import check_mutants, mutants
from sc_hardware.verification.verify import emit_sources

SMALL = {"weight_bits": 6, "trace_bits": 5, "reward_bits": 3, "learning_shift": 2, "trace_decay_shift": 2}


def with_defaults(graph, values):
    declared = tuple(attrs.evolve(p, default=values.get(p.name, p.default)) for p in graph.parameters)
    return attrs.evolve(graph, parameters=declared)


def outcomes(name, values, every, folder):
    graph = with_defaults(RULES[name].graph, values)
    chosen = list(mutants(graph))[::every]
    proofs = check_mutants(graph, chosen, folder, time_limit=120)
    assert len(proofs) == len(chosen)
    assert [proof for proof in proofs.values() if proof.holds is None] == []
    equivalent = sorted(description for description, proof in proofs.items() if proof.holds)
    refuted = len(proofs) - len(equivalent)
    print(f"{name}: {len(proofs)} mutants, {refuted} refuted, equivalent: {equivalent}")
    return refuted, equivalent


def test_mutants_of_small_lanes_are_refuted(tmp_path):
    refuted, equivalent = outcomes("reward_modulated_stdp", SMALL, 1, tmp_path)
    assert refuted > 40
    # A rest of 0 is lost or kept alike; what is cut off again may be short of a bit.
    assert len(equivalent) < 0.35 * refuted


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_mutants_of_default_lanes_are_refuted(name, tmp_path):
    refuted, equivalent = outcomes(name, {}, 1, tmp_path)
    assert refuted > 2 * len(equivalent)


def test_the_proof_against_the_rule_refutes_a_mutant(tmp_path):
    rule = RULES["reward_modulated_stdp"]
    chosen = {m.description: m for m in mutants(rule.graph)}
    for description in ("pairing: subtract becomes add", "weight_change: shift +1"):
        wrong = attrs.evolve(rule, graph=chosen[description].graph)
        design = build_lane(wrong)
        emit_sources(design, tmp_path)
        proofs = prove_against_rule(rule, design, {}, tmp_path, time_limit=60)
        assert [proof for proof in proofs if proof.holds is False], description
