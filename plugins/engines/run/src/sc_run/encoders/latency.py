"""The latency encoder: one spike, the earlier the larger the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from sc_core.errors import ConfigurationError
from sc_run.encoders.timing import frames_and_hold, optional_step_count

if TYPE_CHECKING:
    from numpy.typing import NDArray


@attrs.frozen
class Latency:
    """Time to first spike, linear in the value (``specs/encoders.md``, equation 4).

    Parameters
    ----------
    n_steps : int, optional
        Static data only: number of steps, 30 unless given.
    steps_per_sample : int, optional
        Temporal data only: number of steps within which each sample is coded, 1 unless given.
    threshold : float
        Values up to this never spike; in [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from sc_run.encoders import Latency
    >>> values = np.array([[0.0, 0.25, 1.0]], np.float32)
    >>> Latency(n_steps=4).encode(values, np.random.default_rng(7))[:, 0]
    array([[0, 0, 1],
           [0, 0, 0],
           [0, 0, 0],
           [0, 1, 0]], dtype=uint8)
    """

    n_steps: int | None = optional_step_count()
    steps_per_sample: int | None = optional_step_count()
    threshold: float = attrs.field(default=0.0, validator=[attrs.validators.ge(0), attrs.validators.lt(1)])

    def encode(
        self, values: NDArray[np.floating[Any]], rng: np.random.Generator, dt: float = 1.0
    ) -> NDArray[np.uint8]:
        """Return the spikes, shape (n_steps, batch, n), of static or temporal values (see `Encoder`).

        Raises
        ------
        ConfigurationError
            If a value lies outside [0, 1] or is not finite.
        """
        frames, hold = frames_and_hold(values, self.n_steps, self.steps_per_sample)
        smallest, largest = float(frames.min(initial=0.0)), float(frames.max(initial=0.0))
        if smallest < 0.0 or largest > 1.0:
            raise ConfigurationError(
                "data.encoder",
                f"latency takes values in [0, 1], the data lie in [{smallest:g}, {largest:g}]; scale them",
            )
        n_frames, batch, n = frames.shape
        spikes = np.zeros((n_frames, hold, batch, n), np.uint8)
        for frame, spikes_of_frame in zip(frames, spikes, strict=True):
            member, channel = np.nonzero(frame > self.threshold)
            delay = np.floor((1.0 - frame[member, channel].astype(np.float64)) * hold).astype(np.int64)
            spikes_of_frame[np.minimum(delay, hold - 1), member, channel] = 1
        return spikes.reshape(n_frames * hold, batch, n)
