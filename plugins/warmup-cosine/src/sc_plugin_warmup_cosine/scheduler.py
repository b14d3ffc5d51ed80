"""Warm-up, then cosine: a rate that rises linearly from 0 and falls along half a cosine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from attrs.validators import ge, optional

from sc_core import scheduling
from sc_core.errors import ConfigurationError

if TYPE_CHECKING:
    from sc_core.contracts import Learner


@attrs.frozen
class WarmupCosineOptions:
    """What a run's table ``[scheduler]`` may say.

    Parameters
    ----------
    warmup_steps : int
        Number of updates on the way up.
    lr_init : float, optional
        Rate at the top; the learner's unless given.
    lr_min : float, default 0
        Rate at the end.
    total_steps : int, optional
        Number of updates on the way up and down; all of the run's unless given.
    """

    warmup_steps: int = attrs.field(validator=ge(1))
    lr_init: float | None = attrs.field(default=None, validator=optional(ge(0)))
    lr_min: float = attrs.field(default=0.0, validator=ge(0))
    total_steps: int | None = attrs.field(default=None, validator=optional(ge(1)))


@attrs.define(eq=False)
class WarmupCosineScheduler:
    """Linear warm-up, then cosine annealing without restarts.

    After n calls of `step` the rate is ``lr_init n / warmup_steps`` up to step `warmup_steps`, then ``lr_min +
    (lr_init - lr_min) (1 + cos(pi min(m / (total_steps - warmup_steps), 1))) / 2`` with ``m = n - warmup_steps``.

    Parameters
    ----------
    lr_init : float
        Rate at the top, not below `lr_min`.
    lr_min : float
        Rate from step `total_steps` on, at least 0.
    warmup_steps : int
        Number of steps on the way up, at least 1.
    total_steps : int
        Number of steps on the way up and down, more than `warmup_steps`.

    Attributes
    ----------
    lr : float
        The rate that the last `step` returned; 0 before the first.

    Raises
    ------
    ConfigurationError
        If an argument is impossible; the message names it.

    References
    ----------
    P. Goyal et al.: Accurate, large minibatch SGD: training ImageNet in 1 hour. arXiv 1706.02677, 2017, section
    2.2 (the warm-up).

    I. Loshchilov, F. Hutter: SGDR: Stochastic gradient descent with warm restarts. ICLR 2017, equation 5.

    Examples
    --------
    >>> scheduler = WarmupCosineScheduler(lr_init=0.1, lr_min=0.0, warmup_steps=2, total_steps=4)
    >>> [round(scheduler.step(), 3) for _ in range(5)]
    [0.05, 0.1, 0.05, 0.0, 0.0]
    """

    Options: ClassVar[type[WarmupCosineOptions]] = WarmupCosineOptions

    lr_init: float = scheduling.rate()
    lr_min: float = scheduling.rate()
    warmup_steps: int = scheduling.count()
    total_steps: int = scheduling.count()
    lr: float = scheduling.rate(init=False)
    _steps: int = scheduling.steps_taken()

    def __attrs_post_init__(self) -> None:
        if self.lr_min > self.lr_init:
            raise ConfigurationError(
                "lr_min", f"must not be above lr_init = {self.lr_init}, got {self.lr_min}"
            )
        if self.warmup_steps >= self.total_steps:
            raise ConfigurationError(
                "warmup_steps", f"must be below total_steps = {self.total_steps}, got {self.warmup_steps}"
            )
        self.reset()

    @classmethod
    def from_run(cls, learner: Learner, total_steps: int, /, **options: Any) -> Self:
        """Construct with the learner's rate and the run's length, where `options` do not say otherwise."""
        chosen = WarmupCosineOptions(**options)
        return cls(
            learner.lr if chosen.lr_init is None else chosen.lr_init,
            chosen.lr_min,
            chosen.warmup_steps,
            total_steps if chosen.total_steps is None else chosen.total_steps,
        )

    def step(self) -> float:
        """Advance by one update and return its rate."""
        self._steps += 1
        after_warmup = self._steps - self.warmup_steps
        if after_warmup <= 0:
            self.lr = self.lr_init * (self._steps / self.warmup_steps)
        else:
            progress = after_warmup / (self.total_steps - self.warmup_steps)
            self.lr = scheduling.cosine(self.lr_init, self.lr_min, progress)
        return self.lr

    def reset(self) -> None:
        """Start again at 0."""
        self._steps = 0
        self.lr = 0.0

    state_dict = scheduling.state_dict
    load_state_dict = scheduling.load_state_dict
