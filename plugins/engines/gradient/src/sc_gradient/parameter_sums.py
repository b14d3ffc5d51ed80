"""What a step adds to the sums behind the gradients of neurons' parameters, in NumPy (specs/bptt.md, eq. 18-22).

The reference of native_c/csrc/parameter_gradient.inc. Arrays have shape (batch, n).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_core.simulation import PopulationArrays

Array: TypeAlias = NDArray[Any]
Sums: TypeAlias = dict[str, Array]


def membrane_before(population: PopulationArrays, history: int, t: int) -> Array:
    """Return v[t-1]: after the reset, or what the window began with."""
    if t == 0:
        assert population.initial_membrane is not None  # its parameters are learned  # noqa: S101
        return population.initial_membrane
    output, c = population.output[history + t - 1], population.coefficients
    if population.membrane_record is None:
        readout: Array = output
        return readout  # its output is its membrane
    u = population.membrane_record[t - 1]
    if c.reset_to_value:
        return np.where(output != 0, c["reset_value"], u)
    before: Array = u - output * (c["threshold"] - c["reset_value"])
    return before


def add_membrane_decay(sums: Sums, gu: Array, before: Array, u: Array) -> None:
    """Add eq. 18 but for its denominator; `gu` is 0 where a neuron was refractory."""
    sums["membrane_decay_sum"] = sums["membrane_decay_sum"] + gu * (before - u)


def add_threshold(sums: Sums, through_spike: Array, through_reset: Array | float) -> None:
    """Add eq. 21, `through_spike` = gz s, `through_reset` = gv z of a reset that subtracts."""
    sums["threshold_sum"] = sums["threshold_sum"] - (through_spike + through_reset)


def add_synaptic_decay(sums: Sums, gi: Array, before: Array) -> None:
    """Add eq. 19, `before` = i[t-1]."""
    sums["synaptic_decay_sum"] = sums["synaptic_decay_sum"] + gi * before


def add_adaptation(sums: Sums, ga: Array, adaptation: Array, z: Array, through_spike: Array) -> None:
    """Add eq. 20 and 22, `ga` = dL/da[t+1], `adaptation` = a[t]."""
    sums["adaptation_decay_sum"] = sums["adaptation_decay_sum"] + ga * (adaptation - z)
    sums["strength_sum"] = sums["strength_sum"] - through_spike * adaptation
