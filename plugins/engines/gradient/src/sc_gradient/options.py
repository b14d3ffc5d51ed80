"""The options that every gradient learner has."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from sc_gradient.losses import RatePenalty, find_loss
from sc_gradient.optimisers import OptimiserOptions
from sc_gradient.surrogates import Surrogate


def _check_loss(instance: Any, attribute: attrs.Attribute[Any], value: str | dict[str, Any]) -> None:
    find_loss(value)


@attrs.frozen
class GradientOptions(OptimiserOptions):
    """Options of a gradient learner, beside those of the optimiser.

    Parameters
    ----------
    loss_fn : str or dict
        A key of `LOSSES`, or a table with that name and the loss's options.
    rate_penalties : sequence of RatePenalty
        Added to the loss.
    lr : float
        Learning rate; a scheduler may change it.
    surrogate : {"fast_sigmoid", "arctan", "triangle"}
    surrogate_slope : float
        Steepness of the surrogate (beta).
    surrogate_scale : float
        Height of the surrogate at the threshold.
    through_reset : bool
        Whether the gradient passes through the reset.
    """

    loss_fn: str | dict[str, Any] = attrs.field(default="cross_entropy", validator=_check_loss)
    rate_penalties: tuple[RatePenalty, ...] = attrs.field(default=(), converter=tuple)
    lr: float = attrs.field(default=1e-3, validator=attrs.validators.gt(0))
    surrogate: Literal["fast_sigmoid", "arctan", "triangle"] = attrs.field(
        default="fast_sigmoid", validator=attrs.validators.in_(("fast_sigmoid", "arctan", "triangle"))
    )
    surrogate_slope: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    surrogate_scale: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    through_reset: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def surrogate_derivative(self) -> Surrogate:
        """Return the surrogate that these options describe."""
        return Surrogate(self.surrogate, self.surrogate_slope, self.surrogate_scale)
