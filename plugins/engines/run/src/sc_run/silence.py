"""Says when the neurons of a population are silent: they neither pass on anything nor learn by gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Batch
from sc_core.simulation import firing_rates


class SilenceWatch:
    """Warns of silent populations, of each degree of silence once.

    Parameters
    ----------
    warn : callable
        Takes the warning.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._said: set[tuple[str, bool]] = set()

    def look(self, network: Any, batches: Iterable[Batch]) -> None:
        """Look at a network while it answers to `batches`.

        Parameters
        ----------
        network : Network
        batches : iterable of Batch
            Those of tasks: what the network is before it adapts to them.
        """
        fired: dict[str, NDArray[np.bool_]] = {}
        for batch in batches:
            for name, rates in firing_rates(network, batch.inputs).items():
                fired[name] = fired.get(name, False) | (rates > 0)
        for name, any_spike in fired.items():
            silent = int(np.count_nonzero(~any_spike))
            everyone = silent == any_spike.size
            if 2 * silent > any_spike.size and (name, everyone) not in self._said:
                self._said.add((name, everyone))
                count = f"all {silent}" if everyone else f"{silent} of {any_spike.size}"
                self._warn(
                    f"{count} neurons of population {name!r} are silent on the validation set; "
                    "raise the gain of the projections onto it, or its input"
                )
