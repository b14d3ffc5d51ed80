"""One step of a neuron model in NumPy (specs/neurons.md): the reference that the C kernels must agree with.

Arrays have shape (..., n): one sequence, or a batch of them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_core.model.neurons import Coefficients

Array: TypeAlias = NDArray[np.floating[Any]]
NeuronState: TypeAlias = dict[str, NDArray[Any]]
"""``membrane`` and, where the model has it, ``synaptic_current``, ``adaptation``, ``refractory`` (steps left)."""


def initial_state(coefficients: Coefficients, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NeuronState:
    """Return the state before the first step: the membrane at v_leak, everything else at 0."""
    if coefficients.model == "Input":
        return {}
    state: NeuronState = {"membrane": np.empty(shape, dtype)}
    if "decay_synapse" in coefficients:
        state["synaptic_current"] = np.empty(shape, dtype)
    if "decay_adaptation" in coefficients:
        state["adaptation"] = np.empty(shape, dtype)
    if coefficients.refractory_steps:
        state["refractory"] = np.empty(shape, np.int32)
    reset_state(coefficients, state)
    return state


def reset_state(coefficients: Coefficients, state: NeuronState) -> None:
    """Make a state in place what `initial_state` returns."""
    for name, values in state.items():
        values[...] = coefficients["leak_value"] if name == "membrane" else 0


def step(coefficients: Coefficients, state: NeuronState, current: Array) -> tuple[Array, Array]:
    """Advance one step in place.

    Parameters
    ----------
    coefficients : Coefficients
    state : NeuronState
        Changed in place.
    current : ndarray, shape (..., n)
        The summed input of this step.

    Returns
    -------
    output : ndarray, shape (..., n)
        Spikes (0 or 1), the membrane (LI) or the input itself (Input).
    membrane_before_reset : ndarray, shape (..., n)
        u[t] of the specification.
    """
    if coefficients.model == "Input":
        return current, current
    if "decay_synapse" in coefficients:
        state["synaptic_current"] *= coefficients["decay_synapse"]
        state["synaptic_current"] += coefficients["input_weight"] * current
        current = state["synaptic_current"]
    driven = coefficients["leak_drive"] + coefficients["input_gain"] * current
    integrated = coefficients["decay_membrane"] * state["membrane"] + driven
    if coefficients.model == "LI":
        state["membrane"][...] = integrated
        return integrated, integrated
    return _spike_and_reset(coefficients, state, integrated)


def _spike_and_reset(
    coefficients: Coefficients, state: NeuronState, integrated: Array
) -> tuple[Array, Array]:
    membrane, threshold = state["membrane"], coefficients["threshold"]
    raised = threshold
    if "decay_adaptation" in coefficients:
        raised = threshold + coefficients["adaptation_strength"] * state["adaptation"]
    spiking = integrated >= raised
    if coefficients.refractory_steps:
        held = state["refractory"] > 0
        integrated = np.where(held, membrane, integrated)
        spiking &= ~held
        state["refractory"][...] = np.where(
            spiking, coefficients.refractory_steps, np.maximum(state["refractory"] - 1, 0)
        )
    spikes = spiking.astype(membrane.dtype)
    if coefficients.reset_to_value:
        membrane[...] = np.where(spiking, coefficients["reset_value"], integrated)
    else:
        membrane[...] = integrated - spikes * (threshold - coefficients["reset_value"])
    if "decay_adaptation" in coefficients:
        decay = coefficients["decay_adaptation"]
        state["adaptation"][...] = decay * state["adaptation"] + (1 - decay) * spikes
    return spikes, integrated
