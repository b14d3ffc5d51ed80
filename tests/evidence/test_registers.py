"""What is around the stages: wiring, reset, hold, load; and that these proofs can fail."""

from __future__ import annotations

import pytest
from rules_under_test import RULES, by_rule

from sc_hardware.lane import build_lane
from sc_hardware.verification.registers import prove_registers
from sc_hardware.verification.verify import emit_sources

FAULTS = {
    "step": ("weight <= next_weight;", "weight <= next_weight + 1'b1;"),
    "reset: the state": ("weight <= {WEIGHT_BITS{1'b0}};", "weight <= {WEIGHT_BITS{1'b1}};"),
    "hold": ("if (step_en) begin", "if (1'b1) begin"),
    "load": ("weight <= load_weight;", "weight <= next_weight;"),
    "update_done": ("update_done <= step_en & ~load_en;", "update_done <= 1'b1;"),
}


def watched(rule):
    fields = [field.name for field in rule.state]
    return build_lane(rule, read=fields, load=fields[:1])


@pytest.mark.parametrize("name", by_rule())
def test_registers_and_wiring_are_proven(name, tmp_path):
    design = watched(RULES[name])
    emit_sources(design, tmp_path)
    proofs = prove_registers(design, RULES[name].graph.defaults, tmp_path, time_limit=120)
    assert [proof for proof in proofs if not proof.holds] == []
    assert sum(proof.claim.startswith("wiring") for proof in proofs) >= len(RULES[name].state) - 1


@pytest.mark.parametrize(
    "claim",
    [pytest.param(claim, marks=() if claim in ("step", "hold") else pytest.mark.slow) for claim in FAULTS],
)
def test_a_fault_in_the_registers_is_refuted(claim, tmp_path):
    rule = RULES["reward_modulated_stdp"]
    design = watched(rule)
    emit_sources(design, tmp_path)
    lane = tmp_path / f"{design.lane.name}.v"
    right, wrong = FAULTS[claim]
    text = lane.read_text()
    assert text.count(right) == 1
    lane.write_text(text.replace(right, wrong))
    proofs = prove_registers(design, rule.graph.defaults, tmp_path, time_limit=60)
    assert [proof for proof in proofs if proof.claim.startswith(claim) and proof.holds is False]


def test_crossed_wires_are_refuted(tmp_path):
    rule = RULES["reward_modulated_stdp"]
    design = watched(rule)
    emit_sources(design, tmp_path)
    step = tmp_path / f"{design.step.name}.v"
    crossed = step.read_text().replace(".pre_trace(pre_trace)", ".pre_trace(post_trace)")
    step.write_text(crossed)
    proofs = prove_registers(design, rule.graph.defaults, tmp_path, time_limit=60)
    assert {proof.holds for proof in proofs if proof.claim.startswith("wiring")} == {True, False}
