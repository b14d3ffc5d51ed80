"""All arrays of a network for one batch and one window of steps: what the forward kernels work on."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_core.model.dynamics import NeuronState, initial_state, reset_state
from sc_core.model.network import Network
from sc_core.model.neurons import Coefficients, Input
from sc_core.model.population import Population


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
    current : ndarray, shape (n_steps, batch, n), or None
        What the population receives, x[t]; after a backward pass the loss's gradient with respect to it. None
        for an Input.
    events : mapping of ndarray
        The active neurons of each step and sequence, for the compiled kernels: ``event_start``, int64, and
        ``event_count``, int32, (history + n_steps, batch) say which entries of ``event_index``, int32, are a
        sequence's in a step; it has room for (history + n_steps, batch, n). An Input has ``event_value`` too, of
        the shape of ``event_index``. Empty for a readout.
    membrane_record, adaptation_record : ndarray, shape (n_steps, batch, n), or None
        u[t] and a[t] of specs/neurons.md, where a gradient will need them.
    synaptic_record : ndarray, shape (n_steps, batch, n), or None
        i[t-1], where a gradient of the population's own parameters will need it.
    initial_membrane : ndarray, shape (batch, n), or None
        The membrane when the window began, likewise.
    """

    coefficients: Coefficients
    n: int
    state: NeuronState
    output: NDArray[Any]
    drive: NDArray[Any] | None
    current: NDArray[Any] | None
    events: dict[str, NDArray[Any]]
    membrane_record: NDArray[Any] | None
    adaptation_record: NDArray[Any] | None
    synaptic_record: NDArray[Any] | None
    initial_membrane: NDArray[Any] | None


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


def _refuse_delays_per_synapse(network: Network) -> None:
    for projection in network.projections:
        if "delay" in projection.synapse_state:
            raise ConfigurationError(
                f"{projection.name}.delays",
                "only Simulation follows delays that differ between synapses; here every projection has one",
            )


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
        Steps before the window that outputs keep: the network's longest delay and, with `record`, its longest
        refractory period, since a backward pass reads from the spikes who was refractory.
    work : int
        Elementary operations of a pass, roughly: a dozen for each neuron in each step, and its synapses where it is
        active, in one step of sixteen.
    input_has_values : bool
        Whether ``event_value`` of an Input is filled: not as long as it has passed nothing but spikes.
    """

    def __init__(self, network: Network, n_steps: int, batch: int, *, record: bool = False) -> None:
        _refuse_delays_per_synapse(network)
        self.network = network
        self.n_steps, self.batch = n_steps, batch
        self.place = {population.name: i for i, population in enumerate(network.order)}
        self.history = self._longest_memory(record)
        self.input_has_values = False
        neurons = sum(p.n for p in network.order if not isinstance(p.neuron, Input))
        synapses = sum(projection.data.size for projection in network.projections)
        self.work = n_steps * batch * (12 * neurons + synapses // 16)
        self.populations = tuple(self._allocate(population, record) for population in network.order)

    def _longest_memory(self, record: bool) -> int:
        if not record:
            return self.network.max_delay
        coefficients = (population.coefficients(self.network.dtype) for population in self.network.order)
        return max(self.network.max_delay, *(model.refractory_steps for model in coefficients))

    def _allocate(self, population: Population, record: bool) -> PopulationArrays:
        dtype = self.network.dtype
        coefficients = population.coefficients(dtype)
        window = (self.n_steps, self.batch, population.n)
        kept = (self.history + self.n_steps, self.batch, population.n)
        is_input = coefficients.model == "Input"
        recorded = record and population.spiking
        adapting = recorded and "decay_adaptation" in coefficients
        learning = record and bool(population.learned_parameters)
        synaptic = learning and "decay_synapse" in coefficients
        events = {}
        if coefficients.model != "LI":
            events = {
                "event_start": np.zeros(kept[:2], np.int64),
                "event_count": np.zeros(kept[:2], np.int32),
                "event_index": np.empty(kept, np.int32),
            }
        if is_input:
            events["event_value"] = np.empty(kept, dtype)
        # Memory that is never touched costs nothing: the kernels and the references use different parts of it.
        return PopulationArrays(
            coefficients=coefficients,
            n=population.n,
            state=initial_state(coefficients, (self.batch, population.n), dtype),
            output=np.zeros(kept, dtype),
            drive=np.zeros(window, dtype) if self._is_driven(population) else None,
            current=None if is_input else np.empty(window, dtype),
            events=events,
            membrane_record=np.empty(window, dtype) if recorded else None,
            adaptation_record=np.empty(window, dtype) if adapting else None,
            synaptic_record=np.empty(window, dtype) if synaptic else None,
            initial_membrane=np.empty(window[1:], dtype) if learning else None,
        )

    def _is_driven(self, population: Population) -> bool:
        """Whether external input is the population's current: it passes an Input instead."""
        return population is self.network.input_population and not isinstance(population.neuron, Input)

    def __getitem__(self, name: str) -> PopulationArrays:
        return self.populations[self.place[name]]

    def _take_over_parameters(self) -> None:
        for population, mine in zip(self.network.order, self.populations, strict=True):
            if population.learned_parameters:
                for name, array in population.coefficients(self.network.dtype).arrays.items():
                    mine.coefficients[name][...] = array

    def begin(self) -> None:
        """Remember the state that the window begins with, where a gradient will need it."""
        for mine in self.populations:
            if mine.initial_membrane is not None:
                mine.initial_membrane[...] = mine.state["membrane"]

    def output(self, name: str) -> NDArray[Any]:
        """Return a population's output in the window, shape (n_steps, batch, n): a view."""
        return self[name].output[self.history :]

    def reset(self) -> None:
        """Return to the state before the first step, with the present values of learned parameters."""
        self._take_over_parameters()
        self.input_has_values = False
        for arrays in self.populations:
            reset_state(arrays.coefficients, arrays.state)
            arrays.output[: self.history] = 0
            if arrays.events:
                arrays.events["event_count"][: self.history] = 0

    def continue_from(self, previous: NetworkArrays) -> None:
        """Go on where `previous` ended: take over its state and what it sent in its last `history` steps.

        Learned parameters of neurons are taken at their present values.

        Parameters
        ----------
        previous : NetworkArrays
            Of the same network, for any number of steps: these arrays themselves, too.

        Raises
        ------
        ShapeError
            If it holds another number of sequences.

        Examples
        --------
        >>> import numpy as np
        >>> from sc_core import LI, Network, Population
        >>> from sc_core.simulation import Forward, NetworkArrays
        >>> network = Network([Population("driven", 1, LI())], [])
        >>> two, three = NetworkArrays(network, 2, 1), NetworkArrays(network, 3, 1)
        >>> Forward(two).run(np.ones((2, 1, 1)))
        >>> three.continue_from(two)
        >>> Forward(three).run(np.ones((3, 1, 1)))
        >>> bool(np.isclose(three.output("driven")[-1, 0, 0], network.run(np.ones((5, 1)))[-1, 0]))
        True
        """
        if previous.batch != self.batch:
            raise ShapeError(
                f"a window of {self.batch} sequences can't go on from one of {previous.batch}: "
                "a window has as many as the one before it"
            )
        self._take_over_parameters()
        self.input_has_values = previous.input_has_values
        last = slice(previous.n_steps, previous.n_steps + self.history)
        for mine, before in zip(self.populations, previous.populations, strict=True):
            for name, value in before.state.items():
                mine.state[name][...] = value
            mine.output[: self.history] = before.output[last]
            if mine.events:
                _copy_events(mine.events, before.events, last)


def _copy_events(events: dict[str, NDArray[Any]], before: dict[str, NDArray[Any]], steps: slice) -> None:
    """Make `steps` of the events `before` the first ones, each row where it has room for every neuron."""
    start, n = before["event_start"][steps].ravel(), before["event_index"].shape[-1]
    history = steps.stop - steps.start
    events["event_count"][:history] = before["event_count"][steps]
    events["event_start"].reshape(-1)[: start.size] = np.arange(start.size) * n
    entries = start[:, None] + np.arange(n)
    for name in events.keys() & {"event_index", "event_value"}:
        events[name].reshape(-1, n)[: start.size] = before[name].ravel()[entries]
