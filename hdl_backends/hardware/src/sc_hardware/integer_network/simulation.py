"""Running a network in whole numbers (specs/integer-network.md): NumPy, or C with the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core import kernels
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_hardware.integer_network.network import IntegerNetwork, IntegerPopulation

State = dict[str, dict[str, NDArray[Any]]]


class IntegerSimulation:
    """Steps a network in whole numbers, for one sequence or a batch of independent ones.

    Parameters
    ----------
    network : IntegerNetwork
    batch : int, default 1
        Sequences side by side.

    Attributes
    ----------
    state : dict of str to dict of str to ndarray
        By population: ``membrane`` and ``refractory`` (batch, n) int32, and ``recent`` (history, batch, n) uint8, the
        spikes that are still on their way. Changed by `run`, zeroed by `reset`.

    Examples
    --------
    >>> from sc_hardware.integer_network import (
    ...     IntegerInput, IntegerLIF, IntegerNetwork, IntegerPopulation, IntegerProjection, IntegerSimulation)
    >>> network = IntegerNetwork(
    ...     [
    ...         IntegerPopulation("pixels", 2, IntegerInput()),
    ...         IntegerPopulation("class", 1, IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=100)),
    ...     ],
    ...     [IntegerProjection(source="pixels", target="class", weights=[[60], [50]])],
    ... )
    >>> IntegerSimulation(network).run([[1, 0], [1, 0], [0, 1]])["class"].ravel()
    array([0, 1, 0], dtype=uint8)
    """

    def __init__(self, network: IntegerNetwork, batch: int = 1) -> None:
        self.network, self.batch = network, batch
        self.state: State = {}
        self.reset()

    def reset(self) -> None:
        """Return to the state before the first step."""
        self.state = {
            population.name: self._initial(population) for population in self.network.populations.values()
        }

    def _initial(self, population: IntegerPopulation) -> dict[str, NDArray[Any]]:
        state: dict[str, NDArray[Any]] = {}
        shape = (self.batch, population.n)
        if population.name != self.network.inputs:
            state["membrane"] = np.zeros(shape, np.int32)
        if getattr(population.neuron, "refractory_steps", 0):
            state["refractory"] = np.zeros(shape, np.int32)
        if population.neuron.spiking:
            state["recent"] = np.zeros((self.network.history, *shape), np.uint8)
        return state

    def run(self, spikes: ArrayLike) -> dict[str, NDArray[Any]]:
        """Advance by the steps that `spikes` has, from the current state.

        Parameters
        ----------
        spikes : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
            0 or 1.

        Returns
        -------
        dict of str to ndarray, shape (n_steps, n) or (n_steps, batch, n)
            By population: spikes, uint8; the membrane of an LI, int32.

        Raises
        ------
        ShapeError, ConfigurationError
            If `spikes` has another shape or holds anything but 0 and 1.
        """
        given = np.asarray(spikes)
        drive = self._checked(given)
        n_steps, history = len(drive), self.network.history
        window = {}
        for population in self.network.populations.values():
            if population.neuron.spiking:
                emitted = np.zeros((history + n_steps, self.batch, population.n), np.uint8)
                emitted[:history] = self.state[population.name]["recent"]
                window[population.name] = emitted
        window[self.network.inputs][history:] = drive
        records = {
            population.name: np.zeros((n_steps, self.batch, population.n), np.int32)
            for population in self.network.populations.values()
            if not population.neuron.spiking
        }
        advance = _advance_native if kernels.native() else _advance_reference
        advance(self, n_steps, window, records)
        for name, emitted in window.items():
            self.state[name]["recent"] = emitted[n_steps:].copy()
        outputs = {name: emitted[history:] for name, emitted in window.items()} | records
        if given.ndim == 2:
            return {name: values[:, 0] for name, values in outputs.items()}
        return outputs

    def _checked(self, spikes: NDArray[Any]) -> NDArray[np.uint8]:
        n_input = self.network.populations[self.network.inputs].n
        expected = (self.batch, n_input)
        shape = (1, *spikes.shape[1:]) if spikes.ndim == 2 else spikes.shape[1:]
        if spikes.ndim not in (2, 3) or shape != expected:
            raise ShapeError(
                f"spikes have shape {spikes.shape}, expected (n_steps, {self.batch}, {n_input})"
                + (f" or (n_steps, {n_input})" if self.batch == 1 else "")
            )
        if not np.isin(spikes, (0, 1)).all():
            raise ConfigurationError("spikes", "must be 0 or 1")
        return spikes.reshape(len(spikes), *expected).astype(np.uint8)

    def state_dict(self) -> State:
        """Return a copy of the state."""
        return {name: {key: array.copy() for key, array in part.items()} for name, part in self.state.items()}

    def load_state_dict(self, state: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it belongs to another network or batch.
        """
        for name, part in self.state.items():
            theirs = state.get(name, {})
            if {key: array.shape for key, array in theirs.items()} != {k: a.shape for k, a in part.items()}:
                raise CheckpointError(f"the saved state of {name!r} does not fit this network and batch")
        for name, part in self.state.items():
            for key, array in part.items():
                array[...] = state[name][key]


def _advance_reference(
    simulation: IntegerSimulation,
    n_steps: int,
    window: Mapping[str, NDArray[np.uint8]],
    records: Mapping[str, NDArray[np.int32]],
) -> None:
    network, history = simulation.network, simulation.network.history
    matrices = {name: p.weights.astype(np.int64) for name, p in network.projections.items()}
    for t in range(n_steps):
        for name in network.order:
            if name == network.inputs:
                continue
            population, state = network.populations[name], simulation.state[name]
            total = np.zeros((simulation.batch, population.n), np.int64)
            for projection in network.incoming(name):
                arriving = window[projection.source][history + t - projection.delay].astype(np.int64)
                total += arriving @ matrices[projection.name]
            emitted = window[name][history + t] if population.neuron.spiking else None
            integrated = _step(population, state, total, emitted)
            if name in records:
                records[name][t] = integrated


def _step(
    population: IntegerPopulation,
    state: dict[str, NDArray[Any]],
    total: NDArray[np.int64],
    emitted: NDArray[np.uint8] | None,
) -> NDArray[np.int64]:
    """Advance the neurons of a population in place and return u[t]."""
    neuron: Any = population.neuron
    before = state["membrane"].astype(np.int64)
    integrated: NDArray[np.int64] = neuron.integrate(before, total)
    if emitted is None:
        state["membrane"][...] = integrated
        return integrated
    held = np.zeros(before.shape, bool)
    if neuron.refractory_steps:
        held = state["refractory"] > 0
        integrated = np.where(held, before, integrated)
    spiking, state["membrane"][...] = neuron.fire(integrated, held)
    emitted[...] = spiking
    if neuron.refractory_steps:
        state["refractory"][...] = np.where(spiking, neuron.refractory_steps, state["refractory"] - held)
    return integrated


_PARAMETERS = (
    "decay_multiplier",
    "decay_shift",
    "membrane_bits",
    "current_bits",
    "threshold",
    "reset_value",
    "refractory_steps",
)


def _advance_native(
    simulation: IntegerSimulation,
    n_steps: int,
    window: Mapping[str, NDArray[np.uint8]],
    records: Mapping[str, NDArray[np.int32]],
) -> None:
    from sc_native.integer import IntegerPopulationView, IntegerProjectionView, run

    network = simulation.network
    place = {name: number for number, name in enumerate(network.order)}
    populations = []
    for name in network.order:
        neuron = network.populations[name].neuron
        parameters = {key: getattr(neuron, key) for key in _PARAMETERS if hasattr(neuron, key)}
        parameters["reset_to_value"] = int(getattr(neuron, "reset", "") == "to_value")
        state = simulation.state[name]
        arrays = {
            "membrane": state.get("membrane"),
            "refractory": state.get("refractory"),
            "spikes": window.get(name),
            "membrane_record": records.get(name),
        }
        model = type(neuron).__name__.removeprefix("Integer")
        populations.append(IntegerPopulationView(model, network.populations[name].n, parameters, arrays))
    projections = [
        IntegerProjectionView(place[p.source], place[p.target], p.delay, p.indptr, p.indices, p.data)
        for p in network.projections.values()
    ]
    work = n_steps * simulation.batch * sum(p.n for p in network.populations.values())
    run(populations, projections, n_steps, simulation.batch, network.history, kernels.thread_count(work))
