"""The derivative of the backward pass along a direction of the weights (specs/hessian-vector-product.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core.errors import NumericalError, ShapeError
from sc_core.model import Network
from sc_gradient.backward import (
    Array,
    Backward,
    arriving_gradient,
    refractory,
    step_backward,
    sum_at_synapses,
    threshold_distance,
)


def checked_direction(network: Network, direction: Sequence[NDArray[Any]]) -> list[Array]:
    """Return a direction of the weights, of which what is frozen is 0.

    Parameters
    ----------
    network : Network
    direction : sequence of ndarray, shape (n_synapses,), one per projection

    Returns
    -------
    list of ndarray
        In the network's dtype.

    Raises
    ------
    ShapeError, NumericalError
        If it has other shapes, or is not finite.
    """
    given = [np.asarray(values) for values in direction]
    expected = [projection.data.shape for projection in network.projections]
    if [values.shape for values in given] != expected:
        raise ShapeError(
            f"the direction has arrays of shapes {[values.shape for values in given]}, expected one per "
            f"projection, {expected}"
        )
    for projection, values in zip(network.projections, given, strict=True):
        if not np.isfinite(values).all():
            raise NumericalError(f"the direction is not finite at projection {projection.name!r}")
    return [
        np.ascontiguousarray(values if projection.trainable else np.zeros_like(values), network.dtype)
        for projection, values in zip(network.projections, given, strict=True)
    ]


@attrs.frozen(eq=False)
class PopulationTangent:
    """One population's derivatives along the direction.

    Parameters
    ----------
    output : ndarray, shape (history + n_steps, batch, n)
        That of z[t] (LI: of the membrane); zeros before the window.
    membrane, distance : ndarray, shape (n_steps, batch, n)
        Those of u[t] and of its distance to the threshold: the same array where the threshold is constant.
    current_gradient : ndarray, shape (n_steps, batch, n)
        That of dL/dx[t].
    """

    output: Array
    membrane: Array
    distance: Array
    current_gradient: Array


class Tangent:
    """Differentiates the passes of a `Backward` along a direction of the weights.

    Parameters
    ----------
    backward : Backward
        Its forward pass must have run from the reset state.
    """

    def __init__(self, backward: Backward) -> None:
        self.backward = backward
        self.arrays = backward.forward.arrays
        self.populations = tuple(self._allocate(place) for place in range(len(self.arrays.populations)))

    def _allocate(self, place: int) -> PopulationTangent | None:
        arrays, population = self.arrays, self.arrays.populations[place]
        if population.coefficients.model == "Input":
            return None
        kind, window = arrays.network.dtype, (arrays.n_steps, arrays.batch, population.n)
        membrane = np.empty(window, kind)
        return PopulationTangent(
            output=np.zeros((arrays.history + arrays.n_steps, arrays.batch, population.n), kind),
            membrane=membrane,
            distance=membrane if population.adaptation_record is None else np.empty(window, kind),
            current_gradient=np.empty(window, kind),
        )

    def output(self, name: str) -> Array:
        """Return the derivative of a population's output, shape (n_steps, batch, n): a view."""
        tangent = self.populations[self.arrays.place[name]]
        if tangent is None:
            shape = (self.arrays.n_steps, self.arrays.batch, self.arrays[name].n)
            return np.zeros(shape, self.arrays.network.dtype)
        return tangent.output[self.arrays.history :]

    def forward(self, direction: Sequence[Array], inputs: Array) -> None:
        """Differentiate the forward pass (eq. 2-8).

        Parameters
        ----------
        direction : sequence of ndarray, shape (n_synapses,), one per projection
        inputs : ndarray, shape (n_steps, batch, n_input)
            What the forward pass ran on.
        """
        arrays = self.arrays
        if self.populations[arrays.place[arrays.network.input_population.name]] is None:
            # The compiled forward pass leaves the output of an Input unfilled.
            arrays.output(arrays.network.input_population.name)[...] = inputs
        self.directions = [
            scipy.sparse.csr_array((values, p.indices, p.indptr), shape=p.weights.shape)
            for p, values in zip(arrays.network.projections, direction, strict=True)
        ]
        carries: list[dict[str, Array]] = [
            {name: np.zeros_like(values) for name, values in population.state.items()}
            for population in arrays.populations
        ]
        for t in range(arrays.n_steps):
            for place, tangent in enumerate(self.populations):
                if tangent is not None:
                    self._step_forward(place, tangent, t, carries[place])

    def _step_forward(self, place: int, mine: PopulationTangent, t: int, carry: dict[str, Array]) -> None:
        arrays, population = self.arrays, self.arrays.populations[place]
        c, kept = population.coefficients, arrays.history + t
        x = self._arriving(place, t)
        if "synaptic_current" in carry:
            carry["synaptic_current"] = c["decay_synapse"] * carry["synaptic_current"] + c["input_weight"] * x
            x = carry["synaptic_current"]
        u = c["decay_membrane"] * carry["membrane"] + c["input_gain"] * x
        if c.model == "LI":
            mine.output[kept] = carry["membrane"] = u
            return
        held = refractory(arrays, place, t)
        u = np.where(held, carry["membrane"], u)
        mine.membrane[t] = u
        if "adaptation" in carry:
            mine.distance[t] = u - c["adaptation_strength"] * carry["adaptation"]
        s = np.where(held, 0, self.backward.surrogate.derivative(threshold_distance(population, t)))
        z = (s * mine.distance[t]).astype(u.dtype)
        mine.output[kept] = z
        resetting = z if self.backward.through_reset else np.zeros_like(z)
        if c.reset_to_value:
            assert population.membrane_record is not None  # the arrays record  # noqa: S101
            fallen = population.membrane_record[t] - c["reset_value"]
            carry["membrane"] = (1 - population.output[kept]) * u - resetting * fallen
        else:
            carry["membrane"] = u - resetting * (c["threshold"] - c["reset_value"])
        if "adaptation" in carry:
            decay = c["decay_adaptation"]
            carry["adaptation"] = decay * carry["adaptation"] + (1 - decay) * z

    def _arriving(self, place: int, t: int) -> Array:
        """Return the derivative of the current that reaches a population in step t, shape (batch, n)."""
        arrays = self.arrays
        network = arrays.network
        total = np.zeros((arrays.batch, arrays.populations[place].n), network.dtype)
        for projection, direction in zip(network.projections, self.directions, strict=True):
            if projection.target is not network.order[place]:
                continue
            source, sent = arrays.place[projection.source.name], arrays.history + t - projection.delay
            total += arrays.populations[source].output[sent] @ direction
            tangent = self.populations[source]
            if tangent is not None:
                total += tangent.output[sent] @ projection.weights
        return total

    def backward_pass(
        self, output_gradients: Mapping[str, Array], derivatives: Mapping[str, Array]
    ) -> tuple[list[Array], list[Array]]:
        """Return the gradient and its derivative along the direction (eq. 9-15).

        Parameters
        ----------
        output_gradients : mapping of str to ndarray, shape (n_steps, batch, n)
            As in `Backward.run`.
        derivatives : mapping of str to ndarray, of the same shapes
            Their derivatives along the direction.

        Returns
        -------
        list of ndarray, list of ndarray
            One array (n_synapses,) per projection; zeros where it is frozen.
        """
        arrays = self.arrays
        places = range(len(arrays.populations))
        carries = [self.backward.carries(place) for place in places]
        carry_derivatives = [self.backward.carries(place) for place in places]
        direct = {arrays.place[name]: values for name, values in output_gradients.items()}
        direct_derivatives = {arrays.place[name]: values for name, values in derivatives.items()}
        weights = [projection.weights for projection in arrays.network.projections]
        currents = [population.current for population in arrays.populations]
        tangents = [None if mine is None else mine.current_gradient for mine in self.populations]
        for t in reversed(range(arrays.n_steps)):
            for place in reversed(places):
                mine, derivative = currents[place], tangents[place]
                if mine is None or derivative is None:
                    continue
                gz = arriving_gradient(arrays, place, t, weights, currents)
                slope = arriving_gradient(arrays, place, t, weights, tangents)
                slope += arriving_gradient(arrays, place, t, self.directions, currents)
                if place in direct:
                    gz = direct[place][t] + gz
                    slope = direct_derivatives[place][t] + slope
                gv = carries[place]["membrane_gradient"]
                mine[t], gz = step_backward(arrays, place, t, gz, carries[place], self.backward)
                derivative[t] = self._step_backward(place, t, (gz, gv, slope), carry_derivatives[place])
        indices = range(len(arrays.network.projections))
        gradients = [self.backward.weight_gradient(index) for index in indices]
        return gradients, [self._weight_derivative(index) for index in indices]

    def _weight_derivative(self, index: int) -> Array:
        """Return the derivative of one projection's gradient, shape (n_synapses,) (eq. 15)."""
        arrays, projection = self.arrays, self.arrays.network.projections[index]
        if not projection.trainable:
            return np.zeros_like(projection.data)
        source, target = arrays.place[projection.source.name], arrays.place[projection.target.name]
        current, mine, theirs = (
            arrays.populations[target].current,
            self.populations[target],
            self.populations[source],
        )
        assert current is not None and mine is not None  # no projection targets an Input  # noqa: S101, PT018
        product = sum_at_synapses(arrays, index, arrays.populations[source].output, mine.current_gradient)
        if theirs is not None:
            product += sum_at_synapses(arrays, index, theirs.output, current)
        return product

    def _step_backward(
        self, place: int, t: int, given: tuple[Array, Array, Array], carry: dict[str, Array]
    ) -> Array:
        """Return the derivative of dL/dx[t] and step those of the carries (eq. 10-14).

        `given` holds dL/dz[t] as it is after (3) and (4) of specs/bptt.md, dL/dv[t], and the derivative of
        dL/dz[t] as it comes from loss and projections.
        """
        arrays, population, tangent = self.arrays, self.arrays.populations[place], self.populations[place]
        assert tangent is not None  # an Input has no backward step  # noqa: S101
        c, through_reset = population.coefficients, self.backward.through_reset
        gz, gv, gz_slope = given
        gv_slope = carry["membrane_gradient"]
        if c.model == "LI":
            carry["membrane_gradient"] = (gv_slope + gz_slope) * c["decay_membrane"]
            return np.asarray((gv_slope + gz_slope) * c["input_gain"])
        assert population.membrane_record is not None  # the arrays record  # noqa: S101
        u, z = population.membrane_record[t], population.output[arrays.history + t]
        held = refractory(arrays, place, t)
        distance, surrogate = threshold_distance(population, t), self.backward.surrogate
        s = np.where(held, 0, surrogate.derivative(distance)).astype(u.dtype)
        s_slope = (
            np.where(held, 0, surrogate.second_derivative(distance)).astype(u.dtype) * tangent.distance[t]
        )
        if through_reset and c.reset_to_value:
            gz_slope = gz_slope - gv_slope * (u - c["reset_value"]) - gv * tangent.membrane[t]
        elif through_reset:
            gz_slope = gz_slope - gv_slope * (c["threshold"] - c["reset_value"])
        if "adaptation_gradient" in carry:
            ga_slope = carry["adaptation_gradient"]
            gz_slope = gz_slope + ga_slope * (1 - c["decay_adaptation"])
            carry["adaptation_gradient"] = c["decay_adaptation"] * ga_slope - c["adaptation_strength"] * (
                gz_slope * s + gz * s_slope
            )
        gu_slope = gv_slope * ((1 - z) if c.reset_to_value else 1) + gz_slope * s + gz * s_slope
        if through_reset and c.reset_to_value:
            gu_slope = gu_slope - gv * tangent.output[arrays.history + t]
        gx_slope = np.where(held, 0, gu_slope * c["input_gain"]).astype(u.dtype)
        if "synaptic_gradient" in carry:
            carry["synaptic_gradient"] = gx_slope + c["decay_synapse"] * carry["synaptic_gradient"]
            gx_slope = carry["synaptic_gradient"] * c["input_weight"]
        carry["membrane_gradient"] = np.where(held, gv_slope, gu_slope * c["decay_membrane"]).astype(u.dtype)
        return np.asarray(gx_slope)
