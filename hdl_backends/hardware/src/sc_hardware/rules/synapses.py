"""A rule at every synapse of a CSR projection, in NumPy: neurons' fields once per neuron, the others per synapse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_hardware.rules.rule import Rule


def narrowest_dtype(signed: bool, bits: int) -> np.dtype[Any]:
    """Return the narrowest integer type of NumPy for a number of bits.

    Examples
    --------
    >>> narrowest_dtype(True, 12)
    dtype('int16')
    """
    size = next(size for size in (8, 16, 32, 64) if bits <= size)
    return np.dtype(f"{'' if signed else 'u'}int{size}")


def empty_state(
    rule: Rule, parameters: Mapping[str, int], n_pre: int, n_post: int, n_synapses: int
) -> dict[str, NDArray[Any]]:
    """Return zeros for every field, in the narrowest types: one per synapse, or per neuron where it lives there."""
    sizes = {"synapse": n_synapses, "presynaptic": n_pre, "postsynaptic": n_post}
    return {
        field.name: np.zeros(
            sizes[field.location],
            bool
            if field.type.is_bit
            else narrowest_dtype(field.type.signed, field.type.width.value(parameters)),
        )
        for field in rule.state
    }


def step_synapses(
    rule: Rule,
    indptr: NDArray[np.integer[Any]],
    indices: NDArray[np.integer[Any]],
    state: Mapping[str, NDArray[Any]],
    inputs: Mapping[str, Any],
    parameters: Mapping[str, int],
) -> None:
    """Take one step, in place.

    Parameters
    ----------
    rule : Rule
    indptr, indices : ndarray
        CSR pattern, rows = presynaptic.
    state : mapping of str to ndarray
        As `empty_state` makes it; all next values come from the old ones.
    inputs : mapping of str to ndarray or int
        Per neuron, shape (n_pre,) or (n_post,); shared ones as numbers.
    parameters : mapping of str to int
    """
    after: dict[str, Any] = {}
    for location in ("synapse", "presynaptic", "postsynaptic"):
        fields = [field.name for field in rule.state if field.location == location]
        if not fields:
            continue
        spread = _Spread(location, indptr, indices)
        values = {
            field.name: spread(state[field.name], field.location, field.type.is_bit) for field in rule.state
        }
        given = {
            field.name: spread(inputs[field.name], field.location, field.type.is_bit) for field in rule.inputs
        }
        following = rule.step(values, given, parameters)
        after |= {name: following[name] for name in fields}
    for name, following_values in after.items():
        state[name][...] = following_values


class _Spread:
    """Brings fields to where a step is taken; those that cannot matter there are 0."""

    def __init__(self, location: str, indptr: NDArray[Any], indices: NDArray[Any]) -> None:
        self.location, self.indptr, self.indices = location, indptr, indices

    def __call__(self, values: Any, of: str, is_bit: bool) -> Any:
        if of in (self.location, "shared"):
            return values
        if self.location != "synapse":
            return False if is_bit else 0
        if of == "presynaptic":
            return np.repeat(values, np.diff(self.indptr))
        return values[self.indices]


class RuleSynapses:
    """The state of a rule at the synapses of a projection.

    Parameters
    ----------
    rule : Rule
    indptr, indices : ndarray
        CSR pattern, rows = presynaptic.
    n_post : int
    parameters : mapping of str to int
        All of the rule's.

    Attributes
    ----------
    state : dict of str to ndarray
        One value per synapse, or per neuron where a field lives there; changed by `step`.
    """

    def __init__(
        self,
        rule: Rule,
        indptr: NDArray[Any],
        indices: NDArray[Any],
        n_post: int,
        parameters: Mapping[str, int],
    ) -> None:
        self.rule, self.indptr, self.indices, self.parameters = rule, indptr, indices, parameters
        self.state = empty_state(rule, parameters, indptr.size - 1, n_post, indices.size)

    def step(self, inputs: Mapping[str, Any]) -> None:
        """Take one step: inputs per neuron, shape (n_pre,) or (n_post,); shared ones as numbers."""
        step_synapses(self.rule, self.indptr, self.indices, self.state, inputs, self.parameters)
