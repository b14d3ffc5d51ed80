"""The forward pass over a window: compiled, or in NumPy, the reference that the compiled one must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.model.dynamics import step
from sc_core.model.neurons import Input
from sc_core.model.projection import Projection
from sc_core.simulation.arrays import NetworkArrays, PopulationArrays

if TYPE_CHECKING:
    from sc_native.network import NativeNetwork, PopulationView


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

    def run(self, inputs: NDArray[Any]) -> None:
        """Advance through the window: fills outputs and records, changes the state.

        Parameters
        ----------
        inputs : ndarray, shape (n_steps, batch, n_input)
            Any numeric dtype. The output of an Input population is left unfilled by the compiled kernels.
        """
        self.arrays.begin()
        if not kernels.native():
            self._set_dense_input(inputs)
            _reference(self.arrays)
            return
        native, threads = self.native(), kernels.thread_count(self.arrays.work)
        self._set_native_input(native, inputs, threads)
        native.forward(threads)

    def native(self) -> NativeNetwork:
        """Return the C view of the arrays, built anew when a projection was rewired."""
        weights = [projection.data for projection in self.arrays.network.projections]
        fresh = len(weights) == len(self._weights) and all(
            mine is now for mine, now in zip(self._weights, weights, strict=True)
        )
        if self._native is None or not fresh:
            self._native, self._weights = native_view(self.arrays), weights
        return self._native

    def _set_dense_input(self, inputs: NDArray[Any]) -> None:
        arrays = self.arrays[self.arrays.network.input_population.name]
        target = arrays.output[self.arrays.history :] if arrays.drive is None else arrays.drive
        target[...] = inputs

    def _set_native_input(self, native: NativeNetwork, inputs: NDArray[Any], threads: int) -> None:
        population = self.arrays.network.input_population
        if not isinstance(population.neuron, Input):
            self._set_dense_input(inputs)
            return
        place = self.arrays.place[population.name]
        if (
            inputs.dtype in (np.uint8, np.bool_)
            and not self.arrays.input_has_values
            and native.set_spikes(place, np.ascontiguousarray(inputs).view(np.uint8), threads)
        ):
            return
        values = self.arrays[population.name].events["event_value"]
        if not self.arrays.input_has_values:
            # those of spikes before this window
            values[: self.arrays.history] = 1
            self.arrays.input_has_values = True
        activity = np.ascontiguousarray(inputs, self.arrays.network.dtype)
        native.set_values(place, activity, values, threads)


def _population_view(population: PopulationArrays, current: NDArray[Any] | None) -> PopulationView:
    from sc_native.network import PopulationView

    is_input = population.coefficients.model == "Input"
    arrays = {
        "output": None if is_input else population.output,
        "drive": population.drive,
        "current": current,
        "membrane_record": population.membrane_record,
        "adaptation_record": population.adaptation_record,
        "synaptic_record": population.synaptic_record,
        "initial_membrane": population.initial_membrane,
        **population.coefficients.arrays,
        **population.state,
        **population.events,
    }
    coefficients = population.coefficients
    return PopulationView(
        coefficients.model, population.n, coefficients.reset_to_value, coefficients.refractory_steps, arrays
    )


def native_view(
    arrays: NetworkArrays,
    synapses: Iterable[tuple[Projection, NDArray[Any]]] | None = None,
    currents: Sequence[NDArray[Any] | None] | None = None,
) -> NativeNetwork:
    """Return the C view of the arrays: for a pass other than the network's own, with other synapses or currents.

    Parameters
    ----------
    arrays : NetworkArrays
    synapses : iterable of (Projection, ndarray of shape (n_synapses,)), optional
        The projections that take part, with their weights: all of the network with theirs unless given. Those
        given form no loop.
    currents : sequence of ndarray, optional
        In place of the populations' `current`.
    """
    from sc_native.network import NativeNetwork, ProjectionView  # exists only where the kernels were compiled

    network = arrays.network
    taking_part = [(p, p.data) for p in network.projections] if synapses is None else synapses
    groups = network.groups if synapses is None else [(population,) for population in network.order]
    written = [population.current for population in arrays.populations] if currents is None else currents
    return NativeNetwork(
        network.dtype,
        (arrays.n_steps, arrays.batch, arrays.history),
        [_population_view(*each) for each in zip(arrays.populations, written, strict=True)],
        [
            ProjectionView(
                arrays.place[p.source.name], arrays.place[p.target.name], p.delay, p.indptr, p.indices, data
            )
            for p, data in taking_part
        ],
        np.cumsum([0, *(len(group) for group in groups)]).tolist(),
    )


def _reference(arrays: NetworkArrays) -> None:
    network, history = arrays.network, arrays.history
    for t in range(arrays.n_steps):
        for population, mine in zip(network.order, arrays.populations, strict=True):
            if mine.current is None:
                continue
            current = mine.current[t]
            current[...] = 0 if mine.drive is None else mine.drive[t]
            for projection in population.incoming:
                activity = arrays[projection.source.name].output[history + t - projection.delay]
                current += activity @ projection.weights
            if mine.adaptation_record is not None:
                mine.adaptation_record[t] = mine.state["adaptation"]
            if mine.synaptic_record is not None:
                mine.synaptic_record[t] = mine.state["synaptic_current"]
            output, membrane = step(mine.coefficients, mine.state, current)
            mine.output[history + t] = output
            if mine.membrane_record is not None:
                mine.membrane_record[t] = membrane
