"""Neuron models in whole numbers: parameters and one step (specs/integer-network.md, eq. 2-5)."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError

Integers: TypeAlias = NDArray[np.int64]


def _integer(low: int, high: int) -> Any:
    """Return a validator for integers from `low` to `high`, which bool is none of."""

    def validate(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{attribute.name} must be an integer, got {value!r}")
        if not low <= value <= high:
            raise ValueError(f"{attribute.name} must be from {low} to {high}, got {value}")

    return validate


def signed_limits(bits: int) -> tuple[int, int]:
    """Return the smallest and the largest signed number of `bits` bits.

    Examples
    --------
    >>> signed_limits(8)
    (-128, 127)
    """
    return -(1 << bits - 1), (1 << bits - 1) - 1


def saturate(values: Integers, bits: int) -> Integers:
    """Limit `values` to the signed range of `bits` bits."""
    return np.clip(values, *signed_limits(bits))


@attrs.frozen
class IntegerInput:
    """Hands on the spikes that it is given."""

    spiking = True


@attrs.frozen(kw_only=True)
class IntegerLI:
    """Leaky integrator: a readout whose membrane is read.

    Parameters
    ----------
    decay_multiplier, decay_shift : int
        The leak per step is ``decay_multiplier / 2**decay_shift`` of the membrane.
    membrane_bits, current_bits : int
        Widths, signed, 4 to 32.

    Examples
    --------
    >>> import numpy as np
    >>> neuron = IntegerLI(decay_multiplier=1, decay_shift=2)
    >>> neuron.integrate(np.array([100]), np.array([5]))
    array([80])
    """

    decay_multiplier: int = attrs.field(validator=_integer(0, 2**16 - 1))
    decay_shift: int = attrs.field(validator=_integer(0, 16))
    membrane_bits: int = attrs.field(default=16, validator=_integer(4, 32))
    current_bits: int = attrs.field(default=16, validator=_integer(4, 32))

    spiking = False

    def __attrs_post_init__(self) -> None:
        if self.decay_multiplier > 1 << self.decay_shift:
            raise ConfigurationError(
                "decay_multiplier",
                f"must be at most 2**decay_shift = {1 << self.decay_shift}, got {self.decay_multiplier}",
            )

    def integrate(self, membrane: Integers, total: Integers) -> Integers:
        """Return u[t] from v[t-1] and the exact sum of what arrives (eq. 1-3)."""
        half = 1 << self.decay_shift - 1 if self.decay_shift else 0
        leak = (membrane * self.decay_multiplier + half) >> self.decay_shift
        return saturate(membrane - leak + saturate(total, self.current_bits), self.membrane_bits)


@attrs.frozen(kw_only=True)
class IntegerLIF(IntegerLI):
    """Leaky integrate-and-fire neuron.

    Parameters
    ----------
    threshold : int
        Counted from the resting value, as the membrane is; at least 1.
    reset : {"subtract", "to_value"}
        After a spike subtract ``threshold - reset_value``, or set the membrane to `reset_value`.
    reset_value : int
        Below `threshold`.
    refractory_steps : int
        Steps after a spike in which the neuron neither integrates nor fires, 0 to 255.
    decay_multiplier, decay_shift, membrane_bits, current_bits
        As in `IntegerLI`.

    Examples
    --------
    >>> import numpy as np
    >>> neuron = IntegerLIF(decay_multiplier=1, decay_shift=2, threshold=90)
    >>> neuron.integrate(np.array([100]), np.array([15]))
    array([90])
    >>> neuron.fire(np.array([90]), np.array([False]))
    (array([ True]), array([0]))
    """

    threshold: int = attrs.field(validator=_integer(1, 2**31 - 1))
    reset: Literal["subtract", "to_value"] = attrs.field(
        default="subtract", validator=attrs.validators.in_(("subtract", "to_value"))
    )
    reset_value: int = attrs.field(default=0, validator=_integer(-(2**31), 2**31 - 1))
    refractory_steps: int = attrs.field(default=0, validator=_integer(0, 255))

    spiking = True

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        low, high = signed_limits(self.membrane_bits)
        if self.threshold > high:
            needed = self.threshold.bit_length() + 1
            raise ConfigurationError(
                "threshold",
                f"{self.threshold} does not fit membrane_bits = {self.membrane_bits}; {needed} would do",
            )
        if not low <= self.reset_value < self.threshold:
            raise ConfigurationError(
                "reset_value", f"must be from {low} to below the threshold, got {self.reset_value}"
            )

    def fire(self, integrated: Integers, held: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Integers]:
        """Return z[t] and v[t] from u[t] (eq. 4 and 5); refractory neurons are `held`."""
        spiking = (integrated >= self.threshold) & ~held
        if self.reset == "to_value":
            return spiking, np.where(spiking, self.reset_value, integrated)
        lowered = saturate(integrated - (self.threshold - self.reset_value), self.membrane_bits)
        return spiking, np.where(spiking, lowered, integrated)


IntegerNeuron: TypeAlias = IntegerInput | IntegerLI | IntegerLIF
