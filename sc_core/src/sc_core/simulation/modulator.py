"""The third factor of a simulation's rules: a number, one for each step, or a function of the time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError

Modulator: TypeAlias = float | ArrayLike | Callable[[float], float]
"""The third factor: a number, one for each step, or a function of the time (ms) that is asked in every step."""

Reward: TypeAlias = NDArray[np.float64] | Callable[[float], float]


def checked_modulator(modulator: Modulator, n_steps: int) -> Reward:
    """Return one value for each step, or a function of the time: checked as far as it can be before the start."""
    if callable(modulator):
        asked = modulator

        def ask(time: float) -> float:
            value = float(asked(time))
            if not math.isfinite(value):
                raise ConfigurationError("modulator", f"must be finite, got {value} at {time} ms")
            return value

        return ask
    values = np.asarray(modulator, dtype=np.float64)
    if values.shape not in ((), (n_steps,)) or not np.isfinite(values).all():
        problem = f"must be {n_steps} finite numbers, one per step, or one number"
        bad = np.flatnonzero(~np.isfinite(values))
        if values.shape == (n_steps,) and bad.size:
            problem += f"; got {values[bad[0]]} in step {bad[0]}"
        raise ConfigurationError("modulator", problem)
    return np.ascontiguousarray(np.broadcast_to(values, (n_steps,)))
