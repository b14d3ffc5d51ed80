"""A network in whole numbers: populations, CSR projections, the order of a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError, ShapeError
from sc_core.model.step_order import step_order
from sc_hardware.integer_network.neurons import IntegerInput, IntegerNeuron, signed_limits
from sc_hardware.rules import Rule
from sc_hardware.rules.declaration import choose_parameters

LONGEST_DELAY = 63
ACCUMULATOR_BITS = 32
"""What holds the exact sum of all that reaches a neuron in a step."""


@attrs.frozen
class IntegerPopulation:
    """Neurons of one kind.

    Parameters
    ----------
    name : str
    n : int
        Neurons, 1 to 65536.
    neuron : IntegerInput, IntegerLIF or IntegerLI
    """

    name: str
    n: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(65536)])
    neuron: IntegerNeuron


def _chosen(rule: Rule, parameters: Mapping[str, int], name: str) -> dict[str, int]:
    """Check that a network can drive a rule, and return all of its parameters."""
    wrong = [field.name for field in rule.inputs if field.name not in ("pre_spike", "post_spike", "reward")]
    if wrong:
        raise ConfigurationError(
            f"{name}.rule", f"{rule.name} needs the input {wrong[0]!r}; a network has none"
        )
    if not any(field.name == "weight" and field.location == "synapse" for field in rule.state):
        raise ConfigurationError(f"{name}.rule", f"{rule.name} has no weight at the synapse")
    return choose_parameters(rule.parameters, parameters, rule.name)


def _canonical(weights: Any) -> scipy.sparse.csr_array:
    matrix = scipy.sparse.csr_array(weights, copy=True)
    if matrix.dtype.kind not in "iu":
        raise ConfigurationError("weights", f"must be integers, got {matrix.dtype}; quantise them first")
    matrix.sum_duplicates()
    for name in ("indptr", "indices", "data"):
        setattr(matrix, name, getattr(matrix, name).astype(np.int32))
    return matrix


@attrs.frozen(eq=False, kw_only=True)
class IntegerProjection:
    """Synapses with integer weights.

    Parameters
    ----------
    source, target : str
        Names of populations.
    weights : sparse or dense integer matrix, shape (source.n, target.n)
        Rows are presynaptic; a canonical int32 CSR copy is kept.
    weight_bits : int
        Width of a weight, signed, 2 to 16; where the projection learns, the rule says it.
    delay : int
        Steps, 0 to 63.
    name : str, optional
        ``"source->target"`` unless given.
    rule : Rule, optional
        What the projection learns by. It has a field ``weight`` per synapse, and of the inputs ``pre_spike``,
        ``post_spike`` and ``reward`` those that it needs.
    parameters : mapping of str to int, optional
        The rule's, those that differ from their defaults.

    Raises
    ------
    ConfigurationError
        For weights that are no integers or do not fit, delays beyond the bound, and rules with other inputs.
    RuleError
        For parameters that are not the rule's.
    """

    source: str
    target: str
    weights: scipy.sparse.csr_array = attrs.field(converter=_canonical)
    weight_bits: int = attrs.field(default=8, validator=[attrs.validators.ge(2), attrs.validators.le(16)])
    delay: int = 0
    name: str = attrs.field(
        default=attrs.Factory(lambda self: f"{self.source}->{self.target}", takes_self=True)
    )
    rule: Rule | None = None
    parameters: Mapping[str, int] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.delay <= LONGEST_DELAY:
            raise ConfigurationError(
                f"{self.name}.delay", f"must be from 0 to {LONGEST_DELAY} steps, got {self.delay}"
            )
        if self.rule is not None:
            object.__setattr__(self, "parameters", _chosen(self.rule, self.parameters, self.name))
        low, high = self.weight_range
        if self.weights.nnz and not low <= self.weights.data.min() <= self.weights.data.max() <= high:
            raise ConfigurationError(f"{self.name}.weights", f"must be from {low} to {high}")

    @property
    def weight_range(self) -> tuple[int, int]:
        """The smallest and the largest weight."""
        if self.rule is None:
            return signed_limits(self.weight_bits)
        return next(field for field in self.rule.state if field.name == "weight").type.range(self.parameters)

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Where each row begins, (source.n + 1,)."""
        return np.asarray(self.weights.indptr)

    @property
    def indices(self) -> NDArray[np.int32]:
        """The target neuron of each synapse, (n_synapses,)."""
        return np.asarray(self.weights.indices)

    @property
    def data(self) -> NDArray[np.int32]:
        """The weights, (n_synapses,)."""
        return np.asarray(self.weights.data)


class IntegerNetwork:
    """Populations and projections in whole numbers.

    Parameters
    ----------
    populations : sequence of IntegerPopulation
        The one that external spikes drive is an `IntegerInput`; there is exactly one.
    projections : sequence of IntegerProjection
    outputs : str, optional
        Name of the population whose output is the network's; the last unless given.

    Attributes
    ----------
    populations, projections : mapping of str to IntegerPopulation, IntegerProjection
        By name.
    order : tuple of str
        The order in which a step visits the populations.
    inputs, outputs : str
        Names of the input and the output population.
    history : int
        The longest delay, steps.

    Raises
    ------
    ConfigurationError, ShapeError
        For names that occur twice, unknown endpoints, matrices of another shape, cycles without delay, or a
        fan-in whose sum could exceed 32 bits.

    Examples
    --------
    >>> from sc_hardware.integer_network import IntegerLIF
    >>> network = IntegerNetwork(
    ...     [
    ...         IntegerPopulation("pixels", 2, IntegerInput()),
    ...         IntegerPopulation("class", 1, IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=100)),
    ...     ],
    ...     [IntegerProjection(source="pixels", target="class", weights=[[60], [50]])],
    ... )
    >>> network.order
    ('pixels', 'class')
    """

    def __init__(
        self,
        populations: Iterable[IntegerPopulation],
        projections: Iterable[IntegerProjection],
        outputs: str | None = None,
    ) -> None:
        self.populations = _by_name("populations", populations)
        self.projections = _by_name("projections", projections)
        inputs = [p.name for p in self.populations.values() if isinstance(p.neuron, IntegerInput)]
        if len(inputs) != 1:
            raise ConfigurationError("network.populations", f"exactly one must be an Input, got {inputs}")
        (self.inputs,) = inputs
        self.outputs = outputs if outputs is not None else list(self.populations)[-1]
        for projection in self.projections.values():
            self._check(projection)
        if self.outputs not in self.populations:
            raise ConfigurationError("network.outputs", f"no population {self.outputs!r}")
        self._check_sums()
        self.order = step_order(
            self.populations,
            [(p.source, p.target) for p in self.projections.values() if p.delay == 0],
        )
        self.history = max((p.delay for p in self.projections.values()), default=0)

    def incoming(self, name: str) -> tuple[IntegerProjection, ...]:
        """Return the projections onto a population."""
        return tuple(p for p in self.projections.values() if p.target == name)

    def _check(self, projection: IntegerProjection) -> None:
        path = f"network.projections[{projection.name!r}]"
        for end in (projection.source, projection.target):
            if end not in self.populations:
                raise ConfigurationError(path, f"no population {end!r}")
        source, target = self.populations[projection.source], self.populations[projection.target]
        if not source.neuron.spiking:
            raise ConfigurationError(path, f"{source.name!r} is an LI readout, which emits no spikes")
        if isinstance(target.neuron, IntegerInput):
            raise ConfigurationError(path, f"{target.name!r} is an Input, which nothing projects to")
        if projection.weights.shape != (source.n, target.n):
            raise ShapeError(
                f"{projection.name}: weights have shape {projection.weights.shape}, "
                f"expected ({source.n}, {target.n})"
            )

    def _check_sums(self) -> None:
        for population in self.populations.values():
            reach = np.zeros(population.n, np.int64)
            for projection in self.incoming(population.name):
                np.add.at(reach, projection.indices, max(abs(limit) for limit in projection.weight_range))
            if reach.max() >= 1 << ACCUMULATOR_BITS - 1:
                raise ConfigurationError(
                    f"network.populations[{population.name!r}]",
                    f"the sum over the fan-in of neuron {int(reach.argmax())} could exceed "
                    f"{ACCUMULATOR_BITS} bits; fewer synapses or narrower weights",
                )


def _by_name(what: str, parts: Iterable[Any]) -> Mapping[str, Any]:
    named: dict[str, Any] = {}
    for part in parts:
        if part.name in named:
            raise ConfigurationError(f"network.{what}", f"the name {part.name!r} occurs twice")
        named[part.name] = part
    return MappingProxyType(named)
