"""The environment: something that a network acts on, in episodes that run side by side."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Environment(Protocol):
    """Many episodes side by side, each ended by the environment: at its goal, by a failure or by a time limit.

    Attributes
    ----------
    n_observations : int
        Numbers that are observed in each step.
    n_actions : int
        Actions to choose from.
    """

    n_observations: int
    n_actions: int

    def reset(self, seeds: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Begin an episode for each of `seeds`, (n,), in place of those before.

        An episode depends on its seed and on the actions in it alone. Returns the observations, (n, n_observations).
        """
        ...

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]], NDArray[np.bool_]]:
        """Take an action, (n,), in each episode.

        Returns the observations, (n, n_observations), the rewards, (n,), and which episodes have ended, (n,). What
        is returned for an episode after its end is of no effect.
        """
        ...
