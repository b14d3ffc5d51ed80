"""Parameters of neurons that are learned: which can be, their gradient, how they move (specs/bptt.md, eq. 18-25)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError, NumericalError
from sc_core.model import Network, Population
from sc_core.options.wording import nearest

Array: TypeAlias = NDArray[Any]
Wanted: TypeAlias = Sequence[str] | Mapping[str, Sequence[str]]
"""Names for every population whose model has them, or names by population."""


def _of_membrane_decay(tau: Array, dt: float) -> Array:
    """Return d alpha/d tau, divided by the 1 - alpha of eq. 18 without cancellation."""
    slope: Array = dt / (tau**2 * np.expm1(dt / tau))
    return slope


def _of_decay(tau: Array, dt: float) -> Array:
    slope: Array = np.exp(-dt / tau) * dt / tau**2
    return slope


def _itself(value: Array, dt: float) -> Array:
    return np.ones_like(value)


_FIRING = {"v_threshold": ("threshold_sum", _itself)}
LEARNABLE: dict[str, dict[str, tuple[str, Callable[[Array, float], Array]]]] = {
    "Input": {},
    "LIF": {"tau": ("membrane_decay_sum", _of_membrane_decay), **_FIRING},
    "CubaLIF": {
        "tau_syn": ("synaptic_decay_sum", _of_decay),
        "tau_mem": ("membrane_decay_sum", _of_membrane_decay),
        **_FIRING,
    },
    "ALIF": {
        "tau": ("membrane_decay_sum", _of_membrane_decay),
        "tau_adaptation": ("adaptation_decay_sum", _of_decay),
        "adaptation_strength": ("strength_sum", _itself),
        **_FIRING,
    },
    "LI": {"tau": ("membrane_decay_sum", _of_membrane_decay)},
}
"""By model and parameter: the backward pass's sum that the gradient comes from, and its factor (value, dt)."""


def sums_of(model: str) -> list[str]:
    """Return the names of all sums that a backward pass takes over a population of `model`."""
    return sorted({name for name, _ in LEARNABLE[model].values()})


@attrs.frozen(eq=False)
class LearnedParameter:
    """One parameter of one population's neurons, a value for each.

    Parameters
    ----------
    population : sc_core.Population
    name : str
    """

    population: Population
    name: str

    @property
    def values(self) -> Array:
        """The present values, shape (n,), live: the population's own array."""
        values: Array = self.population.learned_parameters[self.name]
        return values

    def gradient(self, sums: Mapping[str, Array], dt: float) -> Array:
        """Return dL/d values, shape (n,) (eq. 18-23).

        Parameters
        ----------
        sums : mapping of str to ndarray, shape (batch, n), float64
            What the backward pass summed up.
        dt : float
            Length of a step, ms.
        """
        source, factor = LEARNABLE[type(self.population.neuron).__name__][self.name]
        exact = self.values.astype(np.float64)
        gradient: Array = sums[source].sum(axis=0) * factor(exact, dt)
        return gradient.astype(self.values.dtype)

    def _bound(self) -> Array | None:
        """Return what the values must stay above; None where that is nothing."""
        if self.name == "adaptation_strength":
            return None
        bound = self.population.neuron.v_reset if self.name == "v_threshold" else 0.0  # type: ignore[union-attr]
        return np.asarray(bound, self.values.dtype)

    def free_gradient(self, gradient: Array) -> Array:
        """Return dL/d of what the optimiser steps on, from dL/d values (eq. 24)."""
        bound = self._bound()
        return gradient if bound is None else gradient * (self.values - bound)

    def moved(self, step: Array) -> Array:
        """Return the values after a step of the optimiser (eq. 25); the present ones stay.

        Raises
        ------
        NumericalError
            If one of them is not finite or no longer allowed.
        """
        bound = self._bound()
        after: Array
        if bound is None:
            after = self.values - step
        else:
            with np.errstate(over="ignore"):  # refused below; expm1, so that a step of 0 leaves every bit
                after = self.values + (self.values - bound) * np.expm1(-step)
        if not np.isfinite(after).all() or (bound is not None and (after <= bound).any()):
            raise NumericalError(
                f"{self.name} of population {self.population.name!r} leaves its range: its step is as large as "
                f"{np.abs(step).max():.3g}; try a lower learning rate, or clip_norm"
            )
        return after


def find_learned_parameters(network: Network, wanted: Wanted) -> tuple[LearnedParameter, ...]:
    """Return the parameters that `wanted` names, in the order of the populations, and make them arrays of theirs.

    Parameters
    ----------
    network : sc_core.Network
    wanted : sequence of str, or mapping of str to sequence of str
        Names, for every population whose model has them; or names by population.

    Raises
    ------
    ConfigurationError
        If there is no such population, or it has no such parameter that can be learned.

    Examples
    --------
    >>> from sc_core import LI, LIF, Network, Population, Projection
    >>> hidden, readout = Population("hidden", 2, LIF(tau=20.0)), Population("readout", 1, LI(tau=5.0))
    >>> network = Network([hidden, readout], [Projection(hidden, readout, [[1.0], [1.0]])])
    >>> for learned in find_learned_parameters(network, ["tau"]):
    ...     print(learned.population.name, learned.name, learned.values)
    hidden tau [20. 20.]
    readout tau [5.]
    >>> find_learned_parameters(network, {"hidden": ["v_treshold"]})
    Traceback (most recent call last):
        ...
    sc_core.errors.ConfigurationError: learned_parameters.hidden: 'v_treshold' is no parameter of LIF that is \
learned; there are: tau, v_threshold; did you mean 'v_threshold'?
    """
    if not wanted:
        return ()
    found = []
    for population, names in _by_population(network, wanted):
        for name in names:
            population.learn_parameter(name, network.dtype)
            found.append(LearnedParameter(population, name))
    return tuple(found)


def _by_population(network: Network, wanted: Wanted) -> list[tuple[Population, Sequence[str]]]:
    learnable = {p.name: LEARNABLE[type(p.neuron).__name__] for p in network.populations}
    if not isinstance(wanted, Mapping):
        anywhere = list(dict.fromkeys(name for names in learnable.values() for name in names))
        _refuse_others(wanted, anywhere, "learned_parameters", "no population learns")
        return [(p, [name for name in wanted if name in learnable[p.name]]) for p in network.populations]
    for population in wanted:
        path = f"learned_parameters.{population}"
        if population not in learnable:
            known = list(learnable)
            raise ConfigurationError(
                path, f"there is no such population, but {', '.join(known)}{nearest(population, known)}"
            )
        model = next(type(p.neuron).__name__ for p in network.populations if p.name == population)
        _refuse_others(
            wanted[population],
            list(learnable[population]),
            path,
            f"is no parameter of {model} that is learned",
        )
    return [(p, wanted[p.name]) for p in network.populations if p.name in wanted]


def _refuse_others(names: Sequence[str], allowed: list[str], path: str, problem: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ConfigurationError(path, f"{name!r} occurs twice")
        if name not in allowed:
            said = f"{name!r} {problem}" if problem.startswith("is") else f"{problem} {name!r}"
            known = ", ".join(allowed) or "none"
            raise ConfigurationError(path, f"{said}; there are: {known}{nearest(name, allowed)}")
