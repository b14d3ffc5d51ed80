"""The derivative of both passes along a direction of the weights: compiled, or in NumPy.

Equations: specs/hessian-vector-product.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.errors import NumericalError, ShapeError
from sc_core.model import Network
from sc_gradient.backward import Array, Backward, native_gradients, stored
from sc_gradient.tangent_reference import (
    PopulationTangent,
    differentiate_backward,
    differentiate_forward,
    weight_derivative,
)

if TYPE_CHECKING:
    from sc_native.tangent import TangentArrays


# What goes on from step to step, by the part of a neuron's state that it is the derivative of.
_CARRIES = {
    "membrane": "membrane_carry",
    "synaptic_current": "synaptic_carry",
    "adaptation": "adaptation_carry",
}


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


class Tangent:
    """Differentiates the passes of a `Backward` along a direction of the weights.

    Parameters
    ----------
    backward : Backward
    """

    def __init__(self, backward: Backward) -> None:
        self.backward = backward
        self.arrays = backward.forward.arrays
        self.populations = tuple(self._allocate(place) for place in range(len(self.arrays.populations)))
        self._direction: Sequence[Array] = ()

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

    def forward(self, direction: Sequence[Array]) -> None:
        """Differentiate the forward pass, which must have run from the reset state (eq. 2-8).

        Parameters
        ----------
        direction : sequence of ndarray, shape (n_synapses,), one per projection
        """
        self._direction = direction
        if kernels.native():
            native = self.backward.forward.native()
            native.tangent_forward(self._native_view({}), *self.backward.native_settings())
        else:
            differentiate_forward(self.backward, self.populations, self._matrices())

    def backward_pass(
        self, output_gradients: Mapping[str, Array], derivatives: Mapping[str, Array]
    ) -> tuple[list[Array], list[Array]]:
        """Return the gradient and its derivative along the direction of the forward pass (eq. 9-15).

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
        place, projections = self.arrays.place, self.arrays.network.projections
        direct = {place[name]: values for name, values in output_gradients.items()}
        changes = {place[name]: values for name, values in derivatives.items()}
        tangent = None
        if kernels.native():
            tangent = self._native_view(changes)
            carries = [self.backward.carries(place) for place in range(len(self.populations))]
            self.backward.forward.native().tangent_backward(
                native_gradients(direct, carries), tangent, *self.backward.native_settings()
            )
        else:
            differentiate_backward(self.backward, self.populations, self._matrices(), direct, changes)
        gradients = self.backward.weight_gradients()
        return gradients, [self._weight_derivative(index, tangent) for index in range(len(projections))]

    def _weight_derivative(self, index: int, tangent: TangentArrays | None) -> Array:
        projection = self.arrays.network.projections[index]
        if not projection.trainable:
            return np.zeros_like(projection.data)
        if tangent is None:
            return weight_derivative(self.backward, self.populations, index)
        product = np.empty_like(projection.data)
        native = self.backward.forward.native()
        native.tangent_weights(index, tangent, product, kernels.thread_count())
        return product

    def _matrices(self) -> list[Any]:
        return [
            scipy.sparse.csr_array((values, p.indices, p.indptr), shape=p.weights.shape)
            for p, values in zip(self.arrays.network.projections, self._direction, strict=True)
        ]

    def _native_view(self, changes: Mapping[int, Array]) -> TangentArrays:
        """Return the C view of the derivatives, with zeroed carries; `changes` are those of dL/d output by place."""
        views: list[dict[str, Array | None]] = []
        for place, (mine, population) in enumerate(
            zip(self.populations, self.arrays.populations, strict=True)
        ):
            if mine is None:
                views.append({})
                continue
            carries = {
                carry: np.zeros_like(population.state[part])
                for part, carry in _CARRIES.items()
                if part in population.state
            }
            views.append(
                {
                    "output": mine.output,
                    "membrane": mine.membrane,
                    "distance": mine.distance,
                    "current_gradient": mine.current_gradient,
                    "output_gradient": stored(changes[place]) if place in changes else None,
                    **carries,
                }
            )
        return self.backward.forward.native().tangent(views, self._direction)
