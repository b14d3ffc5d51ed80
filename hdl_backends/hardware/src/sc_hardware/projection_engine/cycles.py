"""How many clocks a step takes (specs/projection-engine.md, "A step")."""

from __future__ import annotations

import numpy as np

from sc_hardware.projection_engine.layout import Layout, Phase

SWEEP, PASS, SEND, STEP = 7, 3, 2, 1


def step_bound(layout: Layout) -> int:
    """Return the clocks of the longest possible step, or flush, with a receiver that is always ready."""
    return STEP + sum(phase_bound(phase) for phase in layout.phases)


def phase_bound(phase: Phase) -> int:
    """Return the clocks of the longest possible case of a phase."""
    if phase.projection is not None:
        row_lengths = np.diff(phase.projection.projection.indptr)
        return SWEEP + int(np.maximum(row_lengths, 1).sum())
    return phase.population.n + (SEND if phase.kind == "send" else PASS)
