"""What learners learn from. A learner names one of these types in `consumes`; the run adapts its data to it."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Batch:
    """Sequences that are learned from together.

    Parameters
    ----------
    inputs : ndarray, shape (n_steps, batch, n_input)
        Drives the network's input population: spikes (uint8) or values (float).
    targets : ndarray
        Class labels, shape (batch,), integers; or a target sequence, shape (n_steps, batch, n_output), floats.
    """

    inputs: NDArray[np.generic]
    targets: NDArray[np.generic]
