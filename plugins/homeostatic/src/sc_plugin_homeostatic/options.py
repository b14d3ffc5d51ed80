"""The plasticity's options."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs
from attrs.validators import gt, in_, optional


def _finite(instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name} must be finite, got {value!r}")


@attrs.frozen
class HomeostaticOptions:
    """Options of `HomeostaticPlasticity` (specs/homeostatic.md).

    Parameters
    ----------
    target_rate : float
        Hz.
    tau : float
        Time constant of the running mean of the rate, ms.
    scope : {"neuron", "population"}
        Each neuron scales its excitatory weights, slowly; or all weights are scaled at once, as documented.
    tau_w : float, optional
        Time constant of the weights, ms, at least 4 `tau`; 10 `tau` unless given.
    w_max : float, optional
        Weights do not grow beyond.
    interval : float, optional
        Time between two scalings, ms, at most `tau`; 100 unless given.
    spike_source : {"spikes", "voltage"}
        What `update` takes for a population's spikes: its spikes, or voltages above 0.9.
    """

    target_rate: float = attrs.field(default=10.0, validator=[gt(0), _finite])
    tau: float = attrs.field(default=1000.0, validator=[gt(0), _finite])
    scope: Literal["neuron", "population"] = attrs.field(
        default="neuron", validator=in_(("neuron", "population"))
    )
    tau_w: float | None = attrs.field(default=None, validator=optional(_finite))
    w_max: float | None = attrs.field(default=None, validator=optional([gt(0), _finite]))
    interval: float | None = attrs.field(default=None, validator=optional([gt(0), _finite]))
    spike_source: Literal["spikes", "voltage"] = attrs.field(
        default="spikes", validator=in_(("spikes", "voltage"))
    )

    @tau_w.validator
    def _check_tau_w(self, attribute: attrs.Attribute[Any], tau_w: float | None) -> None:
        if tau_w is not None and tau_w < 4 * self.tau:
            raise ValueError(
                f"tau_w must be at least 4 tau = {4 * self.tau:g} ms, or rates oscillate; got {tau_w!r}"
            )

    @interval.validator
    def _check_interval(self, attribute: attrs.Attribute[Any], interval: float | None) -> None:
        if interval is not None and interval > self.tau:
            raise ValueError(f"interval must be at most tau = {self.tau:g} ms, got {interval!r}")

    def __attrs_post_init__(self) -> None:
        given = [name for name in ("tau_w", "w_max", "interval") if getattr(self, name) is not None]
        if self.scope == "population" and given:
            raise ValueError(f'{given[0]} is an option of scope = "neuron"')
