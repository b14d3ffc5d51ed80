"""The rule's options."""

from __future__ import annotations

import math
from typing import Any

import attrs
from attrs.validators import ge, gt, optional


def _finite(instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name} must be finite, got {value!r}")


_POSITIVE = [gt(0.0), _finite]
_NOT_NEGATIVE = [ge(0.0), _finite]


@attrs.frozen(kw_only=True)
class RewardModulatedSTDPOptions:
    """Options of `RewardModulatedSTDP` (specs/rstdp.md).

    Parameters
    ----------
    learning_rate : float
        Change of a weight per ms where reward trace and eligibility are 1.
    a_plus, a_minus : float
        What a pair of spikes adds to the eligibility, post after pre, and takes off it, pre after post.
    tau_plus, tau_minus : float
        Time constants of the presynaptic and of the postsynaptic trace, ms.
    tau_eligibility, tau_reward : float
        Those of the eligibility and of the reward trace, ms.
    tau_baseline : float, optional
        That of the running mean that is subtracted from the reward, ms; nothing is subtracted unless given.
    w_min, w_max : float
        Bounds of a weight's magnitude; no upper one unless given.
    """

    learning_rate: float = attrs.field(default=1e-4, validator=_NOT_NEGATIVE)
    a_plus: float = attrs.field(default=1.0, validator=_NOT_NEGATIVE)
    a_minus: float = attrs.field(default=1.05, validator=_NOT_NEGATIVE)
    tau_plus: float = attrs.field(default=20.0, validator=_POSITIVE)
    tau_minus: float = attrs.field(default=20.0, validator=_POSITIVE)
    tau_eligibility: float = attrs.field(default=1000.0, validator=_POSITIVE)
    tau_reward: float = attrs.field(default=200.0, validator=_POSITIVE)
    tau_baseline: float | None = attrs.field(default=None, validator=optional(_POSITIVE))
    w_min: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    w_max: float | None = attrs.field(default=None, validator=optional(_POSITIVE))

    @w_max.validator
    def _check_bounds(self, attribute: attrs.Attribute[Any], w_max: float | None) -> None:
        if w_max is not None and not self.w_min < w_max:
            raise ValueError(f"w_max must be above w_min = {self.w_min}, got {w_max}")


def gain(options: RewardModulatedSTDPOptions, dt: float) -> float:
    """Return by how much a weight changes in a step that begins with reward trace and eligibility 1 (eq. 1)."""
    together = 1.0 / (1.0 / options.tau_eligibility + 1.0 / options.tau_reward)
    return -options.learning_rate * together * math.expm1(-dt / together)


def follow_baseline(options: RewardModulatedSTDPOptions, dt: float) -> float:
    """Return which share of the surprise the running mean takes up in a step (eq. 7)."""
    return 0.0 if options.tau_baseline is None else -math.expm1(-dt / options.tau_baseline)
