"""The numbers of an engine: where populations and projections lie in the memories, and the phases of a step."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from sc_core.errors import ConfigurationError
from sc_hardware.integer_network import IntegerInput, IntegerNetwork, IntegerPopulation, IntegerProjection
from sc_hardware.rules import Rule
from sc_hardware.rules.graph import Field
from sc_hardware.rules.names import problem_with

MOST_SYNAPSES = 1 << 24
LARGEST_FAN_OUT = (1 << 16) - 1


@attrs.frozen
class Population:
    """Where the neurons of a population are.

    Attributes
    ----------
    population : IntegerPopulation
    first : int
        AER address of neuron 0.
    neuron_base : int or None
        Word of neuron 0 in ``currents`` and ``membranes``; None for the input.
    list_base : int or None
        First word of its list in each step's part of ``events``; None for those that do not spike.
    learning : tuple of int
        Numbers of the learning projections onto it.
    """

    population: IntegerPopulation
    first: int
    neuron_base: int | None
    list_base: int | None
    learning: tuple[int, ...]

    @property
    def name(self) -> str:
        """Of the population."""
        return self.population.name

    @property
    def n(self) -> int:
        """Neurons."""
        return self.population.n

    @property
    def is_input(self) -> bool:
        """Whether spikes from outside drive it."""
        return isinstance(self.population.neuron, IntegerInput)


@attrs.frozen
class Projection:
    """Where the rows and synapses of a projection are.

    Attributes
    ----------
    projection : IntegerProjection
    row_base, synapse_base : int
        First word in ``rows`` and ``row_state``; in ``columns``, ``weights`` and ``synapse_state``.
    learner : int or None
        Which of the learning projections it is; None for a frozen one.
    """

    projection: IntegerProjection
    row_base: int
    synapse_base: int
    learner: int | None

    @property
    def name(self) -> str:
        """Of the projection."""
        return self.projection.name

    @property
    def n_rows(self) -> int:
        """Neurons of the source."""
        return int(self.projection.indptr.size - 1)

    @property
    def n_synapses(self) -> int:
        """Synapses."""
        return int(self.projection.indices.size)


@attrs.frozen
class Phase:
    """A part of a step.

    Attributes
    ----------
    kind : str
        ``"input"``, ``"sweep"``, ``"neurons"`` or ``"send"``.
    population : Population
        Whose neurons are passed or sent; of a sweep, the target.
    source : Population
        Whose list of events is read; of a pass, the population itself.
    projection : Projection or None
        Of a sweep.
    """

    kind: str
    population: Population
    source: Population
    projection: Projection | None = None

    @property
    def in_flush(self) -> bool:
        """Whether it has a part in the rules' step."""
        if self.projection is not None:
            return self.projection.learner is not None
        return self.kind == "neurons" and bool(self.population.learning)

    @property
    def comment(self) -> str:
        """What it does, in a few words."""
        if self.projection is None:
            return f"{self.kind} {self.population.name}"
        how = "learning" if self.projection.learner is not None else "frozen"
        return f"{how} sweep {self.source.name} to {self.population.name}"


@attrs.frozen
class Layout:
    """All of it.

    Attributes
    ----------
    network : IntegerNetwork
    populations : tuple of Population
        In the order of a step.
    projections : tuple of Projection
        Learning ones first.
    phases : tuple of Phase
    """

    network: IntegerNetwork
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    phases: tuple[Phase, ...]

    @property
    def learning(self) -> tuple[Projection, ...]:
        """The learning projections, by number."""
        return tuple(p for p in self.projections if p.learner is not None)

    @property
    def n_slots(self) -> int:
        """Steps whose spikes are kept."""
        return self.network.history + 1

    @property
    def slot_words(self) -> int:
        """Words of ``events`` for one step: the lists, each with its end."""
        return sum(p.n + 1 for p in self.populations if p.list_base is not None)

    @property
    def n_neurons(self) -> int:
        """Neurons but inputs."""
        return sum(p.n for p in self.populations if not p.is_input)

    def population(self, name: str) -> Population:
        """Return a population by name."""
        return next(p for p in self.populations if p.name == name)

    def projection(self, name: str) -> Projection:
        """Return a projection by name."""
        return next(p for p in self.projections if p.name == name)


def plan(network: IntegerNetwork, sends: Sequence[str] | None = None) -> Layout:
    """Return the layout of a network.

    Parameters
    ----------
    network : IntegerNetwork
    sends : sequence of str, optional
        Populations whose spikes leave the chip; the network's output unless given, if it spikes.

    Returns
    -------
    Layout

    Raises
    ------
    ConfigurationError
        For networks that the engine cannot hold.
    """
    outputs = network.populations[network.outputs]
    if sends is None:
        sends = [network.outputs] if outputs.neuron.spiking else []
    for name in sends:
        if name not in network.populations or not network.populations[name].neuron.spiking:
            raise ConfigurationError("sends", f"{name!r} is no population that spikes")
    _check(network)
    projections = _projections(network)
    populations = _populations(network, projections)
    by_name = {population.name: population for population in populations}
    phases = []
    for population in populations:
        phases += [
            Phase("sweep", population, by_name[p.projection.source], p)
            for incoming in network.incoming(population.name)
            for p in projections
            if p.projection is incoming
        ]
        phases.append(Phase("input" if population.is_input else "neurons", population, population))
        if population.name in sends:
            phases.append(Phase("send", population, population))
    return Layout(network, populations, projections, tuple(phases))


def _projections(network: IntegerNetwork) -> tuple[Projection, ...]:
    ordered = sorted(network.projections.values(), key=lambda p: p.rule is None)
    rows = [0, *itertools.accumulate(p.indptr.size - 1 for p in ordered)]
    synapses = [0, *itertools.accumulate(p.indices.size for p in ordered)]
    return tuple(
        Projection(p, int(rows[k]), int(synapses[k]), k if p.rule is not None else None)
        for k, p in enumerate(ordered)
    )


def _populations(network: IntegerNetwork, projections: Sequence[Projection]) -> tuple[Population, ...]:
    placed = []
    first = neuron = event = 0
    for name in network.order:
        population = network.populations[name]
        is_input, spikes = isinstance(population.neuron, IntegerInput), population.neuron.spiking
        learning = [p.learner for p in projections if p.projection.target == name and p.learner is not None]
        placed.append(
            Population(
                population,
                first,
                None if is_input else neuron,
                event if spikes else None,
                tuple(learning),
            )
        )
        first += population.n
        neuron += 0 if is_input else population.n
        event += population.n + 1 if spikes else 0
    return tuple(placed)


def _check(network: IntegerNetwork) -> None:
    seen: dict[str, str] = {}
    for name, population in network.populations.items():
        problem = problem_with(name)
        if problem is None and seen.setdefault(name.lower(), name) != name:
            problem = f"{name!r} and {seen[name.lower()]!r} differ only by case, which VHDL does not see"
        if problem is not None:
            raise ConfigurationError(f"network.populations[{name!r}]", problem)
        if getattr(population.neuron, "reset_value", 0) <= -(1 << 31):
            raise ConfigurationError(
                f"network.populations[{name!r}].reset_value", "must be above -2**31, as VHDL's integers are"
            )
    for name, projection in network.projections.items():
        path = f"network.projections[{name!r}]"
        fan_out = np.diff(projection.indptr)
        if fan_out.size and fan_out.max() > LARGEST_FAN_OUT:
            raise ConfigurationError(
                path,
                f"neuron {int(fan_out.argmax())} has a fan-out of {int(fan_out.max())}; the engine's rows "
                f"hold {LARGEST_FAN_OUT}",
            )
        if projection.rule is not None:
            _check_rule(projection.rule, path, projection.parameters)
    for what, total in (
        ("synapses", sum(p.indices.size for p in network.projections.values())),
        ("rows", sum(p.indptr.size - 1 for p in network.projections.values())),
    ):
        if total > MOST_SYNAPSES:
            raise ConfigurationError(
                "network.projections", f"have {total} {what}; the engine holds {MOST_SYNAPSES}"
            )


_LOCATIONS = {"pre_spike": "presynaptic", "post_spike": "postsynaptic", "reward": "shared"}


def _check_rule(rule: Rule, path: str, parameters: Mapping[str, int]) -> None:
    for field in rule.inputs:
        _check_input(rule, field, path)
    for field in rule.state:
        if field.name in _LOCATIONS or field.name in ("clk", "rst_n"):
            raise ConfigurationError(f"{path}.rule", f"{rule.name}: the engine has a {field.name!r} already")
    weight = next(field for field in rule.state if field.name == "weight")
    if weight.type.is_bit:
        raise ConfigurationError(f"{path}.rule", f"{rule.name}: weight is a bit; use Unsigned(1)")


def _check_input(rule: Rule, field: Field, path: str) -> None:
    if field.location != _LOCATIONS[field.name] or field.type.is_bit == (field.name == "reward"):
        wanted = {
            "pre_spike": "Presynaptic(Bit)",
            "post_spike": "Postsynaptic(Bit)",
            "reward": "Signed(...) or Unsigned(...)",
        }[field.name]
        raise ConfigurationError(
            f"{path}.rule", f"{rule.name}: the engine gives {field.name} as {wanted}; declare it so"
        )
