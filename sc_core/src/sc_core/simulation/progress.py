"""Telling the caller how far a simulation is."""

from __future__ import annotations

import time
from collections.abc import Callable

_BETWEEN_REPORTS = 0.1  # seconds


class Reporter:
    """Calls back now and then, and at the end."""

    def __init__(self, progress: Callable[[float, float], None] | None, n_steps: int, dt: float) -> None:
        self._progress, self._n_steps, self._dt = progress, n_steps, dt
        self._next = time.monotonic() + _BETWEEN_REPORTS

    def __call__(self, done: int) -> None:
        """Tell that `done` steps are made, if it is time for a report or the last step."""
        if self._progress is None or (done < self._n_steps and time.monotonic() < self._next):
            return
        self._progress(done * self._dt, self._n_steps * self._dt)
        self._next = time.monotonic() + _BETWEEN_REPORTS
