"""A population: neurons of one model and their state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError, ShapeError
from sc_core.model.dynamics import NeuronState, initial_state, step
from sc_core.model.neurons import Coefficients, Neuron

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
        self.neuron = neuron
        self.incoming: list[Projection] = []
        self.dt = 1.0
        self.bind(1.0)

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {self.n}, {self.neuron!r})"

    @property
    def spiking(self) -> bool:
        """Whether the output is spikes."""
        return self.neuron.spiking

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

    def reset_all(self) -> None:
        """Return to the state before the first step."""
        self.state: NeuronState = initial_state(self._coefficients, (self.n,), np.dtype(np.float64))
        self.spikes: NDArray[np.float64] = np.zeros(self.n)

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
        output, _ = step(self._coefficients, self.state, current)
        self.spikes = output.astype(np.float64)  # a copy: state is changed in place
        return self.spikes
