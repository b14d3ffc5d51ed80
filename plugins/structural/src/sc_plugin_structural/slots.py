"""The rule of the users' documentation: weights come and go in slots that stay (specs/structural.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_plugin_structural.options import StructuralOptions

_LEAST, _MOST = 0.001, 0.05


def reuse_slots(weights: NDArray[Any], options: StructuralOptions, rng: np.random.Generator) -> None:
    """Set weak weights to 0 and give some empty slots a new weight, in place.

    Parameters
    ----------
    weights : ndarray, shape (n_slots,)
    options : StructuralOptions
    rng : numpy.random.Generator
    """
    pruned = np.flatnonzero(np.abs(weights) < options.prune_threshold)
    weights[pruned] = 0.0
    n = min(pruned.size, max(1, int(options.growth_rate * len(weights))))
    chosen = rng.choice(np.flatnonzero(weights == 0), n, replace=False)
    weights[chosen] = rng.uniform(_LEAST, _MOST, n)
