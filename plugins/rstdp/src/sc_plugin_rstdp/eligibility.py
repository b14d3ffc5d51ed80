"""Where a projection's eligibilities are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import CheckpointError

NAME = "rstdp.eligibility"


class Eligibility:
    """One number for each synapse of a projection, beginning with 0.

    A projection of ours keeps it itself, so that it travels with its synapse through a rewiring.
    """

    def __init__(self, projection: Any) -> None:
        self._projection = projection
        self._own: NDArray[np.float64] | None = None
        if not hasattr(projection, "synapse_state"):
            self._own = np.zeros(len(projection.data))
        elif NAME in projection.synapse_state:  # of a rule before, which is over
            projection.synapse_state[NAME][:] = 0.0
        else:
            projection.register(NAME, 0.0, np.float64)

    @property
    def values(self) -> NDArray[np.float64]:
        """The array itself, (n_synapses,)."""
        if self._own is not None:
            return self._own
        values: NDArray[np.float64] = self._projection.synapse_state[NAME]
        return values

    def load(self, saved: Any) -> None:
        """Take over what was saved."""
        saved, values = np.asarray(saved, np.float64), self.values
        if saved.shape != values.shape:
            raise CheckpointError(
                f"rstdp: the saved state has {saved.size} synapses, the projection {values.size}; "
                "load the network's state first"
            )
        values[...] = saved
