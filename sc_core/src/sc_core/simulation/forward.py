"""The forward pass over a window: compiled, or in NumPy, the reference that the compiled one must agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.model.dynamics import step
from sc_core.simulation.arrays import NetworkArrays

if TYPE_CHECKING:
    from sc_native.network import NativeNetwork


class Forward:
    """Runs windows of one set of arrays.

    Parameters
    ----------
    arrays : NetworkArrays

    Notes
    -----
    Cost: O(n_steps · batch · (neurons + synapses of active presynaptic neurons)). Memory: that of `arrays`.
    """

    def __init__(self, arrays: NetworkArrays) -> None:
        self.arrays = arrays
        self._native: NativeNetwork | None = None
        self._weights: list[NDArray[Any]] = []

    def run(self) -> None:
        """Advance through the window: fills outputs and records, changes the state."""
        if kernels.native():
            self.native().forward(kernels.thread_count())
        else:
            _reference(self.arrays)

    def native(self) -> NativeNetwork:
        """Return the C view of the arrays, built anew when a projection was rewired."""
        weights = [projection.data for projection in self.arrays.network.projections]
        fresh = len(weights) == len(self._weights) and all(
            mine is now for mine, now in zip(self._weights, weights, strict=True)
        )
        if self._native is None or not fresh:
            self._native, self._weights = _native_view(self.arrays), weights
        return self._native


def _native_view(arrays: NetworkArrays) -> NativeNetwork:
    from sc_native.network import NativeNetwork  # exists only where the kernels were compiled

    native = NativeNetwork(arrays.network.dtype, arrays.n_steps, arrays.batch, arrays.history)
    populations = []
    for population in arrays.populations:
        coefficients = population.coefficients
        records = {
            "output": population.output,
            "drive": population.drive,
            "membrane_record": population.membrane_record,
            "adaptation_record": population.adaptation_record,
        }
        populations.append((
            coefficients.model,
            population.n,
            coefficients.reset_to_value,
            coefficients.refractory_steps,
            {**coefficients.arrays, **population.state, **records},
        ))  # fmt: skip
    native.set_populations(populations)
    native.set_projections(
        [
            (arrays.place[p.source.name], arrays.place[p.target.name], p.delay, p.indptr, p.indices, p.data)
            for p in arrays.network.projections
        ]
    )
    return native


def _reference(arrays: NetworkArrays) -> None:
    network, history = arrays.network, arrays.history
    for t in range(arrays.n_steps):
        for population, mine in zip(network.order, arrays.populations, strict=True):
            if mine.coefficients.model == "Input":
                continue
            current = (
                np.zeros((arrays.batch, mine.n), network.dtype)
                if mine.drive is None
                else mine.drive[t].copy()
            )
            for projection in population.incoming:
                activity = arrays[projection.source.name].output[history + t - projection.delay]
                current += activity @ projection.weights
            if mine.adaptation_record is not None:
                mine.adaptation_record[t] = mine.state["adaptation"]
            output, membrane = step(mine.coefficients, mine.state, current)
            mine.output[history + t] = output
            if mine.membrane_record is not None:
                mine.membrane_record[t] = membrane
