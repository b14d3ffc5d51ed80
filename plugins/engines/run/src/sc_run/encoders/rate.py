"""The rate encoder: spikes at random, more often for larger values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from sc_core.errors import ConfigurationError
from sc_run.encoders.timing import frames_and_hold, optional_step_count

if TYPE_CHECKING:
    from numpy.typing import NDArray


@attrs.frozen
class Rate:
    """Spikes at random, their rate proportional to the value (``specs/encoders.md``, equations 2 and 3).

    Parameters
    ----------
    n_steps : int, optional
        Static data only: number of steps, 30 unless given.
    steps_per_sample : int, optional
        Temporal data only: number of steps for which each sample stands, 1 unless given.
    max_rate : float
        The rate in Hz for the value 1.
    distribution : {"bernoulli", "poisson"}
        The probability of a spike in a step of dt ms is x · max_rate · dt / 1000, or
        1 - exp(-x · max_rate · dt / 1000), that of at least one event of a Poisson process.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_run.encoders import Rate
    >>> values = np.array([[0.0, 0.5, 1.0]], np.float32)
    >>> spikes = Rate(n_steps=1000, max_rate=1000.0).encode(values, np.random.default_rng(7))
    >>> spikes.shape, spikes.dtype.name
    ((1000, 1, 3), 'uint8')
    >>> int(spikes[:, 0, 0].sum()), int(spikes[:, 0, 2].sum())
    (0, 1000)
    """

    n_steps: int | None = optional_step_count()
    steps_per_sample: int | None = optional_step_count()
    max_rate: float = attrs.field(default=100.0, validator=attrs.validators.gt(0))
    distribution: Literal["bernoulli", "poisson"] = attrs.field(
        default="bernoulli", validator=attrs.validators.in_(("bernoulli", "poisson"))
    )

    def encode(
        self, values: NDArray[np.floating[Any]], rng: np.random.Generator, dt: float = 1.0
    ) -> NDArray[np.uint8]:
        """Return the spikes, shape (n_steps, batch, n), of static or temporal values (see `Encoder`).

        Raises
        ------
        ConfigurationError
            If a value is negative or not finite, or a probability would exceed 1.
        """
        frames, hold = frames_and_hold(values, self.n_steps, self.steps_per_sample)
        n_frames, batch, n = frames.shape
        spikes = np.empty((n_frames, hold, batch, n), np.bool_)
        uniform = np.empty((batch, n), np.float32)
        for frame, spikes_of_frame in zip(frames, spikes, strict=True):
            chance = self._probability(frame, dt)
            for spikes_of_step in spikes_of_frame:
                rng.random(dtype=np.float32, out=uniform)
                np.less(uniform, chance, out=spikes_of_step)
        return spikes.reshape(n_frames * hold, batch, n).view(np.uint8)

    def _probability(self, frame: NDArray[np.floating[Any]], dt: float) -> NDArray[np.float32]:
        smallest, largest = float(frame.min(initial=0.0)), float(frame.max(initial=0.0))
        if smallest < 0.0:
            raise ConfigurationError(
                "data.encoder",
                f"rate takes values >= 0, the data hold {smallest:g}; scale them, or use current",
            )
        events_for_one = self.max_rate * dt / 1000.0
        events = events_for_one * frame.astype(np.float32)
        if self.distribution == "poisson":
            probability: NDArray[np.float32] = -np.expm1(-events)
            return probability
        if largest * events_for_one > 1.0:
            raise ConfigurationError(
                "data.encoder.max_rate",
                f"with value {largest:g} and dt {dt:g} ms, {self.max_rate:g} Hz is a spike probability of "
                f"{largest * events_for_one:g}; it must be at most 1: lower max_rate, or use poisson",
            )
        return events
