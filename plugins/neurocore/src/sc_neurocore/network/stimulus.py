"""A stimulus with the signature of existing scripts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import sc_core
from sc_core.contracts import State
from sc_core.errors import ConfigurationError
from sc_core.simulation import ArrayStimulus
from sc_core.simulation.stimuli import Events


class PoissonInput:
    """Random input: each neuron receives `weight` in a step with the probability ``rate_hz * dt``.

    Parameters
    ----------
    n : int
        How many neurons it drives: the first of its target.
    rate_hz : float
    weight : float
        The current.
    dt : float, default 0.001
        Length of a step, **seconds**.
    seed : int, default 42

    Attributes
    ----------
    target : Population or None
        What it drives; the network's first population while None.

    Raises
    ------
    ConfigurationError
        If ``rate_hz * dt`` is no probability.

    Examples
    --------
    >>> PoissonInput(3, rate_hz=1000.0, weight=0.5).get_current(0)
    array([0.5, 0.5, 0.5])
    """

    def __init__(self, n: int, rate_hz: float, weight: float, dt: float = 0.001, seed: int = 42) -> None:
        if not 0 <= rate_hz * dt <= 1:
            raise ConfigurationError(
                "rate_hz", f"times dt must lie between 0 and 1, got {rate_hz!r} * {dt!r}"
            )
        self.n, self.rate_hz, self.weight, self.dt = n, rate_hz, weight, dt
        self.target: sc_core.Population | None = None
        self._rng = np.random.default_rng(seed)

    def check(self, name: str, n: int, n_steps: int, dt: float) -> None:
        """Refuse to drive more neurons than the population has."""
        if self.n > n:
            raise ConfigurationError("n", f"must be at most {n}, the neurons of {name!r}, got {self.n}")

    def events(self, first: int, n_steps: int, n: int, dt: float, spikes: bool) -> Events:
        """Draw the values of the next `n_steps` steps, as a simulation asks for them."""
        values = np.zeros((n_steps, n))
        for step in range(n_steps):
            values[step, : self.n] = self.get_current(first + step)
        return ArrayStimulus(values).events(0, n_steps, n, dt, spikes)

    def state_dict(self) -> State:
        """Return the state of the random numbers."""
        return {"rng": self._rng.bit_generator.state}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self._rng.bit_generator.state = state["rng"]

    def get_current(self, t_step: int) -> NDArray[np.float64]:
        """Return the currents of the next step, shape (n,); `t_step` is of no effect."""
        return np.where(self._rng.random(self.n) < self.rate_hz * self.dt, self.weight, 0.0)
