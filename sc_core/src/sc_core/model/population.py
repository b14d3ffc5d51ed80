"""A population: neurons of one model and their state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from sc_core.contracts.state import State
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_core.model.dynamics import NeuronState, initial_state, step
from sc_core.model.neurons import Coefficients, Neuron, parameter_names

if TYPE_CHECKING:
    from sc_core.model.projection import Projection


class Population:
    """Neurons of one model.

    Parameters
    ----------
    name : str
        Unique within a network.
    n : int
        How many neurons.
    neuron : Input, LIF, CubaLIF, ALIF or LI
        The model and its parameters.

    Attributes
    ----------
    voltages : ndarray, shape (n,), float64
        The membrane after the last `step_all`.
    neuron : Input, LIF, CubaLIF, ALIF or LI
        The model with its present parameters: those that are learned have one value per neuron.
    spikes : ndarray, shape (n,), float64
        The output of the last `step_all`: 0 or 1 for spiking models, the membrane (LI) or the input (Input).
    incoming : list of Projection
        The projections that target this population, once a network holds it.
    dt : float
        Length of a step, ms; the network sets it.

    Raises
    ------
    ConfigurationError
        If a name is empty or `n` is not a positive integer.
    ShapeError
        If a per-neuron parameter has not n values.

    Examples
    --------
    >>> from sc_core import LIF, Population
    >>> population = Population("hidden", 3, LIF(tau=20.0))
    >>> population.step_all([0.0, 10.0, 30.0])
    array([0., 0., 1.])
    """

    def __init__(self, name: str, n: int, neuron: Neuron) -> None:
        if not isinstance(name, str) or not name:
            raise ConfigurationError("population.name", f"must be a non-empty string, got {name!r}")
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise ConfigurationError(f"{name}.n", f"must be an integer >= 1, got {n!r}")
        self.name = name
        self.n = int(n)
        self._neuron = neuron
        self._learned: dict[str, NDArray[Any]] = {}
        self._followed: dict[str, NDArray[Any]] = {}
        self.incoming: list[Projection] = []
        self.dt = 1.0
        self.bind(1.0)

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {self.n}, {self.neuron!r})"

    @property
    def neuron(self) -> Neuron:
        """The model and its parameters, those that are learned at their present values."""
        changed = {
            name: array.copy()
            for name, array in self._learned.items()
            if name not in self._followed or not np.array_equal(array, self._followed[name])
        }
        if changed:
            try:
                self._neuron = attrs.evolve(self._neuron, **cast(Any, changed))
            except ValueError as error:
                raise NumericalError(f"population {self.name!r}: {error}") from error
            self._followed.update(changed)
        return self._neuron

    @property
    def learned_parameters(self) -> Mapping[str, NDArray[Any]]:
        """The arrays (n,) of the parameters that `learn_parameter` named (read-only mapping of writable arrays)."""
        return MappingProxyType(self._learned)

    def learn_parameter(self, name: str, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Keep a parameter of the model as an array, one value per neuron, which learners change in place.

        Parameters
        ----------
        name : str
            A parameter of the model that may differ from neuron to neuron.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        ndarray, shape (n,)
            The present values; the same array if asked for again.

        Raises
        ------
        ConfigurationError
            If the model has no such parameter.

        Notes
        -----
        `neuron`, `step_all` and every simulation follow the array. A value that the model does not allow (a time
        constant of 0) is refused with `NumericalError` when it is next used.

        Examples
        --------
        >>> from sc_core import LIF, Population
        >>> population = Population("hidden", 2, LIF(tau=20.0))
        >>> population.learn_parameter("tau")[0] = 10.0
        >>> population.neuron.tau
        (10.0, 20.0)
        """
        allowed = parameter_names(type(self._neuron))
        if name not in allowed:
            raise ConfigurationError(
                f"{self.name}.{name}",
                f"{type(self._neuron).__name__} has no parameter of this name; there are: "
                f"{', '.join(allowed) or 'none'}",
            )
        if name not in self._learned:
            self._learned[name] = np.full(self.n, getattr(self._neuron, name), dtype)
        return self._learned[name]

    @property
    def spiking(self) -> bool:
        """Whether the output is spikes."""
        return self._neuron.spiking

    @property
    def voltages(self) -> NDArray[np.float64]:
        """The membrane after the last step, shape (n,); an Input's is its last input."""
        return self.state["membrane"] if self.state else self.spikes

    def coefficients(self, dtype: np.dtype[Any]) -> Coefficients:
        """Return what a step of this population computes with, as arrays of `dtype`."""
        return self.neuron.coefficients(self.n, self.dt, dtype)

    def bind(self, dt: float) -> None:
        """Set the length of a step (ms) and reset; a network calls this."""
        self.dt = dt
        self._coefficients = self.coefficients(np.dtype(np.float64))
        self.reset_all()

    def _follow_parameters(self) -> None:
        if self._learned:
            self._coefficients = self.coefficients(np.dtype(np.float64))

    def reset_all(self) -> None:
        """Return to the state before the first step."""
        self._follow_parameters()
        self.state: NeuronState = initial_state(self._coefficients, (self.n,), np.dtype(np.float64))
        self.spikes: NDArray[np.float64] = np.zeros(self.n)

    def state_dict(self) -> State:
        """Return the neurons' state and learned parameters."""
        saved: dict[str, Any] = {**self.state, "spikes": self.spikes}
        return {**saved, "learned_parameters": dict(self._learned)} if self._learned else saved

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned; parameters that were learned become so here, too."""
        saved = dict(state)
        for name, array in saved.pop("learned_parameters", {}).items():
            self.learn_parameter(name, array.dtype)[...] = array
        self.spikes = np.array(saved.pop("spikes"))
        self.state = {name: np.array(array) for name, array in saved.items()}

    def step_all(self, currents: ArrayLike) -> NDArray[np.float64]:
        """Advance every neuron by one step.

        Parameters
        ----------
        currents : array_like, shape (n,)
            The summed input current of this step.

        Returns
        -------
        ndarray, shape (n,), float64
            The output, also kept in `spikes`.

        Raises
        ------
        ShapeError
            If `currents` has another shape.
        """
        current = np.asarray(currents, dtype=np.float64)
        if current.shape != (self.n,):
            raise ShapeError(
                f"population {self.name!r} expects currents of shape ({self.n},), got {current.shape}"
            )
        self._follow_parameters()
        output, _ = step(self._coefficients, self.state, current)
        self.spikes = output.astype(np.float64)  # a copy: state is changed in place
        return self.spikes
