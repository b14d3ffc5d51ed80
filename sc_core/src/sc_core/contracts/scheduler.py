"""The scheduler: the learning rate as a function of the number of updates."""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

from sc_core.contracts.state import Stateful


@runtime_checkable
class Scheduler(Stateful, Protocol):
    """Yields the learning rate of each update.

    Attributes
    ----------
    lr : float
        The rate that the last `step` returned.
    """

    lr: float

    def step(self) -> float:
        """Advance by one update and return its rate. A run calls this once before each update."""
        ...

    @classmethod
    def from_run(cls, learner: Any, total_steps: int, /, **options: Any) -> Self:
        """Construct from a run.

        Parameters
        ----------
        learner : Learner
            Its ``lr`` is the initial rate unless `options` says otherwise.
        total_steps : int
            How many updates the run will make.
        **options
            What the user gave; a class attribute ``Options`` (a frozen attrs class) lets the run check them.
        """
        ...
