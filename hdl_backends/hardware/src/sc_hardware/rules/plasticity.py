"""A fixed-point rule as a plasticity of sc-core: a projection learns by it, in a simulation or a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import attrs
import numpy as np
from attrs.validators import and_, ge, gt, instance_of, le
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.graph import Field
from sc_hardware.rules.rule import Rule
from sc_hardware.rules.synapses import RuleSynapses


class Synapses(Protocol):
    """What steps a rule at the synapses of a projection: `RuleSynapses`, or a faster one."""

    @property
    def state(self) -> Mapping[str, NDArray[Any]]:
        """Every field by name, changed in place."""
        ...

    def step(self, inputs: Mapping[str, Any]) -> None:
        """Take one step, as `RuleSynapses.step`."""
        ...


SynapsesOf = Callable[[Rule, NDArray[Any], NDArray[Any], int, Mapping[str, int]], Synapses]


class RulePlasticity:
    """Binds a rule to a projection whose weights are whole multiples of a unit; see `plasticity`.

    Attributes
    ----------
    rule : Rule
        What backends print.
    parameters : dict of str to int
    synapses : Synapses
        The integer state, after `bind`.
    """

    rule: ClassVar[Rule]
    Options: ClassVar[type]
    synapses_of: ClassVar[SynapsesOf] = RuleSynapses

    def __init__(self, **options: Any) -> None:
        try:
            self.options = self.Options(**options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(self.rule.name, str(error)) from error
        self.parameters = {name: getattr(self.options, name) for name in self.rule.parameters}
        self.synapses: Synapses | None = None

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection into care: its weights are rounded to whole units; `dt` and `rng` play no part.

        Raises
        ------
        ConfigurationError
            If a weight is not one of the rule's, or the projection's floats cannot hold all of them.
        """
        self._projection = projection
        for field in self.rule.state:
            if field.name == "weight":
                self._check_precision(field)
            elif field.location == "synapse" and hasattr(projection, "register"):
                projection.register(self._registered(field), 0, np.int64)
        self._attach()
        self._write_weights()

    def _registered(self, field: Field) -> str:
        return f"{self.rule.name}.{field.name}"

    def _check_precision(self, field: Field) -> None:
        bits = field.type.width.value(self.parameters)
        dtype = np.asarray(self._projection.data).dtype
        if bits > np.finfo(dtype).nmant:
            raise ConfigurationError(
                f"{self.rule.name}.weight", f"{bits} bits do not fit the projection's {dtype}: use float64"
            )

    def _attach(self) -> None:
        """Make the integer state for the projection's present pattern."""
        projection = self._projection
        before = self.synapses
        self.synapses = type(self).synapses_of(
            self.rule, projection.indptr, projection.indices, projection.target.n, self.parameters
        )
        self._version = getattr(projection, "pattern_version", 0)
        for field in self.rule.state:
            values = self.synapses.state[field.name]
            if field.name == "weight":
                self._read_weights()
            elif field.location != "synapse":
                values[...] = 0 if before is None else before.state[field.name]
            elif hasattr(projection, "register"):
                values[...] = projection.synapse_state[self._registered(field)]

    def _read_weights(self) -> None:
        field = next(field for field in self.rule.state if field.name == "weight")
        units = np.rint(np.asarray(self._projection.data) / self.options.weight_unit)
        low, high = field.type.range(self.parameters)
        wrong = ~((units >= low) & (units <= high))
        if wrong.any():
            raise ConfigurationError(
                f"{getattr(self._projection, 'name', 'projection')}.weights",
                f"must be from {low} to {high} units of weight_unit = {self.options.weight_unit}, got "
                f"{np.asarray(self._projection.data)[wrong][0]} at synapse {wrong.argmax()}",
            )
        self._bound().state["weight"][...] = units

    def _write_weights(self) -> None:
        if any(field.name == "weight" for field in self.rule.state):
            self._projection.data[...] = self._bound().state["weight"] * self.options.weight_unit

    def _bound(self) -> Synapses:
        if self.synapses is None:
            raise ConfigurationError(self.rule.name, "bind it to a projection first")
        return self.synapses

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Take one step of the rule: weights are read from the projection, and written back."""
        synapses = self._bound()
        if getattr(self._projection, "pattern_version", 0) != self._version:
            self._attach()
            synapses = self._bound()
        elif any(field.name == "weight" for field in self.rule.state):
            self._read_weights()
        inputs = {
            field.name: self._signal(field, np.asarray(pre), np.asarray(post), modulator)
            for field in self.rule.inputs
        }
        synapses.step(inputs)
        for field in self.rule.state:
            if (
                field.name != "weight"
                and field.location == "synapse"
                and hasattr(self._projection, "register")
            ):
                self._projection.synapse_state[self._registered(field)][...] = synapses.state[field.name]
        self._write_weights()

    def _signal(self, field: Field, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> Any:
        if field.location == "shared":
            low, high = field.type.range(self.parameters)
            return int(min(max(round(float(modulator) / self.options.modulator_unit), low), high))
        return (pre if field.location == "presynaptic" else post) != 0

    def state_dict(self) -> State:
        """Return every field but the weight, which the network saves."""
        state = self._bound().state
        return {field.name: state[field.name] for field in self.rule.state if field.name != "weight"}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is not one of this rule on this projection.
        """
        own = self._bound().state
        names = {field.name for field in self.rule.state if field.name != "weight"}
        if set(state) != names or any(np.shape(state[name]) != own[name].shape for name in names):
            raise CheckpointError(f"this is no state of {self.rule.name} on this projection")
        for field in self.rule.state:
            if field.name in names:
                own[field.name][...] = state[field.name]
                if field.location == "synapse" and hasattr(self._projection, "register"):
                    self._projection.synapse_state[self._registered(field)][...] = state[field.name]


def plasticity(rule: Rule, synapses_of: SynapsesOf = RuleSynapses) -> type[RulePlasticity]:
    """Return a rule as a class for the registry's kind ``plasticity``.

    Parameters
    ----------
    rule : Rule
        Its inputs are bits of the presynaptic or the postsynaptic neuron, which are the spikes, and at most one
        shared integer, which is the modulator. A field ``weight``, at the synapse, is the projection's weight.
    synapses_of : callable, optional
        Makes the state from rule, indptr, indices, n_post and parameters, where there is a faster one.

    Returns
    -------
    type
        Its options are the rule's parameters, with their ranges and defaults, and ``weight_unit`` and
        ``modulator_unit``: what one unit of the integers is worth in the simulation, 1.0 by default.

    Raises
    ------
    RuleError
        If an input is neither spike nor modulator, or the weight does not live at the synapse.

    Examples
    --------
    A plugin's ``hooks.py``::

        @hookimpl
        def sc_register_plasticity():
            from sc_hardware.rules.plasticity import plasticity
            from .rules import my_rule
            return plasticity(my_rule)
    """
    for field in rule.inputs:
        if field.type.is_bit == (field.location == "shared"):
            raise RuleError(
                f"inputs.{field.name}: a plasticity gets spikes, Presynaptic(Bit) or Postsynaptic(Bit), and a "
                "modulator, an integer that is shared",
                rule=rule.name,
            )
    if sum(field.location == "shared" for field in rule.inputs) > 1:
        raise RuleError("a plasticity gets one modulator; the rule has several shared inputs", rule=rule.name)
    for field in rule.state:
        if field.name == "weight" and (field.location != "synapse" or field.type.is_bit):
            raise RuleError("weight: must be an integer at the synapse", rule=rule.name)
    name = "".join(word.capitalize() for word in rule.name.split("_"))
    members = {"rule": rule, "Options": _options(rule, name), "synapses_of": staticmethod(synapses_of)}
    members |= {"__doc__": f"{rule.graph.description}", "__module__": rule.function.__module__}
    return type(name, (RulePlasticity,), members)


def _options(rule: Rule, name: str) -> type:
    fields: dict[str, Any] = {
        parameter.name: attrs.field(
            default=parameter.default,
            type=int,
            validator=and_(_whole, ge(parameter.low), le(parameter.high)),
        )
        for parameter in rule.parameters.values()
    }
    for unit in ("weight_unit", "modulator_unit"):
        fields[unit] = attrs.field(default=1.0, type=float, validator=and_(instance_of(float | int), gt(0)))
    return attrs.make_class(f"{name}Options", fields, frozen=True)


def _whole(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if type(value) is not int:
        raise TypeError(f"{attribute.name} must be an integer, got {value!r}")
