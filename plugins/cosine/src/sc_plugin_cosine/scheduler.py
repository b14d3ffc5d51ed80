"""The cosine schedule: a rate that falls from one value to another along half a cosine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from attrs.validators import ge, optional

from sc_core import scheduling
from sc_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sc_core.contracts import Learner


@attrs.frozen
class CosineOptions:
    """What a run's table ``[scheduler]`` may say.

    Parameters
    ----------
    lr_init : float, optional
        Rate before the first update; the learner's unless given.
    lr_min : float, default 0
        Rate at the end.
    total_steps : int, optional
        Number of updates on the way; all of the run's unless given.
    """

    lr_init: float | None = attrs.field(default=None, validator=optional(ge(0)))
    lr_min: float = attrs.field(default=0.0, validator=ge(0))
    total_steps: int | None = attrs.field(default=None, validator=optional(ge(1)))


@attrs.define(eq=False)
class CosineScheduler:
    """Cosine annealing without restarts.

    After n calls of `step` the rate is ``lr_min + (lr_init - lr_min) (1 + cos(pi min(n / total_steps, 1))) /
    2``.

    Parameters
    ----------
    lr_init : float
        Rate before the first step, not below `lr_min`.
    lr_min : float
        Rate from step `total_steps` on, at least 0.
    total_steps : int
        Number of steps on the way, at least 1.

    Attributes
    ----------
    lr : float
        The rate that the last `step` returned; `lr_init` before the first.

    Raises
    ------
    ConfigurationError
        If an argument is impossible; the message names it.

    References
    ----------
    I. Loshchilov, F. Hutter: SGDR: Stochastic gradient descent with warm restarts. ICLR 2017, equation 5.

    Examples
    --------
    >>> scheduler = CosineScheduler(lr_init=0.1, lr_min=0.0, total_steps=2)
    >>> [round(scheduler.step(), 3) for _ in range(3)]
    [0.05, 0.0, 0.0]
    """

    Options: ClassVar[type[CosineOptions]] = CosineOptions

    lr_init: float = scheduling.rate()
    lr_min: float = scheduling.rate()
    total_steps: int = scheduling.count()
    lr: float = scheduling.rate(init=False)
    _steps: int = scheduling.steps_taken()

    def __attrs_post_init__(self) -> None:
        if self.lr_min > self.lr_init:
            raise ConfigurationError(
                "lr_min", f"must not be above lr_init = {self.lr_init}, got {self.lr_min}"
            )
        self.reset()

    @classmethod
    def from_run(cls, learner: Learner, total_steps: int, /, **options: Any) -> Self:
        """Construct with the learner's rate and the run's length, where `options` do not say otherwise."""
        chosen = CosineOptions(**options)
        return cls(
            learner.lr if chosen.lr_init is None else chosen.lr_init,
            chosen.lr_min,
            total_steps if chosen.total_steps is None else chosen.total_steps,
        )

    def step(self) -> float:
        """Advance by one update and return its rate."""
        self._steps += 1
        self.lr = scheduling.cosine(self.lr_init, self.lr_min, self._steps / self.total_steps)
        return self.lr

    def reset(self) -> None:
        """Start again at `lr_init`."""
        self._steps = 0
        self.lr = self.lr_init

    state_dict = scheduling.state_dict
    load_state_dict = scheduling.load_state_dict
