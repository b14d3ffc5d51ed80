"""Running a network in whole numbers (specs/integer-network.md): NumPy, or C with the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from sc_core import kernels
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_hardware.integer_network.network import IntegerNetwork, IntegerPopulation, IntegerProjection
from sc_hardware.rules.synapses import RuleSynapses

State = dict[str, dict[str, dict[str, NDArray[Any]]]]


class IntegerSimulation:
    """Steps a network in whole numbers, for one sequence or a batch of independent ones.

    Parameters
    ----------
    network : IntegerNetwork
    batch : int, default 1
        Sequences side by side; a network that learns takes one.

    Attributes
    ----------
    state : dict of str to dict of str to ndarray
        By population: ``membrane`` and ``refractory`` (batch, n) int32, and ``recent`` (history, batch, n) uint8, the
        spikes that are still on their way. Changed by `run`, zeroed by `reset`.
    synapses : dict of str to RuleSynapses
        By learning projection: the fields of its rule, the weight among them, as they are by now.

    Raises
    ------
    ConfigurationError
        If several sequences are to share what one of them learns.

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
        self._learning = [projection for projection in network.projections.values() if projection.rule]
        if self._learning and batch != 1:
            raise ConfigurationError(
                "batch", f"must be 1 where projections learn ({self._learning[0].name!r} does), got {batch}"
            )
        self.reset()

    def reset(self) -> None:
        """Return to the state before the first step, and to the network's weights."""
        self.state: dict[str, dict[str, NDArray[Any]]] = {
            population.name: self._initial(population) for population in self.network.populations.values()
        }
        self.synapses: dict[str, RuleSynapses] = {}
        for projection in self._learning:
            assert projection.rule is not None  # noqa: S101  by the choice of these projections
            n_post = self.network.populations[projection.target].n
            synapses = RuleSynapses(
                projection.rule, projection.indptr, projection.indices, n_post, projection.parameters
            )
            synapses.state["weight"][...] = projection.data
            self.synapses[projection.name] = synapses

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

    def run(self, spikes: ArrayLike, reward: ArrayLike | None = None) -> dict[str, NDArray[Any]]:
        """Advance by the steps that `spikes` has, from the current state.

        Parameters
        ----------
        spikes : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
            0 or 1.
        reward : array_like of int, shape (n_steps,), optional
            What rules are given as ``reward``; 0 unless given. It must fit every rule's type.

        Returns
        -------
        dict of str to ndarray, shape (n_steps, n) or (n_steps, batch, n)
            By population: spikes, uint8; the membrane of an LI, int32.

        Raises
        ------
        ShapeError, ConfigurationError, RuleError
            If `spikes` or `reward` has another shape, or holds what it must not.
        """
        given = np.asarray(spikes)
        drive = self._checked(given)
        rewards = self._checked_reward(reward, len(drive))
        if not self._learning:
            outputs = self._advance(drive)
        else:
            steps = [self._learn(drive[t : t + 1], int(rewards[t])) for t in range(len(drive))]
            outputs = {name: np.concatenate([step[name] for step in steps]) for name in steps[0]}
        if given.ndim == 2:
            return {name: values[:, 0] for name, values in outputs.items()}
        return outputs

    def _learn(self, drive: NDArray[np.uint8], reward: int) -> dict[str, NDArray[Any]]:
        """Make one step, then let every rule take its own."""
        before = {name: state["recent"] for name, state in self.state.items() if "recent" in state}
        outputs = self._advance(drive)
        for projection in self._learning:
            emitted = np.concatenate([before[projection.source], outputs[projection.source]])
            target = self.network.populations[projection.target]
            available = {
                "pre_spike": emitted[-1 - projection.delay, 0].astype(bool),
                "post_spike": outputs[target.name][0, 0].astype(bool)
                if target.neuron.spiking
                else np.zeros(target.n, bool),
                "reward": reward,
            }
            synapses = self.synapses[projection.name]
            synapses.step({field.name: available[field.name] for field in synapses.rule.inputs})
        return outputs

    def _advance(self, drive: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Make steps with the weights as they are."""
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
        return {name: emitted[history:] for name, emitted in window.items()} | records

    def weights_of(self, name: str) -> NDArray[np.int32]:
        """Return a projection's weights as they are by now, (n_synapses,)."""
        projection: IntegerProjection = self.network.projections[name]
        if name in self.synapses:
            return np.asarray(self.synapses[name].state["weight"], np.int32)
        return projection.data

    def _checked_reward(self, reward: ArrayLike | None, n_steps: int) -> NDArray[np.int64]:
        if reward is None:
            return np.zeros(n_steps, np.int64)
        given = np.asarray(reward)
        if given.shape != (n_steps,) or given.dtype.kind not in "iu":
            raise ConfigurationError(
                "reward",
                f"must be {n_steps} integers, one per step, got {given.dtype} of shape {given.shape}",
            )
        return given.astype(np.int64)

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
        return {
            part: {
                name: {key: array.copy() for key, array in fields.items()} for name, fields in named.items()
            }
            for part, named in self._parts().items()
        }

    def load_state_dict(self, state: Mapping[str, Mapping[str, Mapping[str, NDArray[Any]]]]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it belongs to another network or batch.
        """
        for part, named in self._parts().items():
            for name, fields in named.items():
                theirs = state.get(part, {}).get(name, {})
                if {key: a.shape for key, a in theirs.items()} != {key: a.shape for key, a in fields.items()}:
                    raise CheckpointError(f"the saved state of {name!r} does not fit this network and batch")
        for part, named in self._parts().items():
            for name, fields in named.items():
                for key, array in fields.items():
                    array[...] = state[part][name][key]

    def _parts(self) -> State:
        return {
            "populations": self.state,
            "projections": {name: synapses.state for name, synapses in self.synapses.items()},
        }


def _advance_reference(
    simulation: IntegerSimulation,
    n_steps: int,
    window: Mapping[str, NDArray[np.uint8]],
    records: Mapping[str, NDArray[np.int32]],
) -> None:
    network, history = simulation.network, simulation.network.history
    matrices = {}
    for name, projection in network.projections.items():
        data = simulation.weights_of(name).astype(np.int64)
        arrays = (data, projection.indices, projection.indptr)
        matrices[name] = scipy.sparse.csr_array(arrays, shape=projection.weights.shape)
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
        IntegerProjectionView(
            place[p.source], place[p.target], p.delay, p.indptr, p.indices, simulation.weights_of(p.name)
        )
        for p in network.projections.values()
    ]
    work = n_steps * simulation.batch * sum(p.n for p in network.populations.values())
    run(populations, projections, n_steps, simulation.batch, network.history, kernels.thread_count(work))
