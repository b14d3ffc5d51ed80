"""Two more rules, small and whole: spike-timing dependent plasticity of pairs, and a threshold that finds its rate.

They show the language (specs/rules.md, "Examples"), and backends are tested on them.
"""

from __future__ import annotations

from typing import Any

from sc_hardware.rules import (
    Bit,
    Parameter,
    Postsynaptic,
    Presynaptic,
    Unsigned,
    rule,
    saturate,
    select,
    shift_right,
)


@rule(
    state={
        "weight": Unsigned("weight_bits"),
        "pre_trace": Presynaptic(Unsigned("trace_bits")),
        "post_trace": Postsynaptic(Unsigned("trace_bits")),
    },
    inputs={"pre_spike": Presynaptic(Bit), "post_spike": Postsynaptic(Bit)},
    parameters={
        "weight_bits": Parameter(1, 31, default=12),
        "trace_bits": Parameter(2, 30, default=10),
        "trace_decay_shift": Parameter(0, 30, default=4),
        "amplitude": Parameter(1, 255, default=200),
        "potentiation_shift": Parameter(0, 30, default=3),
        "depression_shift": Parameter(0, 30, default=2),
    },
)
def pair_stdp(state: Any, inputs: Any, params: Any) -> Any:
    """Spike-timing dependent plasticity of all pairs, with traces that saturate."""
    faded_pre_trace = state.pre_trace - shift_right(
        state.pre_trace, params.trace_decay_shift, "away_from_zero"
    )
    faded_post_trace = state.post_trace - shift_right(
        state.post_trace, params.trace_decay_shift, "away_from_zero"
    )
    raised_pre_trace = faded_pre_trace + select(inputs.pre_spike, params.amplitude, 0)
    raised_post_trace = faded_post_trace + select(inputs.post_spike, params.amplitude, 0)
    potentiation = select(inputs.post_spike, state.pre_trace >> params.potentiation_shift, 0)
    depression = select(inputs.pre_spike, state.post_trace >> params.depression_shift, 0)
    weight_sum = state.weight + (potentiation - depression)
    return state.replace(
        weight=saturate(weight_sum, Unsigned(params.weight_bits)),
        pre_trace=saturate(raised_pre_trace, Unsigned(params.trace_bits)),
        post_trace=saturate(raised_post_trace, Unsigned(params.trace_bits)),
    )


@rule(
    state={"threshold": Postsynaptic(Unsigned("threshold_bits"))},
    inputs={"post_spike": Postsynaptic(Bit)},
    parameters={
        "threshold_bits": Parameter(2, 31, default=16),
        "rate_shift": Parameter(1, 20, default=6),
    },
)
def homeostatic_threshold(state: Any, inputs: Any, params: Any) -> Any:
    """Threshold that stands still at 2^-rate_shift spikes per step: it falls in silence and rises with spikes."""
    rise = (1 << params.rate_shift) - 1
    change = select(inputs.post_spike, rise, -1)
    moved = state.threshold + change
    return state.replace(threshold=saturate(moved, Unsigned(params.threshold_bits)))
