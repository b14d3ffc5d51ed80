"""The exponential schedule: a rate that falls by the same factor at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from attrs.validators import ge, gt, optional

from sc_core import scheduling

if TYPE_CHECKING:
    from sc_core.contracts import Learner


@attrs.frozen
class ExponentialOptions:
    """What a run's table ``[scheduler]`` may say.

    Parameters
    ----------
    lr_init : float, optional
        Rate before the first update; the learner's unless given.
    gamma : float, default 0.999
        What the rate is multiplied by at each update.
    """

    lr_init: float | None = attrs.field(default=None, validator=optional(ge(0)))
    gamma: float = attrs.field(default=0.999, validator=gt(0))


@attrs.define(eq=False)
class ExponentialScheduler:
    """Exponential decay: after n calls of `step` the rate is ``lr_init * gamma ** n``.

    Parameters
    ----------
    lr_init : float
        Rate before the first step, at least 0.
    gamma : float, default 0.999
        The factor of each step, above 0.

    Attributes
    ----------
    lr : float
        The rate that the last `step` returned; `lr_init` before the first.

    Raises
    ------
    ConfigurationError
        If an argument is impossible; the message names it.

    Examples
    --------
    >>> scheduler = ExponentialScheduler(lr_init=1.0, gamma=0.5)
    >>> [scheduler.step() for _ in range(3)]
    [0.5, 0.25, 0.125]
    """

    Options: ClassVar[type[ExponentialOptions]] = ExponentialOptions

    lr_init: float = scheduling.rate()
    gamma: float = scheduling.factor(default=0.999)
    lr: float = scheduling.rate(init=False)
    _steps: int = scheduling.steps_taken()

    def __attrs_post_init__(self) -> None:
        self.lr = self.lr_init

    @classmethod
    def from_run(cls, learner: Learner, total_steps: int, /, **options: Any) -> Self:
        """Construct with the learner's rate, where `options` do not say otherwise."""
        chosen = ExponentialOptions(**options)
        return cls(learner.lr if chosen.lr_init is None else chosen.lr_init, chosen.gamma)

    def step(self) -> float:
        """Advance by one update and return its rate."""
        self._steps += 1
        self.lr = scheduling.decayed(self.lr_init, self.gamma, self._steps)
        return self.lr

    def reset(self) -> None:
        """Do nothing: the schedule has no phases to begin again."""

    state_dict = scheduling.state_dict
    load_state_dict = scheduling.load_state_dict
