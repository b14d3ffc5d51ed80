"""A network: populations, the projections between them, and the order of a step."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts.state import State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.model.population import Population
from sc_core.model.projection import Projection
from sc_core.model.step_order import step_order


class Network:
    """Populations and projections that are stepped together.

    Parameters
    ----------
    populations : sequence of Population
        Each belongs to one network.
    projections : sequence of Projection
        Among these populations. Weights are float32 in all of them or float64 in all of them.
    dt : float, default 1.0
        Length of a step, ms.
    inputs : Population or str, optional
        The population that external input drives: the first unless given.
    outputs : Population or str, optional
        The population whose output is the network's: the last unless given.

    Attributes
    ----------
    populations, projections : tuple
    input_population, output_population : Population
    order : tuple of Population
        The order in which a step visits the populations (specs/neurons.md).
    groups : tuple of tuple of Population
        `order` cut into single populations and those that form a loop of projections, whatever their delays:
        what a group emits reaches only itself and later groups.
    dtype : numpy.dtype
        That of every weight.
    max_delay : int
        The longest delay, steps.

    Raises
    ------
    ConfigurationError
        For names that occur twice, unknown endpoints, mixed dtypes, or a cycle of projections without delay.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, LIF, Input, Network, Population, Projection, topology
    >>> rng = np.random.default_rng(7)
    >>> pixels, hidden = Population("pixels", 4, Input()), Population("hidden", 8, LIF())
    >>> digit = Population("digit", 2, LI())
    >>> network = Network([pixels, hidden, digit], [
    ...     Projection(pixels, hidden, topology.dense(4, 8, rng=rng)),
    ...     Projection(hidden, digit, topology.dense(8, 2, rng=rng)),
    ... ])
    >>> network.run(np.ones((10, 3, 4))).shape
    (10, 3, 2)
    """

    def __init__(
        self,
        populations: Sequence[Population],
        projections: Sequence[Projection],
        dt: float = 1.0,
        *,
        inputs: Population | str | None = None,
        outputs: Population | str | None = None,
    ) -> None:
        self.populations = tuple(populations)
        self.projections = tuple(projections)
        if not self.populations:
            raise ConfigurationError("network.populations", "a network needs at least one population")
        if not np.isfinite(dt) or dt <= 0:
            raise ConfigurationError("network.dt", f"must be > 0 (ms), got {dt!r}")
        self.dt = float(dt)
        _refuse_twice("populations", (population.name for population in self.populations))
        _refuse_twice("projections", (projection.name for projection in self.projections))
        self._check_endpoints()
        self.dtype = self._common_dtype()
        self.groups = self._groups()
        self.order = tuple(population for group in self.groups for population in group)
        self.max_delay = max((projection.delay for projection in self.projections), default=0)
        self.input_population = self._find("inputs", inputs, 0)
        self.output_population = self._find("outputs", outputs, -1)
        for population in self.populations:
            population.bind(self.dt)
        self._connect()

    def __repr__(self) -> str:
        synapses = sum(projection.n_synapses for projection in self.projections)
        neurons = sum(population.n for population in self.populations)
        return f"Network({len(self.populations)} populations, {neurons} neurons, {synapses} synapses)"

    def _check_endpoints(self) -> None:
        for projection in self.projections:
            for end in (projection.source, projection.target):
                if not any(end is population for population in self.populations):
                    raise ConfigurationError(
                        f"network.projections[{projection.name!r}]",
                        f"population {end.name!r} is not one of the network's populations",
                    )

    def _common_dtype(self) -> np.dtype[Any]:
        dtypes = {projection.name: projection.data.dtype for projection in self.projections}
        if len(set(dtypes.values())) > 1:
            listed = ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
            raise ConfigurationError("network.projections", f"weights must share one dtype, got {listed}")
        return next(iter(dtypes.values()), np.dtype(np.float32))

    def _step_order(self) -> list[Population]:
        by_name = {population.name: population for population in self.populations}
        immediate = [(p.source.name, p.target.name) for p in self.projections if p.delay == 0]
        return [by_name[name] for name in step_order(by_name, immediate)]

    def _groups(self) -> tuple[tuple[Population, ...], ...]:
        order = self._step_order()
        place = {population.name: i for i, population in enumerate(order)}
        edges = [(place[p.source.name], place[p.target.name]) for p in self.projections]
        sources, targets = zip(*edges, strict=True) if edges else ((), ())
        graph = scipy.sparse.coo_array(
            (np.ones(len(edges)), (sources, targets)), shape=(len(order), len(order))
        )
        _, label = scipy.sparse.csgraph.connected_components(graph, connection="strong")
        sorter: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
        for component in label.tolist():
            sorter.add(component)
        for source, target in edges:
            if label[source] != label[target]:
                sorter.add(int(label[target]), int(label[source]))
        return tuple(
            tuple(population for population, mine in zip(order, label, strict=True) if mine == component)
            for component in sorter.static_order()
        )

    def _connect(self) -> None:
        """Tell populations their incoming projections, those from outside their group first."""
        group_of = {
            population.name: number for number, group in enumerate(self.groups) for population in group
        }
        for population in self.populations:
            incoming = [p for p in self.projections if p.target is population]
            incoming.sort(key=lambda p: group_of[p.source.name] == group_of[p.target.name])
            population.incoming = incoming

    def _find(self, option: str, wanted: Population | str | None, default: int) -> Population:
        if wanted is None:
            return self.populations[default]
        for population in self.populations:
            if wanted is population or wanted == population.name:
                return population
        names = ", ".join(population.name for population in self.populations)
        raise ConfigurationError(f"network.{option}", f"no population {wanted!r}; there are: {names}")

    def reset_all(self) -> None:
        """Return every population to the state before the first step."""
        for population in self.populations:
            population.reset_all()

    def run(self, inputs: ArrayLike) -> NDArray[Any]:
        """Run whole sequences from the reset state and return the output population's output.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
            Values pass an Input; where the input population spikes itself they are currents.

        Returns
        -------
        ndarray, shape (n_steps, n_output) or (n_steps, batch, n_output)
            The network's dtype.

        Raises
        ------
        ShapeError, NumericalError
            If `inputs` has another shape or contains NaN or infinity.
        """
        # The simulation stands above the model; a network only offers it under a convenient name.
        from sc_core.simulation import simulate

        return simulate(self, inputs)[self.output_population.name]

    def state_dict(self) -> State:
        """Return all weights, patterns, per-synapse arrays, neuron states and learned parameters of neurons."""
        return {
            "projections": {projection.name: projection.state_dict() for projection in self.projections},
            "populations": {population.name: population.state_dict() for population in self.populations},
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it belongs to a network with other populations or projections.
        """
        parts: tuple[tuple[str, Iterable[Any]], ...] = (
            ("projections", self.projections),
            ("populations", self.populations),
        )
        for key, mine in parts:
            names = {part.name for part in mine}
            if names != set(state[key]):
                raise CheckpointError(
                    f"the saved network has the {key} {sorted(state[key])}, this one has {sorted(names)}"
                )
        for projection in self.projections:
            projection.load_state_dict(state["projections"][projection.name])
        for population in self.populations:
            population.load_state_dict(state["populations"][population.name])


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigurationError(f"network.{what}", f"the name {name!r} occurs twice")
        seen.add(name)
