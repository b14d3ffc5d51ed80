"""The learner's options."""

from __future__ import annotations

from typing import Literal

import attrs

from sc_gradient import GradientOptions


@attrs.frozen
class MetaOptions(GradientOptions):
    """Options of `MetaLearner`, beside those of every gradient learner (specs/maml.md).

    Parameters
    ----------
    inner_lr : float
        Rate of the inner loop's gradient descent.
    outer_lr : float
        Rate of the outer step, in place of `lr`; a scheduler may change it.
    inner_steps : int
        Gradient steps on a task.
    method : {"maml", "reptile"}
    order : {2, 1}
        Of `maml`: the exact meta-gradient, or the one that takes the adapted weights' gradient for it.
    """

    inner_lr: float = attrs.field(default=0.01, validator=attrs.validators.gt(0))
    outer_lr: float = attrs.field(default=0.001, validator=attrs.validators.gt(0))
    inner_steps: int = attrs.field(
        default=5, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)]
    )
    method: Literal["maml", "reptile"] = attrs.field(
        default="maml", validator=attrs.validators.in_(("maml", "reptile"))
    )
    order: Literal[1, 2] = attrs.field(default=2, validator=attrs.validators.in_((1, 2)))
    lr: float = attrs.field(init=False)
    learned_parameters: tuple[str, ...] = attrs.field(init=False, default=())  # only weights are meta-learned

    @lr.default
    def _outer_lr(self) -> float:
        return self.outer_lr
