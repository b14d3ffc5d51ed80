"""What a lane takes on an FPGA, by a formula (specs/online-o1.md, "Resources")."""

from __future__ import annotations

from typing import Any

import attrs

from sc_hardware.lane.multiplier_blocks import Blocks, Product, product
from sc_plugin_online_o1.config import OnlineO1Config, integer

_SCHEMA = "sc-neurocore.online-o1.resource-estimate.v1"
_BRAM18 = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
_BRAM36 = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))


@attrs.frozen
class LookUpTables:
    """Look-up tables per unit of each feature of `features`, fitted by ``benchmarks/resource_estimates.py``."""

    constant: float
    decaying_bits: float
    decaying_shifted_bits: float
    trace_bits: float
    weight_bits: float
    change_beyond_weight: float
    weight_beyond_change: float
    adder_bits: float
    table_bits: float


FAMILIES = {
    "ice40": Blocks(wide=16, narrow=16, slice_bits=16, slice_sign=0, least_product=11, adder=32),
    "ecp5": Blocks(wide=18, narrow=18, slice_bits=18, slice_sign=0, least_product=0, adder=0),
    "xilinx": Blocks(wide=25, narrow=18, slice_bits=18, slice_sign=1, least_product=9, adder=48),
}
COEFFICIENTS = {
    "ice40": LookUpTables(9.8, 5.56, 3.27, 1.99, 2.07, 1.42, -1.27, 0.72, 1.83),
    "ecp5": LookUpTables(10.28, 7.8, 0.07, 3.02, 2.05, 1.36, -0.16, 1.03, 2.18),
    "xilinx": LookUpTables(2.45, 5.85, 1.05, 1.99, 2.02, 0.32, -0.04, 1.0, 1.35),
}
TARGETS = ("generic", *FAMILIES)


@attrs.frozen(kw_only=True)
class ResourceEstimate:
    """What lanes and their memory take; see `OnlineO1LearningEmitter.estimate_resources`."""

    schema_version: str = attrs.field(default=_SCHEMA, init=False)
    target: str
    evidence_class: str = attrs.field(default="static_estimate", init=False)
    n_synapses: int
    per_synapse_state_bits: int
    total_state_bits: int
    bram18_tiles: int
    bram36_tiles: int
    lane_ff_bits: int
    estimated_luts: int
    estimated_dsps: int
    max_update_latency_cycles: int = attrs.field(default=1, init=False)
    hardware_measurement_claimed: bool = attrs.field(default=False, init=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return attrs.asdict(self)


def estimate(config: OnlineO1Config, n_synapses: int, target: str) -> ResourceEstimate:
    """Return what a lane takes; see `OnlineO1LearningEmitter.estimate_resources`."""
    if target not in TARGETS:
        raise ValueError(f"target: must be one of {', '.join(TARGETS)}, got {target!r}")
    number = integer("n_synapses", n_synapses)
    if number < 0:
        raise ValueError(f"n_synapses: must be >= 0, got {number}")
    family = "ice40" if target == "generic" else target
    bits = config.per_synapse_state_bits
    units = attrs.astuple(features(config, family))
    luts = sum(c * unit for c, unit in zip(attrs.astuple(COEFFICIENTS[family]), units, strict=True))
    return ResourceEstimate(
        target=target,
        n_synapses=number,
        per_synapse_state_bits=bits,
        total_state_bits=number * bits,
        bram18_tiles=_tiles(number, bits, _BRAM18),
        bram36_tiles=_tiles(number, bits, _BRAM36),
        lane_ff_bits=flip_flops(config),
        estimated_luts=max(1, round(luts)),
        estimated_dsps=_product(config, family).blocks,
    )


def flip_flops(config: OnlineO1Config) -> int:
    """Return the flip-flops of a lane: its state, and ``update_done``.

    A trace that does not decay is 0 or at its largest: all its bits are the same, and one flip-flop holds them.
    """
    traces = 2 * config.trace_bits if _decays(config) else 2
    return config.weight_bits + config.trace_bits + traces + 1


def features(config: OnlineO1Config, family: str) -> LookUpTables:
    """Return what look-up tables are counted by, each in units of the operators of the rule."""
    change = max(config.reward_bits + config.trace_bits - config.learning_shift, 1)
    decaying = config.trace_bits if _decays(config) else 0
    made = _product(config, family)
    return LookUpTables(
        constant=1,
        decaying_bits=decaying,
        decaying_shifted_bits=max(decaying - config.trace_decay_shift, 0),
        trace_bits=config.trace_bits,
        weight_bits=config.weight_bits,
        change_beyond_weight=max(change - config.weight_bits - 1, 0),
        weight_beyond_change=max(config.weight_bits - change, 0),
        adder_bits=made.adder_bits,
        table_bits=made.table_bits,
    )


def _decays(config: OnlineO1Config) -> bool:
    return 0 < config.trace_decay_shift < config.trace_bits


def _product(config: OnlineO1Config, family: str) -> Product:
    return product(config.trace_bits, config.reward_bits, FAMILIES[family])


def _tiles(words: int, bits: int, shapes: tuple[tuple[int, int], ...]) -> int:
    return min(-(-words // depth) * -(-bits // width) for depth, width in shapes)
