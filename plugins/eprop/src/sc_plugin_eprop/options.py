"""The learner's options."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from sc_gradient import GradientOptions, find_loss


def _check_loss(instance: Any, attribute: attrs.Attribute[Any], value: str | dict[str, Any]) -> None:
    find_loss(value)


@attrs.frozen
class EpropOptions(GradientOptions):
    """Options of `EpropLearner`, beside those of every gradient learner.

    Parameters
    ----------
    loss_fn : str or dict
        ``"cross_entropy_steps"`` unless given; learning online takes that or ``"mean_square"``.
    surrogate, surrogate_slope, surrogate_scale
        Those of the paper for a threshold of 1 unless given.
    mode : {"online", "stored"}
        Whether eligibility traces go along with the steps, in memory that does not depend on their number, or the
        whole sequence is kept.
    update_every : int or None
        Steps between two updates of the weights; None: one update after the sequence.
    feedback : {"symmetric", "random", "adaptive"}
        By which weights the learning signal reaches the neurons.
    feedback_scale : float
        Of random and adaptive feedback: standard deviation of the first weights times the square root of the number
        of neurons.
    feedback_decay : float
        Of adaptive feedback: decay of feedback and readout weights, per update and learning rate.
    feedback_seed : int
        From which random and adaptive feedback weights are drawn.
    """

    loss_fn: str | dict[str, Any] = attrs.field(default="cross_entropy_steps", validator=_check_loss)
    surrogate: Literal["fast_sigmoid", "arctan", "triangle"] = attrs.field(
        default="triangle", validator=attrs.validators.in_(("fast_sigmoid", "arctan", "triangle"))
    )
    surrogate_slope: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    surrogate_scale: float = attrs.field(default=0.3, validator=attrs.validators.gt(0))
    mode: Literal["online", "stored"] = attrs.field(
        default="online", validator=attrs.validators.in_(("online", "stored"))
    )
    update_every: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional([attrs.validators.instance_of(int), attrs.validators.ge(1)]),
    )
    feedback: Literal["symmetric", "random", "adaptive"] = attrs.field(
        default="symmetric", validator=attrs.validators.in_(("symmetric", "random", "adaptive"))
    )
    feedback_scale: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    feedback_decay: float = attrs.field(default=0.01, validator=attrs.validators.ge(0))
    feedback_seed: int = attrs.field(
        default=0, validator=[attrs.validators.instance_of(int), attrs.validators.ge(0)]
    )

    @update_every.validator
    def _check_mode(self, attribute: attrs.Attribute[int | None], update_every: int | None) -> None:
        if update_every is not None and self.mode == "stored":
            raise ValueError(f"{attribute.name} needs mode='online': a stored sequence is learned as a whole")

    @mode.validator
    def _check_learned(self, attribute: attrs.Attribute[str], mode: str) -> None:
        if self.learned_parameters and mode == "online":
            raise ValueError(
                f"{attribute.name} must be 'stored' for learned_parameters: traces are those of weights"
            )
