"""Properties of the emitted lanes of online-o1, proven on the Verilog; and that each of these proofs can fail."""

from __future__ import annotations

import pytest
import z3
from rules_under_test import RULES

from sc_hardware.lane import build_lane
from sc_hardware.verification.against_rule import read_stages
from sc_hardware.verification.bounds import prove_bounds
from sc_hardware.verification.solving import prove
from sc_hardware.verification.verify import emit_sources

NAMES = ("reward_modulated_stdp", "fading_reward_modulated_stdp")
LARGEST = {
    "weight_bits": 31,
    "trace_bits": 30,
    "reward_bits": 30,
    "learning_shift": 0,
    "trace_decay_shift": 1,
}


def product_of(term):
    """Return the product within a term."""
    if z3.is_app_of(term, z3.Z3_OP_BMUL):
        return term
    found = (product_of(child) for child in term.children())
    return next((product for product in found if product is not None), None)


def no_reward_keeps_the_weight(traces, weights):
    return z3.Implies(
        weights.inputs["reward"] == 0, weights.outputs["next_weight"] == weights.inputs["weight"]
    )


def the_weight_goes_where_the_product_points(traces, weights):
    """It never wraps around. The product is any number: no multiplier has to be understood."""
    before, after = weights.inputs["weight"], weights.outputs["next_weight"]
    product = product_of(after)
    change = z3.BitVec("product", product.size())
    after = z3.substitute(after, (product, change))
    return z3.And(
        z3.Implies(change >= 0, z3.UGE(after, before)), z3.Implies(change <= 0, z3.ULE(after, before))
    )


def traces_rise_by_spikes_alone(traces, weights):
    claims = []
    for side in ("pre", "post"):
        before, after = traces.inputs[f"{side}_trace"], traces.outputs[f"next_{side}_trace"]
        spike, largest = traces.inputs[f"{side}_spike"], z3.BitVecVal(-1, before.size())
        claims += [z3.Implies(spike, after == largest), z3.Implies(z3.Not(spike), z3.ULE(after, before))]
    return z3.And(*claims)


def silence_brings_the_eligibility_nearer_to_0(traces, weights):
    before, after = traces.inputs["eligibility"], traces.outputs["next_eligibility"]
    silent = z3.Not(z3.Or(traces.inputs["pre_spike"], traces.inputs["post_spike"]))
    nearer = z3.If(before < 0, z3.And(before <= after, after <= 0), z3.And(after >= 0, after <= before))
    return z3.Implies(silent, nearer)


def one_spike_moves_the_eligibility_to_its_own_side(traces, weights):
    """It never wraps around: after the other's spike up, before it down, at most by what has decayed less."""
    before, after = traces.inputs["eligibility"], traces.outputs["next_eligibility"]
    pre, post = traces.inputs["pre_spike"], traces.inputs["post_spike"]
    return z3.And(
        z3.Implies(z3.And(post, z3.Not(pre)), after >= z3.If(before < 0, before, 0)),
        z3.Implies(z3.And(pre, z3.Not(post)), after <= z3.If(before > 0, before, 0)),
    )


FAULTS = {
    no_reward_keeps_the_weight: ("next_weight = next_weight_clamped", "next_weight = ~next_weight_clamped"),
    the_weight_goes_where_the_product_points: ("(weight_sum < 0) ? 0 :", "(weight_sum < 0) ? weight_sum :"),
    traces_rise_by_spikes_alone: ("next_pre_trace = pre_spike ?", "next_pre_trace = !pre_spike ?"),
    silence_brings_the_eligibility_nearer_to_0: (">>> TRACE_DECAY_SHIFT", "<<< TRACE_DECAY_SHIFT"),
    one_spike_moves_the_eligibility_to_its_own_side: (
        "\n        NEXT_ELIGIBILITY_MAXIMUM;",
        "\n        eligibility_sum;",
    ),
}
"""Every property with what breaks it in the emitted text."""


def emitted(name, folder):
    design = build_lane(RULES[name])
    emit_sources(design, folder)
    return design


def stages(design, choice, folder):
    return read_stages(design, choice, folder).values()


@pytest.mark.parametrize("choice", [{}, LARGEST], ids=["default", "largest"])
@pytest.mark.parametrize("name", NAMES)
def test_they_hold(name, choice, tmp_path):
    rule = RULES[name]
    terms = stages(emitted(name, tmp_path), {**rule.graph.defaults, **choice}, tmp_path)
    for claim in FAULTS:
        assert prove(claim.__name__, claim(*terms), time_limit=60).holds, claim.__name__


def broken(name, right, wrong, folder):
    """Emit a lane with a fault, which is in one place."""
    design = emitted(name, folder)
    files = [folder / f"{stage.name}.v" for stage in design.stages]
    assert sum(file.read_text().count(right) for file in files) >= 1
    for file in files:
        file.write_text(file.read_text().replace(right, wrong))
    return design


@pytest.mark.parametrize("claim", FAULTS)
def test_a_fault_refutes(claim, tmp_path):
    rule = RULES[NAMES[0]]
    design = broken(NAMES[0], *FAULTS[claim], tmp_path)
    terms = stages(design, rule.graph.defaults, tmp_path)
    assert prove(claim.__name__, claim(*terms), time_limit=60).holds is False


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(weight_sum < 0) ? 0 :", "(weight_sum < 0) ? weight_sum :"),
        ("~({WEIGHT_SUM_BITS{1'b1}} << WEIGHT_BITS)", "~({WEIGHT_SUM_BITS{1'b1}} << (WEIGHT_BITS - 1))"),
        ("<< (TRACE_BITS - 1));", "<< TRACE_BITS);"),
    ],
)
def test_a_field_that_leaves_its_bounds_is_refuted(right, wrong, tmp_path):
    rule = RULES[NAMES[0]]
    proofs = prove_bounds(rule, broken(NAMES[0], right, wrong, tmp_path), {}, tmp_path, time_limit=60)
    assert {proof.holds for proof in proofs} == {True, False}
