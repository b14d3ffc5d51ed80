"""The rule's options, and the fits of its paper."""

from __future__ import annotations

from typing import Any, Literal

import attrs

_POSITIVE = attrs.validators.gt(0.0)
_NOT_NEGATIVE = attrs.validators.ge(0.0)


@attrs.frozen(kw_only=True)
class STDPOptions:
    """Options of `STDP` (specs/stdp.md).

    Parameters
    ----------
    a_plus, a_minus : float
        How much a pair strengthens and weakens, as a share of the weight's range.
    a3_plus, a3_minus : float
        The same for triplets.
    tau_plus, tau_minus : float
        Time constants of the presynaptic and of the postsynaptic trace, ms.
    tau_x, tau_y : float
        Those of the slow traces of triplets, ms.
    mu_plus, mu_minus : float
        0 is additive, 1 multiplicative.
    w_min, w_max : float
        Bounds of the weights.
    pairing : {"all_to_all", "nearest"}
        All pairs of spikes, or each spike with the last one of the other neuron (symmetric).
    delay : {"axonal", "dendritic"}
        Whether the projection's delay lies before or behind the synapse.
    """

    a_plus: float = attrs.field(default=0.01, validator=_NOT_NEGATIVE)
    a_minus: float = attrs.field(default=0.0105, validator=_NOT_NEGATIVE)
    a3_plus: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    a3_minus: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    tau_plus: float = attrs.field(default=20.0, validator=_POSITIVE)
    tau_minus: float = attrs.field(default=20.0, validator=_POSITIVE)
    tau_x: float = attrs.field(default=101.0, validator=_POSITIVE)
    tau_y: float = attrs.field(default=125.0, validator=_POSITIVE)
    mu_plus: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    mu_minus: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    w_min: float = 0.0
    w_max: float = attrs.field(default=1.0)
    pairing: Literal["all_to_all", "nearest"] = attrs.field(
        default="all_to_all", validator=attrs.validators.in_(("all_to_all", "nearest"))
    )
    delay: Literal["axonal", "dendritic"] = attrs.field(
        default="axonal", validator=attrs.validators.in_(("axonal", "dendritic"))
    )

    @w_max.validator
    def _check_bounds(self, attribute: attrs.Attribute[float], w_max: float) -> None:
        if not self.w_min < w_max:
            raise ValueError(f"must be above w_min = {self.w_min}, got {w_max}")


_CORTEX: dict[str, Any] = {"tau_plus": 16.8, "tau_minus": 33.7}
VISUAL_CORTEX: dict[str, dict[str, Any]] = {
    "full": _CORTEX
    | {
        "a_plus": 5e-10,
        "a3_plus": 6.2e-3,
        "a_minus": 7e-3,
        "a3_minus": 2.3e-4,
        "tau_x": 101.0,
        "tau_y": 125.0,
    },
    "minimal": _CORTEX
    | {"a_plus": 0.0, "a3_plus": 6.5e-3, "a_minus": 7.1e-3, "a3_minus": 0.0, "tau_y": 114.0},
    "full_nearest": _CORTEX
    | {
        "a_plus": 8.8e-11,
        "a3_plus": 5.3e-2,
        "a_minus": 6.6e-3,
        "a3_minus": 3.1e-3,
        "tau_x": 714.0,
        "tau_y": 40.0,
    }
    | {"pairing": "nearest"},
    "minimal_nearest": _CORTEX
    | {"a_plus": 0.0, "a3_plus": 5e-2, "a_minus": 8e-3, "a3_minus": 0.0, "tau_y": 40.0}
    | {"pairing": "nearest"},
}
"""Options of the triplet rule as Pfister & Gerstner 2006 fitted it to visual cortex (table 3)."""
