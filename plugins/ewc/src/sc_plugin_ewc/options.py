"""The learner's options."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from sc_core.choice import gradient_learner_table


@attrs.frozen
class EWCOptions:
    """Options of `EWCLearner` (specs/ewc.md).

    Parameters
    ----------
    learner : str or dict
        A gradient learner by name, or a table with its name and options.
    ewc_lambda : float
        Strength of the penalty.
    fisher : {"exact", "empirical"}
        Expectation over the classes that the network itself predicts, or squared gradients of the loss.
    variant : {"per_task", "online"}
        One penalty per task, or one that is moved to the latest weights.
    gamma : float
        Of the online variant: what remains of the importance of older tasks when another one ends.
    """

    learner: str | dict[str, Any] = attrs.field(default="bptt", converter=gradient_learner_table)
    ewc_lambda: float = attrs.field(default=100.0, validator=attrs.validators.ge(0))
    fisher: Literal["exact", "empirical"] = attrs.field(
        default="exact", validator=attrs.validators.in_(("exact", "empirical"))
    )
    variant: Literal["per_task", "online"] = attrs.field(
        default="per_task", validator=attrs.validators.in_(("per_task", "online"))
    )
    gamma: float = attrs.field(default=1.0, validator=[attrs.validators.ge(0), attrs.validators.le(1)])

    @gamma.validator
    def _check_gamma(self, attribute: attrs.Attribute[float], gamma: float) -> None:
        if gamma != 1 and self.variant != "online":
            raise ValueError(f'{attribute.name} is an option of variant = "online", got {gamma}')
