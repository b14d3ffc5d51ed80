"""The options that every gradient learner has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from sc_core.errors import ConfigurationError
from sc_gradient.learned_parameters import Wanted
from sc_gradient.losses import RatePenalty, find_loss
from sc_gradient.optimisers import OptimiserOptions
from sc_gradient.surrogates import Surrogate


def _check_loss(instance: Any, attribute: attrs.Attribute[Any], value: str | dict[str, Any]) -> None:
    find_loss(value)


def _unchangeable(wanted: Wanted) -> tuple[str, ...] | dict[str, tuple[str, ...]]:
    """Take lists, too, but not a single string, which would fall apart into letters."""
    if isinstance(wanted, Mapping):
        return {population: _unchangeable(names) for population, names in wanted.items()}  # type: ignore[misc]
    if isinstance(wanted, str):
        raise ConfigurationError("learned_parameters", f"must be a list of names or a table, got {wanted!r}")
    return tuple(wanted)


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
    learned_parameters : sequence of str, or mapping of str to sequence of str
        Parameters of neurons that are learned beside the weights, one value per neuron: names, for every population
        whose model has them (``["tau", "v_threshold"]``), or names by population (``{"hidden": ["tau"]}``).
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
    learned_parameters: tuple[str, ...] | dict[str, tuple[str, ...]] = attrs.field(
        default=(), converter=_unchangeable
    )

    def surrogate_derivative(self) -> Surrogate:
        """Return the surrogate that these options describe."""
        return Surrogate(self.surrogate, self.surrogate_slope, self.surrogate_scale)
