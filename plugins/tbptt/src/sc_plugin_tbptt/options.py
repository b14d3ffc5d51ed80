"""The learner's options."""

from __future__ import annotations

from typing import Literal

import attrs

from sc_gradient import GradientOptions


@attrs.frozen
class TBPTTOptions(GradientOptions):
    """Options of `TBPTTLearner`, beside those of every gradient learner.

    Parameters
    ----------
    k : int
        Steps of a window.
    update : {"window", "sequence"}
        Whether weights change after each window or once after the sequence, by the sum of the gradients.
    """

    k: int = attrs.field(default=50, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)])
    update: Literal["window", "sequence"] = attrs.field(
        default="window", validator=attrs.validators.in_(("window", "sequence"))
    )
