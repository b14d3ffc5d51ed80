"""What goes into an engine one sample after the other, and what the integer model says must come out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.operations import Operation, run_of


def operations_of_samples(design: HardwareDesign, samples: Iterable[NDArray[np.uint8]]) -> list[Operation]:
    """Return a run for each sample; the engine is cleared between two.

    Parameters
    ----------
    design : HardwareDesign
        Of a network that does not learn: clearing leaves weights as they are.
    samples : iterable of ndarray, shape (n_steps, n_input)
        Spikes.

    Raises
    ------
    ConfigurationError
        If the network learns.
    """
    if design.layout.learning:
        raise ConfigurationError(
            "samples", "a network that learns goes on from one to the next; give it one sequence"
        )
    most = max(step_bound(design.layout), 1 + max(memory.words for memory in design.memories))
    operations: list[Operation] = []
    for spikes in samples:
        if operations:
            operations += [Operation("clear"), Operation("expect_done", 0, most)]
        operations += run_of(design, spikes, read_back=False)[:-1]
    return [*operations, Operation("end")]


def random_sequence(
    design: HardwareDesign, n_steps: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return spikes of a fifth of the inputs in each step, and rewards that every rule of the network takes."""
    network = design.layout.network
    spikes = (rng.random((n_steps, network.populations[network.inputs].n)) < 0.2).astype(np.uint8)
    low, high = -1000, 1000
    for projection in design.layout.learning:
        own = projection.projection
        for field in own.rule.inputs if own.rule is not None else ():
            if field.name == "reward":
                smallest, greatest = field.type.range(own.parameters)
                low, high = max(low, smallest), min(high, greatest)
    return spikes, rng.integers(low, high, n_steps, endpoint=True)
