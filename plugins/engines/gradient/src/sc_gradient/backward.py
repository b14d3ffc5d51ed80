"""The backward pass over a recorded window: compiled, or in NumPy (specs/bptt.md, eq. 2-9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.simulation import Forward, NetworkArrays
from sc_gradient.surrogates import Surrogate

Array: TypeAlias = NDArray[Any]


class Backward:
    """Back-propagates through the window that a `Forward` recorded.

    Parameters
    ----------
    forward : sc_core.simulation.Forward
        Its arrays must record.
    surrogate : Surrogate
    through_reset : bool
        Whether the gradient passes through the reset.
    """

    def __init__(self, forward: Forward, surrogate: Surrogate, through_reset: bool) -> None:
        self.forward = forward
        self.surrogate = surrogate
        self.through_reset = through_reset

    def run(self, output_gradients: Mapping[str, Array]) -> list[Array]:
        """Return dL/d weights, one array (n_synapses,) per projection; zeros where a projection is frozen.

        Parameters
        ----------
        output_gradients : mapping of str to ndarray, shape (n_steps, batch, n)
            dL/d output by the population's name, of those whose output the loss depends on directly.
        """
        arrays = self.forward.arrays
        direct = {arrays.place[name]: gradient for name, gradient in output_gradients.items()}
        carries = [self._carries(place) for place in range(len(arrays.populations))]
        if kernels.native():
            self._native(direct, carries)
        else:
            _reference(arrays, direct, carries, self)
        return [self._weight_gradient(index) for index in range(len(arrays.network.projections))]

    def _carries(self, place: int) -> dict[str, Array]:
        """Return the zeroed gradients that a population carries from step to step."""
        arrays = self.forward.arrays
        state = arrays.populations[place].state
        names = {
            "membrane": "membrane_gradient",
            "synaptic_current": "synaptic_gradient",
            "adaptation": "adaptation_gradient",
        }
        return {carry: np.zeros_like(state[name]) for name, carry in names.items() if name in state}

    def _native(self, direct: dict[int, Array], carries: list[dict[str, Array]]) -> None:
        gradients: list[dict[str, Array | None]] = [
            {
                "output_gradient": _stored(direct[place]) if place in direct else None,
                **carry,
            }
            for place, carry in enumerate(carries)
        ]
        surrogate = (self.surrogate.name, self.surrogate.slope, self.surrogate.scale)
        self.forward.native().backward(gradients, surrogate, self.through_reset, kernels.thread_count())

    def _weight_gradient(self, index: int) -> Array:
        arrays = self.forward.arrays
        projection = arrays.network.projections[index]
        if not projection.trainable:
            return np.zeros_like(projection.data)
        gradient = np.empty_like(projection.data)
        if kernels.native():
            self.forward.native().weight_gradient(index, gradient, kernels.thread_count())
            return gradient
        source = arrays[projection.source.name]
        current_gradient = arrays[projection.target.name].current
        assert current_gradient is not None  # no projection targets an Input  # noqa: S101
        begin = arrays.history - projection.delay
        activity = source.output[begin : begin + arrays.n_steps].reshape(-1, source.n)
        arriving = current_gradient.reshape(-1, projection.target.n)
        presynaptic = np.repeat(np.arange(source.n), np.diff(projection.indptr))
        # Blocks of synapses bound the memory of the gathered columns.
        for first in range(0, gradient.size, 4096):
            block = slice(first, first + 4096)
            gradient[block] = np.einsum(
                "rk,rk->k", activity[:, presynaptic[block]], arriving[:, projection.indices[block]]
            )
        return gradient


def _stored(gradient: Array) -> Array:
    """Return a gradient as the kernels take it: a single step where all steps are one and the same memory."""
    return np.ascontiguousarray(gradient[:1] if gradient.strides[0] == 0 else gradient)


def _reference(
    arrays: NetworkArrays,
    direct: dict[int, Array],
    carries: list[dict[str, Array]],
    settings: Backward,
) -> None:
    network = arrays.network
    for t in reversed(range(arrays.n_steps)):
        for place in reversed(range(len(arrays.populations))):
            population = arrays.populations[place]
            mine = population.current
            if mine is None:
                continue
            gz = direct[place][t].copy() if place in direct else np.zeros_like(mine[t])
            for projection in network.projections:
                arrival = t + projection.delay
                if projection.source is network.order[place] and arrival < arrays.n_steps:
                    arriving = arrays[projection.target.name].current
                    assert arriving is not None  # no projection targets an Input  # noqa: S101
                    gz += arriving[arrival] @ projection.weights.T
            if population.coefficients.model == "LI":
                gu = carries[place]["membrane_gradient"] + gz
                mine[t] = gu * population.coefficients["input_gain"]
                carries[place]["membrane_gradient"] = gu * population.coefficients["decay_membrane"]
            else:
                mine[t] = _fire_backward(arrays, place, t, gz, carries[place], settings)


def _refractory(arrays: NetworkArrays, place: int, t: int) -> Array:
    """Return where neurons were refractory in step t, shape (batch, n)."""
    population = arrays.populations[place]
    end = arrays.history + t
    begin = max(0, end - population.coefficients.refractory_steps)
    return np.asarray(np.any(population.output[begin:end], axis=0))


def _fire_backward(
    arrays: NetworkArrays, place: int, t: int, gz: Array, carry: dict[str, Array], settings: Backward
) -> Array:
    """Return dL/dx[t] of a spiking population and step its carries (eq. 3-8)."""
    population = arrays.populations[place]
    c = population.coefficients
    assert population.membrane_record is not None  # the arrays record  # noqa: S101
    u, z = population.membrane_record[t], population.output[arrays.history + t]
    held = _refractory(arrays, place, t)
    gv = carry["membrane_gradient"]
    threshold = c["threshold"]
    if population.adaptation_record is not None:
        threshold = threshold + c["adaptation_strength"] * population.adaptation_record[t]
    s = np.where(held, 0, settings.surrogate.derivative(u - threshold)).astype(u.dtype)
    if settings.through_reset:
        gz = gz - gv * ((u if c.reset_to_value else c["threshold"]) - c["reset_value"])
    if "adaptation_gradient" in carry:
        ga = carry["adaptation_gradient"]
        gz = gz + ga * (1 - c["decay_adaptation"])
        carry["adaptation_gradient"] = c["decay_adaptation"] * ga - c["adaptation_strength"] * (gz * s)
    gu = gv * ((1 - z) if c.reset_to_value else 1) + gz * s
    gx = np.where(held, 0, gu * c["input_gain"]).astype(u.dtype)
    if "synaptic_gradient" in carry:
        carry["synaptic_gradient"] = gx + c["decay_synapse"] * carry["synaptic_gradient"]
        gx = carry["synaptic_gradient"] * c["input_weight"]
    carry["membrane_gradient"] = np.where(held, gv, gu * c["decay_membrane"]).astype(u.dtype)
    return gx
