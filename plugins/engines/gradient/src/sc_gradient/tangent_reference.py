"""The derivative of both passes in NumPy: the reference that the compiled one must agree with.

Equations: specs/hessian-vector-product.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np

from sc_gradient.backward import (
    Array,
    Backward,
    arriving_gradient,
    refractory,
    step_backward,
    sum_at_synapses,
    threshold_distance,
)


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


Tangents: TypeAlias = Sequence[PopulationTangent | None]
"""One per population in the order of a step; None for an Input."""


def differentiate_forward(backward: Backward, tangents: Tangents, directions: Sequence[Any]) -> None:
    """Fill `tangents` with the derivative of the forward pass along `directions`, csr_arrays (eq. 2-8)."""
    arrays = backward.forward.arrays
    carries: list[dict[str, Array]] = [
        {name: np.zeros_like(values) for name, values in population.state.items()}
        for population in arrays.populations
    ]
    for t in range(arrays.n_steps):
        for place, mine in enumerate(tangents):
            if mine is not None:
                x = _arriving(backward, tangents, directions, place, t)
                _step_forward(backward, mine, place, t, x, carries[place])


def _step_forward(
    backward: Backward, mine: PopulationTangent, place: int, t: int, x: Array, carry: dict[str, Array]
) -> None:
    """Step the derivatives of a population that receives the derivative `x` (eq. 3-8)."""
    arrays = backward.forward.arrays
    population = arrays.populations[place]
    c, kept = population.coefficients, arrays.history + t
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
    s = np.where(held, 0, backward.surrogate.derivative(threshold_distance(population, t)))
    z = (s * mine.distance[t]).astype(u.dtype)
    mine.output[kept] = z
    resetting = z if backward.through_reset else np.zeros_like(z)
    if c.reset_to_value:
        assert population.membrane_record is not None  # the arrays record  # noqa: S101
        fallen = population.membrane_record[t] - c["reset_value"]
        carry["membrane"] = (1 - population.output[kept]) * u - resetting * fallen
    else:
        carry["membrane"] = u - resetting * (c["threshold"] - c["reset_value"])
    if "adaptation" in carry:
        decay = c["decay_adaptation"]
        carry["adaptation"] = decay * carry["adaptation"] + (1 - decay) * z


def _arriving(backward: Backward, tangents: Tangents, directions: Sequence[Any], place: int, t: int) -> Array:
    """Return the derivative of the current that reaches a population in step t, shape (batch, n) (eq. 2)."""
    arrays = backward.forward.arrays
    network = arrays.network
    total = np.zeros((arrays.batch, arrays.populations[place].n), network.dtype)
    for projection, direction in zip(network.projections, directions, strict=True):
        if projection.target is not network.order[place]:
            continue
        source, sent = arrays.place[projection.source.name], arrays.history + t - projection.delay
        total += arrays.populations[source].output[sent] @ direction
        tangent = tangents[source]
        if tangent is not None:
            total += tangent.output[sent] @ projection.weights
    return total


def differentiate_backward(
    backward: Backward,
    tangents: Tangents,
    directions: Sequence[Any],
    direct: Mapping[int, Array],
    derivatives: Mapping[int, Array],
) -> None:
    """Run the backward pass and fill `tangents` with its derivative (eq. 9-14).

    `direct` and `derivatives` are dL/d output from the loss and its derivative, by the population's place.
    """
    arrays = backward.forward.arrays
    places = range(len(arrays.populations))
    carries = [backward.carries(place) for place in places]
    carry_derivatives = [backward.carries(place) for place in places]
    weights = [projection.weights for projection in arrays.network.projections]
    currents = [population.current for population in arrays.populations]
    slopes = [None if mine is None else mine.current_gradient for mine in tangents]
    for t in reversed(range(arrays.n_steps)):
        for place in reversed(places):
            mine, mine_slope = currents[place], slopes[place]
            if mine is None or mine_slope is None:
                continue
            gz = arriving_gradient(arrays, place, t, weights, currents)
            slope = arriving_gradient(arrays, place, t, weights, slopes)
            slope += arriving_gradient(arrays, place, t, directions, currents)
            if place in direct:
                gz = direct[place][t] + gz
                slope = derivatives[place][t] + slope
            gv = carries[place]["membrane_gradient"]
            mine[t], gz = step_backward(arrays, place, t, gz, carries[place], backward)
            given, carry = (gz, gv, slope), carry_derivatives[place]
            mine_slope[t] = _step_backward(backward, tangents, (place, t), given, carry)


def _step_backward(
    backward: Backward,
    tangents: Tangents,
    at: tuple[int, int],
    given: tuple[Array, Array, Array],
    carry: dict[str, Array],
) -> Array:
    """Return the derivative of dL/dx[t] and step those of the carries (eq. 10-14).

    `at` is the population's place and the step. `given` holds dL/dz[t] as it is after (3) and (4) of specs/bptt.md,
    dL/dv[t], and the derivative of dL/dz[t] as it comes from loss and projections.
    """
    place, t = at
    arrays, tangent = backward.forward.arrays, tangents[place]
    population = arrays.populations[place]
    assert tangent is not None  # an Input has no backward step  # noqa: S101
    c, through_reset = population.coefficients, backward.through_reset
    gz, gv, gz_slope = given
    gv_slope = carry["membrane_gradient"]
    if c.model == "LI":
        carry["membrane_gradient"] = (gv_slope + gz_slope) * c["decay_membrane"]
        return np.asarray((gv_slope + gz_slope) * c["input_gain"])
    assert population.membrane_record is not None  # the arrays record  # noqa: S101
    u, z = population.membrane_record[t], population.output[arrays.history + t]
    held = refractory(arrays, place, t)
    distance, surrogate = threshold_distance(population, t), backward.surrogate
    s = np.where(held, 0, surrogate.derivative(distance)).astype(u.dtype)
    s_slope = np.where(held, 0, surrogate.second_derivative(distance)).astype(u.dtype) * tangent.distance[t]
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


def weight_derivative(backward: Backward, tangents: Tangents, index: int) -> Array:
    """Return the derivative of one projection's gradient, shape (n_synapses,) (eq. 15)."""
    arrays = backward.forward.arrays
    projection = arrays.network.projections[index]
    source, target = arrays.place[projection.source.name], arrays.place[projection.target.name]
    current, mine, theirs = arrays.populations[target].current, tangents[target], tangents[source]
    assert current is not None and mine is not None  # no projection targets an Input  # noqa: S101, PT018
    product = sum_at_synapses(arrays, index, arrays.populations[source].output, mine.current_gradient)
    if theirs is not None:
        product += sum_at_synapses(arrays, index, theirs.output, current)
    return product
