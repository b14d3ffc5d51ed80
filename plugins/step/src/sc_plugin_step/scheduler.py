"""The step schedule: a rate that falls by a factor every so many steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from attrs.validators import ge, gt, optional

from sc_core import scheduling

if TYPE_CHECKING:
    from sc_core.contracts import Learner


@attrs.frozen
class StepOptions:
    """What a run's table ``[scheduler]`` may say.

    Parameters
    ----------
    step_size : int
        Number of updates from one fall to the next.
    gamma : float, default 0.1
        What the rate is multiplied by then.
    lr_init : float, optional
        Rate before the first update; the learner's unless given.
    """

    step_size: int = attrs.field(validator=ge(1))
    gamma: float = attrs.field(default=0.1, validator=gt(0))
    lr_init: float | None = attrs.field(default=None, validator=optional(ge(0)))


@attrs.define(eq=False)
class StepScheduler:
    """Step decay: at every `step_size`-th step the rate is multiplied by `gamma`.

    Parameters
    ----------
    lr_init : float
        Rate before the first step, at least 0.
    step_size : int
        Number of steps from one fall to the next, at least 1.
    gamma : float, default 0.1
        The factor, above 0.

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
    >>> scheduler = StepScheduler(lr_init=0.5, step_size=2, gamma=0.5)
    >>> [scheduler.step() for _ in range(5)]
    [0.5, 0.25, 0.25, 0.125, 0.125]
    """

    Options: ClassVar[type[StepOptions]] = StepOptions

    lr_init: float = scheduling.rate()
    step_size: int = scheduling.count()
    gamma: float = scheduling.factor(default=0.1)
    lr: float = scheduling.rate(init=False)
    _base: float = scheduling.rate(init=False)
    _steps: int = scheduling.steps_taken()

    def __attrs_post_init__(self) -> None:
        self.lr = self._base = self.lr_init

    @classmethod
    def from_run(cls, learner: Learner, total_steps: int, /, **options: Any) -> Self:
        """Construct with the learner's rate, where `options` do not say otherwise."""
        chosen = StepOptions(**options)
        lr_init = learner.lr if chosen.lr_init is None else chosen.lr_init
        return cls(lr_init, chosen.step_size, chosen.gamma)

    def step(self) -> float:
        """Advance by one update and return its rate."""
        self._steps += 1
        self.lr = scheduling.decayed(self._base, self.gamma, self._steps // self.step_size)
        return self.lr

    def reset(self) -> None:
        """Count the steps from 0 again; the rate stays as it is."""
        self._base = self.lr
        self._steps = 0

    state_dict = scheduling.state_dict
    load_state_dict = scheduling.load_state_dict
