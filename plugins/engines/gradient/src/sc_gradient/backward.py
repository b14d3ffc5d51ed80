"""The backward pass over a recorded window: compiled, or in NumPy (specs/bptt.md, eq. 2-9, 18-23)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.model import Projection
from sc_core.simulation import Forward, NetworkArrays, PopulationArrays, native_view
from sc_gradient import parameter_sums
from sc_gradient.learned_parameters import LearnedParameter, sums_of
from sc_gradient.surrogates import Surrogate

if TYPE_CHECKING:
    from sc_native.network import NativeNetwork

Array: TypeAlias = NDArray[Any]
Feedback: TypeAlias = Callable[[], Sequence[tuple[Projection, Array]]]
"""Returns what carries dL/dx of a target back to dL/dz of its source: projections and the weights to use."""


class Backward:
    """Back-propagates through the window that a `Forward` recorded.

    Parameters
    ----------
    forward : sc_core.simulation.Forward
        Its arrays must record.
    surrogate : Surrogate
    through_reset : bool
        Whether the gradient passes through the reset.
    learned : sequence of LearnedParameter
        Parameters of neurons whose gradient is wanted, too.
    feedback : callable, optional
        Every projection, with its own weights, unless given; those given form no loop.
    """

    def __init__(
        self,
        forward: Forward,
        surrogate: Surrogate,
        through_reset: bool,
        learned: Sequence[LearnedParameter] = (),
        feedback: Feedback | None = None,
    ) -> None:
        self.forward = forward
        self.surrogate = surrogate
        self.through_reset = through_reset
        self.learned = tuple(learned)
        self.feedback = feedback
        self._view: NativeNetwork | None = None
        self._view_weights: list[Array] = []
        self._carries: dict[int, dict[str, Array]] = {}

    def run(self, output_gradients: Mapping[str, Array]) -> list[Array]:
        """Return dL/d weights, one array (n_synapses,) per projection, then dL/d of each learned parameter, (n,).

        Where a projection is frozen its gradient is zeros.

        Parameters
        ----------
        output_gradients : mapping of str to ndarray, shape (n_steps, batch, n)
            dL/d output by the population's name, of those whose output the loss depends on directly.
        """
        arrays = self.forward.arrays
        # What overflows is the caller's to name; the compiled pass does not warn, either.
        with np.errstate(over="ignore", invalid="ignore"):
            carries = self._back(output_gradients)
            weights = self.weight_gradients()
            of_neurons = [
                parameter.gradient(carries[arrays.place[parameter.population.name]], arrays.network.dt)
                for parameter in self.learned
            ]
        return weights + of_neurons

    def add_squares(
        self,
        output_gradients: Mapping[str, Array],
        share: NDArray[np.float64],
        sums: Sequence[NDArray[np.float64]],
    ) -> None:
        """Add the squared gradients of single sequences to `sums`.

        Parameters
        ----------
        output_gradients : mapping of str to ndarray, shape (n_steps, batch, n)
            As `run` takes them, each sequence's of its own loss.
        share : ndarray, shape (batch,)
            What the squares of each sequence are multiplied with.
        sums : sequence of ndarray
            Of the shapes of what `run` returns.
        """
        arrays = self.forward.arrays
        n_projections = len(arrays.network.projections)
        with np.errstate(over="ignore", invalid="ignore"):
            carries = self._back(output_gradients)
            for index, total in enumerate(sums[:n_projections]):
                self._add_squared_weight_gradients(index, share, total)
            for parameter, total in zip(self.learned, sums[n_projections:], strict=True):
                mine = carries[arrays.place[parameter.population.name]]
                for sample, weight in enumerate(share):
                    own = {name: array[[sample]] for name, array in mine.items()}
                    total += weight * np.square(parameter.gradient(own, arrays.network.dt).astype(np.float64))

    def _back(self, output_gradients: Mapping[str, Array]) -> list[dict[str, Array]]:
        """Turn every population's `current` into dL/dx; return what they carried to the first step, and sums."""
        arrays = self.forward.arrays
        direct = {arrays.place[name]: gradient for name, gradient in output_gradients.items()}
        carries = [self.carries(place) for place in range(len(arrays.populations))]
        if kernels.native():
            self._native(direct, carries)
        else:
            _reference(arrays, direct, carries, self)
        return carries

    def carries(self, place: int) -> dict[str, Array]:
        """Return the zeroed gradients that a population carries from step to step, and sums over the steps.

        Their memory is that of the pass before.
        """
        if place not in self._carries:
            self._carries[place] = self._new_carries(place)
        for values in self._carries[place].values():
            values[...] = 0
        return dict(self._carries[place])

    def _new_carries(self, place: int) -> dict[str, Array]:
        arrays = self.forward.arrays
        population = arrays.populations[place]
        state = population.state
        names = {
            "membrane": "membrane_gradient",
            "synaptic_current": "synaptic_gradient",
            "adaptation": "adaptation_gradient",
        }
        carries = {carry: np.empty_like(state[name]) for name, carry in names.items() if name in state}
        if any(arrays.place[parameter.population.name] == place for parameter in self.learned):
            shape = (arrays.batch, population.n)
            carries.update({name: np.empty(shape) for name in sums_of(population.coefficients.model)})
        return carries

    def _native(self, direct: dict[int, Array], carries: list[dict[str, Array]]) -> None:
        self._native_view().backward(native_gradients(direct, carries), *self.native_settings())

    def native_settings(self) -> tuple[tuple[str, float, float], bool, int]:
        """Return what the compiled kernels take last: surrogate, whether through the reset, threads."""
        surrogate = (self.surrogate.name, self.surrogate.slope, self.surrogate.scale)
        return surrogate, self.through_reset, kernels.thread_count(self.forward.arrays.work)

    def _native_view(self) -> NativeNetwork:
        """Return the C view of what the gradient goes back through, built anew when that was rewired."""
        if self.feedback is None:
            return self.forward.native()
        synapses = self.feedback()
        weights = [array for projection, data in synapses for array in (projection.indices, data)]
        fresh = len(weights) == len(self._view_weights) and all(
            mine is now for mine, now in zip(self._view_weights, weights, strict=True)
        )
        if self._view is None or not fresh:
            self._view, self._view_weights = native_view(self.forward.arrays, synapses), weights
        return self._view

    def matrices(self) -> list[scipy.sparse.csr_array | None]:
        """Return the weights that the gradient meets in each projection; None where it doesn't go back through it."""
        projections = self.forward.arrays.network.projections
        if self.feedback is None:
            return [projection.weights for projection in projections]
        weights = {p.name: data for p, data in self.feedback()}
        return [
            scipy.sparse.csr_array((weights[p.name], p.indices, p.indptr), shape=p.weights.shape)
            if p.name in weights
            else None
            for p in projections
        ]

    def weight_gradients(self) -> list[Array]:
        """Return dL/d weights of every projection, once dL/dx is known; zeros where it is frozen."""
        arrays = self.forward.arrays
        projections = arrays.network.projections
        gradients = [np.zeros_like(p.data) if not p.trainable else np.empty_like(p.data) for p in projections]
        learning = [index for index, projection in enumerate(projections) if projection.trainable]
        if kernels.native():
            native, threads = self.forward.native(), kernels.thread_count(arrays.work)
            for index in learning:
                native.weight_gradient(index, gradients[index], threads)
        else:
            for index in learning:
                gradients[index] = self._reference_weight_gradient(index)
        return gradients

    def _reference_weight_gradient(self, index: int) -> Array:
        arrays = self.forward.arrays
        projection = arrays.network.projections[index]
        current_gradient = arrays[projection.target.name].current
        assert current_gradient is not None  # no projection targets an Input  # noqa: S101
        return sum_at_synapses(arrays, index, arrays[projection.source.name].output, current_gradient)

    def _add_squared_weight_gradients(
        self, index: int, share: NDArray[np.float64], total: NDArray[np.float64]
    ) -> None:
        arrays = self.forward.arrays
        projection = arrays.network.projections[index]
        if not projection.trainable:
            return
        if kernels.native():
            threads = kernels.thread_count(arrays.work)
            self.forward.native().add_squared_weight_gradients(index, share, total, threads)
            return
        arriving = arrays[projection.target.name].current
        assert arriving is not None  # no projection targets an Input  # noqa: S101
        activity = arrays[projection.source.name].output
        for sample, weight in enumerate(share):
            own = sum_at_synapses(arrays, index, activity[:, [sample]], arriving[:, [sample]])
            total += weight * np.square(own.astype(np.float64))


def sum_at_synapses(arrays: NetworkArrays, index: int, activity: Array, arriving: Array) -> Array:
    """Return for each synapse (i, j) the sum over steps and sequences of activity_i[t - delay] arriving_j[t].

    Parameters
    ----------
    arrays : NetworkArrays
    index : int
        Of the projection.
    activity : ndarray, shape (history + n_steps, batch, source.n)
    arriving : ndarray, shape (n_steps, batch, target.n)

    Returns
    -------
    ndarray, shape (n_synapses,)
    """
    projection = arrays.network.projections[index]
    begin = arrays.history - projection.delay
    activity = activity[begin : begin + arrays.n_steps].reshape(-1, projection.source.n)
    arriving = arriving.reshape(-1, projection.target.n)
    presynaptic = np.repeat(np.arange(projection.source.n), np.diff(projection.indptr))
    sums = np.empty_like(projection.data)
    # Blocks of synapses bound the memory of the gathered columns.
    for first in range(0, sums.size, 4096):
        block = slice(first, first + 4096)
        sums[block] = np.einsum(
            "rk,rk->k", activity[:, presynaptic[block]], arriving[:, projection.indices[block]]
        )
    return sums


def native_gradients(
    direct: Mapping[int, Array], carries: Sequence[Mapping[str, Array]]
) -> list[dict[str, Array | None]]:
    """Return what the compiled kernels take of each population: dL/d output from the loss, and its carries."""
    return [
        {"output_gradient": stored(direct[place]) if place in direct else None, **carry}
        for place, carry in enumerate(carries)
    ]


def stored(gradient: Array) -> Array:
    """Return a gradient as the kernels take it: a single step where all steps are one and the same memory."""
    return np.ascontiguousarray(gradient[:1] if gradient.strides[0] == 0 else gradient)


def _reference(
    arrays: NetworkArrays,
    direct: dict[int, Array],
    carries: list[dict[str, Array]],
    settings: Backward,
) -> None:
    weights = settings.matrices()
    currents = [population.current for population in arrays.populations]
    for t in reversed(range(arrays.n_steps)):
        for place in reversed(range(len(arrays.populations))):
            mine = currents[place]
            if mine is None:
                continue
            gz = arriving_gradient(arrays, place, t, weights, currents)
            if place in direct:
                gz = direct[place][t] + gz
            mine[t], _ = step_backward(arrays, place, t, gz, carries[place], settings)


def arriving_gradient(
    arrays: NetworkArrays, place: int, t: int, weights: Sequence[Any], currents: Sequence[Array | None]
) -> Array:
    """Return the sum over a population's outgoing projections of weights times what arrives at their targets.

    Parameters
    ----------
    arrays : NetworkArrays
    place : int
        Of the population.
    t : int
        The step in which it spikes.
    weights : sequence of csr_array, one per projection
        None where nothing goes back through it.
    currents : sequence of ndarray, shape (n_steps, batch, n), one per population

    Returns
    -------
    ndarray, shape (batch, n)
    """
    network = arrays.network
    total = np.zeros((arrays.batch, arrays.populations[place].n), network.dtype)
    for projection, matrix in zip(network.projections, weights, strict=True):
        arrival = t + projection.delay
        if matrix is not None and projection.source is network.order[place] and arrival < arrays.n_steps:
            arriving = currents[arrays.place[projection.target.name]]
            assert arriving is not None  # no projection targets an Input  # noqa: S101
            total += arriving[arrival] @ matrix.T
    return total


def refractory(arrays: NetworkArrays, place: int, t: int) -> Array:
    """Return where neurons were refractory in step t, shape (batch, n)."""
    population = arrays.populations[place]
    end = arrays.history + t
    begin = max(0, end - population.coefficients.refractory_steps)
    return np.asarray(np.any(population.output[begin:end], axis=0))


def threshold_distance(population: PopulationArrays, t: int) -> Array:
    """Return how far the membrane was above the threshold in step t, shape (batch, n)."""
    c = population.coefficients
    assert population.membrane_record is not None  # the arrays record  # noqa: S101
    threshold = c["threshold"]
    if population.adaptation_record is not None:
        threshold = threshold + c["adaptation_strength"] * population.adaptation_record[t]
    return np.asarray(population.membrane_record[t] - threshold)


def spike_derivative(
    arrays: NetworkArrays, place: int, t: int, surrogate: Surrogate
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the surrogate derivative of a population's spikes in step t of the window, and who was refractory.

    Parameters
    ----------
    arrays : sc_core.simulation.NetworkArrays
        That recorded the window.
    place : int
        Of the population.
    t : int
    surrogate : Surrogate

    Returns
    -------
    ndarray, shape (batch, n)
        0 where a neuron was refractory.
    ndarray of bool, shape (batch, n)
    """
    held = refractory(arrays, place, t)
    distance = threshold_distance(arrays.populations[place], t)
    return np.where(held, 0, surrogate.derivative(distance)).astype(distance.dtype), held


def step_backward(
    arrays: NetworkArrays, place: int, t: int, gz: Array, carry: dict[str, Array], settings: Backward
) -> tuple[Array, Array]:
    """Step a population's carries back (eq. 3-8); each carry is replaced, not changed.

    Returns
    -------
    ndarray, ndarray, shape (batch, n)
        dL/dx[t], and dL/dz[t] with what (3) and (4) add to the given `gz`.
    """
    population = arrays.populations[place]
    c = population.coefficients
    gv = carry["membrane_gradient"]
    if c.model == "LI":
        gu = gv + gz
        if "membrane_decay_sum" in carry:
            before = parameter_sums.membrane_before(population, arrays.history, t)
            parameter_sums.add_membrane_decay(carry, gu, before, population.output[arrays.history + t])
        carry["membrane_gradient"] = gu * c["decay_membrane"]
        return gu * c["input_gain"], gz
    assert population.membrane_record is not None  # the arrays record  # noqa: S101
    u, z = population.membrane_record[t], population.output[arrays.history + t]
    s, held = spike_derivative(arrays, place, t, settings.surrogate)
    if settings.through_reset:
        gz = gz - gv * ((u if c.reset_to_value else c["threshold"]) - c["reset_value"])
    ga = carry.get("adaptation_gradient")
    if ga is not None:
        gz = gz + ga * (1 - c["decay_adaptation"])
        carry["adaptation_gradient"] = c["decay_adaptation"] * ga - c["adaptation_strength"] * (gz * s)
    gu = gv * ((1 - z) if c.reset_to_value else 1) + gz * s
    if "membrane_decay_sum" in carry:
        before = parameter_sums.membrane_before(population, arrays.history, t)
        parameter_sums.add_membrane_decay(carry, np.where(held, 0, gu), before, u)
        parameter_sums.add_threshold(carry, gz * s, 0 if c.reset_to_value else gv * z)
        if ga is not None and population.adaptation_record is not None:
            parameter_sums.add_adaptation(carry, ga, population.adaptation_record[t], z, gz * s)
    gx = np.where(held, 0, gu * c["input_gain"]).astype(u.dtype)
    if "synaptic_gradient" in carry:
        carry["synaptic_gradient"] = gx + c["decay_synapse"] * carry["synaptic_gradient"]
        if "synaptic_decay_sum" in carry and population.synaptic_record is not None:
            before = population.synaptic_record[t]
            parameter_sums.add_synaptic_decay(carry, carry["synaptic_gradient"], before)
        gx = carry["synaptic_gradient"] * c["input_weight"]
    carry["membrane_gradient"] = np.where(held, gv, gu * c["decay_membrane"]).astype(u.dtype)
    return gx, gz
