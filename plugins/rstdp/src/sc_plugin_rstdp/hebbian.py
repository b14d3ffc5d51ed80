"""The formula of the users' documentation: activity that coincides, times reward (specs/rstdp.md)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import ConfigurationError
from sc_plugin_rstdp.eligibility import Eligibility

_DECAY = math.exp(-1.0 / 20.0)
LEARNING_RATE = 0.01


class HebbianTraces:
    """Traces and eligibilities of one projection.

    Parameters
    ----------
    projection : Projection
    tau_reward : float
        Time constant of the eligibilities, steps.
    """

    def __init__(self, projection: Any, tau_reward: float) -> None:
        if not (math.isfinite(tau_reward) and tau_reward > 0):
            raise ConfigurationError("tau_reward", f"must be > 0, got {tau_reward!r}")
        self._projection, self._eligibility = projection, Eligibility(projection)
        self._decay = math.exp(-1.0 / tau_reward)
        self._pre, self._post = np.zeros(projection.source.n), np.zeros(projection.target.n)

    def after_step(self, pre: NDArray[np.float64], post: NDArray[np.float64], reward: float) -> None:
        """Change the weights (eq. 9-11)."""
        projection, eligibility = self._projection, self._eligibility.values
        self._pre = _DECAY * self._pre + pre
        self._post = _DECAY * self._post + post
        source = np.repeat(np.arange(projection.source.n), np.diff(projection.indptr))
        eligibility *= self._decay
        eligibility += self._pre[source] * self._post[projection.indices]
        data = projection.data
        data[:] = np.maximum(data + LEARNING_RATE * reward * eligibility, 0.0)

    def state_dict(self) -> State:
        """Return traces and eligibilities."""
        return {"pre": self._pre, "post": self._post, "eligibility": self._eligibility.values}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self._eligibility.load(state["eligibility"])
        self._pre, self._post = np.array(state["pre"]), np.array(state["post"])
