"""The direct-current encoder: the value itself, held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from sc_run.encoders.timing import frames_and_hold, optional_step_count

if TYPE_CHECKING:
    from numpy.typing import NDArray


@attrs.frozen
class Current:
    """Direct current: gain times the value at each step (``specs/encoders.md``, equation 1).

    Parameters
    ----------
    n_steps : int, optional
        Static data only: number of steps, 30 unless given.
    steps_per_sample : int, optional
        Temporal data only: number of steps for which each sample stands, 1 unless given.
    gain : float
        Current per unit of value.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_run.encoders import Current
    >>> values = np.array([[0.0, 0.25, 1.0]], np.float32)
    >>> Current(n_steps=2, gain=4.0).encode(values, np.random.default_rng(7))
    array([[[0., 1., 4.]],
    <BLANKLINE>
           [[0., 1., 4.]]], dtype=float32)
    """

    n_steps: int | None = optional_step_count()
    steps_per_sample: int | None = optional_step_count()
    gain: float = 1.0

    def encode(
        self, values: NDArray[np.floating[Any]], rng: np.random.Generator, dt: float = 1.0
    ) -> NDArray[np.float32]:
        """Return the currents, shape (n_steps, batch, n), of static or temporal values (see `Encoder`)."""
        frames, hold = frames_and_hold(values, self.n_steps, self.steps_per_sample)
        n_frames, batch, n = frames.shape
        currents = np.empty((n_frames, hold, batch, n), np.float32)
        np.multiply(frames[:, np.newaxis], np.float32(self.gain), out=currents, casting="same_kind")
        return currents.reshape(n_frames * hold, batch, n)
