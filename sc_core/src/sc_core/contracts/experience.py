"""What learners learn from: a learner names one of these types in `consumes`, the run adapts its data."""

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
        Class labels, shape (batch,), integers; or target sequences, shape (n_steps, batch, n_output).
    """

    inputs: NDArray[np.generic]
    targets: NDArray[np.generic]
