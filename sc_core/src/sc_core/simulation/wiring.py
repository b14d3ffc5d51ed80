"""A network as the simulation walks it: populations in order, and projections with their delays."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError, ShapeError
from sc_core.model.neurons import Input

Array = NDArray[np.float64]


@attrs.define(eq=False)
class Connection:
    """A projection in a simulation.

    Parameters
    ----------
    projection : Projection or an object that offers its documented attributes
    name : str
    source, target : int
        Places of the populations in the order of a step.
    delay : int
        Steps; the longest where synapses differ.
    per_synapse : bool
        Whether synapses have delays of their own.
    dt : float
    """

    projection: Any
    name: str
    source: int
    target: int
    delay: int
    per_synapse: bool
    dt: float
    _pattern: Any = None
    _groups: list[tuple[int, NDArray[Any], NDArray[np.int64] | None]] = attrs.field(factory=list)

    def groups(self) -> list[tuple[int, NDArray[Any], NDArray[np.int64] | None]]:
        """Return (delay, indptr, synapses) of each part with one delay; synapses None: all, in CSR order."""
        if not self.per_synapse:
            return [(self.delay, self.projection.indptr, None)]
        if self._pattern is not self.projection.indices:
            delays = delays_in_steps(self.projection, self.name, self.dt)
            row = np.repeat(np.arange(len(self.projection.indptr) - 1), np.diff(self.projection.indptr))
            self._groups = []
            for delay in np.unique(delays).tolist():
                synapses = np.flatnonzero(delays == delay)
                ends = np.cumsum(np.bincount(row[synapses], minlength=len(self.projection.indptr) - 1))
                self._groups.append((delay, np.concatenate([[0], ends]), synapses))
            self._pattern = self.projection.indices
        return self._groups

    def deliver(self, activity: Any, current: Array) -> None:
        """Add what arrives to `current`; ``activity(delay)`` is what the source sent, times its factors."""
        indices, data = self.projection.indices, self.projection.data
        for delay, indptr, synapses in self.groups():
            sent = activity(delay)
            active = np.flatnonzero(sent)
            if not active.size:
                continue
            place, count = ranges(indptr, active)
            mine = place if synapses is None else synapses[place]
            # In the order of the entries, as the compiled loop adds them.
            np.add.at(current, indices[mine], np.repeat(sent[active], count) * data[mine])


def ranges(indptr: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of all entries of `rows`, one row after the other, and how many each has.

    Examples
    --------
    >>> import numpy as np
    >>> ranges(np.array([0, 2, 2, 5]), np.array([0, 2]))
    (array([0, 1, 2, 3, 4]), array([2, 3]))
    """
    begin = np.asarray(indptr, dtype=np.int64)[rows]
    count = np.asarray(indptr, dtype=np.int64)[rows + 1] - begin
    ends = np.cumsum(count)
    return np.repeat(begin - (ends - count), count) + np.arange(ends[-1] if ends.size else 0), count


def delays_in_steps(projection: Any, name: str, dt: float) -> NDArray[np.int64]:
    """Return the delay of every synapse, refused by name if one is below dt or off its grid."""
    delays = np.asarray(projection.synapse_state["delay"], dtype=np.float64)
    bad = ~(delays >= dt * (1 - 1e-6))
    if bad.any():
        raise ConfigurationError(
            f"{name}.delays", f"must be at least dt = {dt} ms, got {delays[bad][0]} at synapse {bad.argmax()}"
        )
    steps = np.round(delays / dt)
    bad = ~(np.abs(delays - steps * dt) <= 1e-6 * dt)
    if bad.any():
        raise ConfigurationError(
            f"{name}.delays",
            f"must be multiples of dt = {dt} ms, got {delays[bad][0]} at synapse {bad.argmax()}",
        )
    return steps.astype(np.int64)


@attrs.frozen(eq=False)
class Wiring:
    """Populations in the order of a step, and what connects them.

    Parameters
    ----------
    populations : tuple
    names : tuple of str
    connections : tuple of Connection
        In the network's order.
    incoming : tuple of tuple of Connection
        For every population, in the order in which they deliver.
    """

    populations: tuple[Any, ...]
    names: tuple[str, ...]
    connections: tuple[Connection, ...]
    incoming: tuple[tuple[Connection, ...], ...]

    @classmethod
    def of(cls, network: Any, dt: float) -> Wiring:
        """Check a network, ours or one that offers the documented attributes, and take it apart."""
        populations = tuple(getattr(network, "order", network.populations))
        names = tuple(_name_of(population, i) for i, population in enumerate(populations))
        for name in names:
            if names.count(name) > 1:
                raise ConfigurationError("network.populations", f"the name {name!r} occurs twice")
        connections = tuple(
            _connect(projection, populations, names, dt) for projection in network.projections
        )
        by_projection = {id(connection.projection): connection for connection in connections}
        incoming = tuple(
            tuple(by_projection[id(projection)] for projection in population.incoming)
            if hasattr(network, "order")
            else tuple(connection for connection in connections if connection.target == place)
            for place, population in enumerate(populations)
        )
        return cls(populations, names, connections, incoming)

    def place(self, name: str, path: str) -> int:
        """Return where a population stands; refused by name if there is none."""
        if name not in self.names:
            raise ConfigurationError(path, f"no population {name!r}; there are: {', '.join(self.names)}")
        return self.names.index(name)

    def connection(self, name: str, path: str) -> Connection:
        """Return a connection by its projection's name; refused by name if there is none."""
        for connection in self.connections:
            if connection.name == name:
                return connection
        there = ", ".join(connection.name for connection in self.connections) or "none"
        raise ConfigurationError(path, f"no projection {name!r}; there are: {there}")

    def is_input(self, place: int) -> bool:
        """Whether a population passes its stimuli on."""
        return isinstance(getattr(self.populations[place], "neuron", None), Input)


def _name_of(population: Any, place: int) -> str:
    for attribute in ("name", "label"):
        if isinstance(getattr(population, attribute, None), str):
            return str(getattr(population, attribute))
    return str(place)


def _connect(projection: Any, populations: tuple[Any, ...], names: tuple[str, ...], dt: float) -> Connection:
    places = []
    for end in ("source", "target"):
        found = [i for i, population in enumerate(populations) if population is getattr(projection, end)]
        if not found:
            name = getattr(projection, "name", "a projection")
            raise ConfigurationError(
                f"network.projections[{name!r}]",
                f"its {end} {_name_of(getattr(projection, end), -1)!r} is not one of the network's populations",
            )
        places.append(found[0])
    source, target = places
    name = getattr(projection, "name", f"{names[source]}->{names[target]}")
    _check_arrays(projection, name, populations[source].n, populations[target].n)
    if "delay" in getattr(projection, "synapse_state", {}):
        longest = int(delays_in_steps(projection, name, dt).max(initial=1))
        return Connection(projection, name, source, target, longest, True, dt)
    return Connection(projection, name, source, target, _delay_of(projection, name, places, dt), False, dt)


def _delay_of(projection: Any, name: str, places: list[int], dt: float) -> int:
    at_least = 0 if places[0] < places[1] else 1
    delay = getattr(projection, "delay", at_least)
    if not isinstance(delay, int | np.integer):
        steps = round(float(delay) / dt)
        if abs(float(delay) - steps * dt) > 1e-6 * dt:
            raise ConfigurationError(f"{name}.delay", f"must be a multiple of dt = {dt} ms, got {delay!r}")
        delay = steps
    if delay < at_least:
        raise ConfigurationError(
            f"{name}.delay", f"must be at least one step where the source does not come first, got {delay}"
        )
    return int(delay)


def _check_arrays(projection: Any, name: str, n_source: int, n_target: int) -> None:
    indptr, indices, data = (np.asarray(getattr(projection, key)) for key in ("indptr", "indices", "data"))
    if indptr.shape != (n_source + 1,) or indices.shape != data.shape or int(indptr[-1]) != data.size:
        raise ShapeError(
            f"projection {name!r}: its arrays hold {indptr.size - 1} rows and {data.size} synapses; its source "
            f"has {n_source} neurons"
        )
    if indices.size and not 0 <= indices.min() <= indices.max() < n_target:
        raise ShapeError(f"projection {name!r} reaches neurons outside its target's 0..{n_target - 1}")
    if not np.isfinite(data).all():
        raise ConfigurationError(f"{name}.data", "the weights contain NaN or infinity")
