"""All arrays of a network for one batch and one window of steps: what the forward kernels work on."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import NumericalError, ShapeError
from sc_core.model.dynamics import NeuronState, initial_state
from sc_core.model.network import Network
from sc_core.model.neurons import Coefficients


@attrs.frozen(eq=False)
class PopulationArrays:
    """One population's share.

    Parameters
    ----------
    coefficients : Coefficients
    n : int
    state : mapping of ndarray, shape (batch, n)
    output : ndarray, shape (history + n_steps, batch, n)
        The first `history` steps are those before the window.
    drive : ndarray, shape (n_steps, batch, n), or None
        External current.
    membrane_record, adaptation_record : ndarray, shape (n_steps, batch, n), or None
        u[t] and a[t] of specs/neurons.md, where a gradient will need them.
    """

    coefficients: Coefficients
    n: int
    state: NeuronState
    output: NDArray[Any]
    drive: NDArray[Any] | None
    membrane_record: NDArray[Any] | None
    adaptation_record: NDArray[Any] | None


def checked_inputs(network: Network, inputs: ArrayLike) -> NDArray[Any]:
    """Return `inputs` as (n_steps, batch, n_input), its dtype kept.

    Raises
    ------
    ShapeError
        If it is neither (n_steps, n_input) nor (n_steps, batch, n_input), or has no steps.
    NumericalError
        If it contains NaN or infinity.
    """
    array = np.asarray(inputs)
    name, n = network.input_population.name, network.input_population.n
    if array.dtype.kind not in "fiub":
        raise ShapeError(f"inputs must be numbers, got dtype {array.dtype}")
    if array.ndim not in (2, 3) or array.shape[-1] != n or 0 in array.shape:
        raise ShapeError(
            f"inputs have shape {array.shape}, but population {name!r} has {n} neurons: expected "
            f"(n_steps, {n}) or (n_steps, batch, {n}), with at least one step and one sequence"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        step = int(np.argwhere(~np.isfinite(array))[0][0])
        raise NumericalError(f"inputs contain NaN or infinity, first in step {step}")
    return array if array.ndim == 3 else array[:, None, :]


class NetworkArrays:
    """The arrays of `network` for `batch` sequences of `n_steps` steps.

    Parameters
    ----------
    network : Network
    n_steps, batch : int
    record : bool
        Whether to keep what a gradient needs of every step.

    Attributes
    ----------
    populations : tuple of PopulationArrays
        In the network's order of a step.
    history : int
        Steps before the window that outputs keep: the network's longest delay.
    """

    def __init__(self, network: Network, n_steps: int, batch: int, *, record: bool = False) -> None:
        self.network = network
        self.n_steps, self.batch = n_steps, batch
        self.history = network.max_delay
        self.place = {population.name: i for i, population in enumerate(network.order)}
        self.populations = tuple(self._allocate(population, record) for population in network.order)

    def _allocate(self, population: Any, record: bool) -> PopulationArrays:
        dtype = self.network.dtype
        coefficients: Coefficients = population.coefficients(dtype)
        window = (self.n_steps, self.batch, population.n)
        driven = population is self.network.input_population and coefficients.model != "Input"
        recorded = record and population.spiking
        adapting = recorded and "decay_adaptation" in coefficients
        return PopulationArrays(
            coefficients=coefficients,
            n=population.n,
            state=initial_state(coefficients, (self.batch, population.n), dtype),
            output=np.zeros((self.history + self.n_steps, *window[1:]), dtype),
            drive=np.zeros(window, dtype) if driven else None,
            membrane_record=np.zeros(window, dtype) if recorded else None,
            adaptation_record=np.zeros(window, dtype) if adapting else None,
        )

    def __getitem__(self, name: str) -> PopulationArrays:
        return self.populations[self.place[name]]

    def output(self, name: str) -> NDArray[Any]:
        """Return a population's output in the window, shape (n_steps, batch, n): a view."""
        return self[name].output[self.history :]

    def reset(self) -> None:
        """Return to the state before the first step."""
        for arrays in self.populations:
            fresh = initial_state(arrays.coefficients, (self.batch, arrays.n), self.network.dtype)
            for name, value in fresh.items():
                arrays.state[name][...] = value
            arrays.output[: self.history] = 0

    def drive_with(self, inputs: NDArray[Any]) -> None:
        """Copy external input, shape (n_steps, batch, n_input), to where the kernels read it."""
        arrays = self[self.network.input_population.name]
        target = arrays.output[self.history :] if arrays.drive is None else arrays.drive
        target[...] = inputs
