"""A rule: one Python function that becomes a graph when it is declared, and runs on ints, arrays and solver terms."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from sc_hardware.rules.boundary import from_outside, solver_terms, to_outside
from sc_hardware.rules.building import trace
from sc_hardware.rules.declaration import (
    check_declared_names,
    choose_parameters,
    declare_fields,
    declare_parameters,
)
from sc_hardware.rules.domains import Arrays, Integers
from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.graph import Field, RuleGraph
from sc_hardware.rules.types import Declaration
from sc_hardware.rules.values import Domain, Fields, State, Value, values_of
from sc_hardware.rules.widths import Parameter

RuleFunction = Callable[[Any, Any, Any], Any]


@attrs.frozen(eq=False, slots=False)
class Rule:
    """A fixed-point rule; made by `rule`.

    Attributes
    ----------
    name : str
    function : callable
        What the author wrote.
    parameters : dict of str to Parameter
    graph : RuleGraph
        What the backends print.
    """

    name: str
    function: RuleFunction
    parameters: dict[str, Parameter]
    graph: RuleGraph

    @property
    def state(self) -> tuple[Field, ...]:
        """The fields of the state."""
        return self.graph.state

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The inputs."""
        return self.graph.inputs

    @cached_property
    def __doc__(self) -> str:  # type: ignore[override]
        return inspect.getdoc(self.function) or ""

    def step(
        self, state: Mapping[str, Any], inputs: Mapping[str, Any], parameters: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """Return the next state.

        Parameters
        ----------
        state, inputs : mapping of str to int, ndarray of integers or bools, or solver term
            Every field and input. Arrays broadcast against each other. Solver terms are bit vectors of the
            declared widths, and bools for bits (`solver_inputs` makes them).
        parameters : mapping of str to int, optional
            Those that differ from their defaults.

        Returns
        -------
        dict of str to int, int64 or bool ndarray, or solver term
            The same kind as went in.

        Raises
        ------
        RuleError
            If a value is missing, unknown, no integer, or not one of its declared type; or if arrays are given
            to a rule whose values can need more than 64 bits.
        """
        chosen = choose_parameters(self.parameters, parameters or {}, self.name)
        given = [*state.values(), *inputs.values()]
        domain: Domain
        if any(type(value).__module__.startswith("z3") for value in given):
            from sc_hardware.rules.solver import SolverTerms

            domain = SolverTerms(self.name, self.graph.signed_bits)
        elif any(isinstance(value, np.ndarray) for value in given):
            self.require_64_bits("NumPy arrays")
            domain = Arrays(self.name)
        else:
            domain = Integers(self.name)
        fields = {
            place: from_outside(domain, declared, values, chosen, f"{self.name}: {place}")
            for place, declared, values in (("state", self.state, state), ("inputs", self.inputs, inputs))
        }
        numbers = {name: Value(domain, value, is_bit=False, fixed=True) for name, value in chosen.items()}
        returned = self.function(
            State(domain, "state", fields["state"]),
            Fields(domain, "inputs", fields["inputs"]),
            Fields(domain, "params", numbers),
        )
        return to_outside(domain, self.state, values_of(returned), chosen)

    def solver_inputs(
        self, parameters: Mapping[str, int] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return free solver terms for the state and the inputs, named like them."""
        chosen = choose_parameters(self.parameters, parameters or {}, self.name)
        return solver_terms(self.state, chosen), solver_terms(self.inputs, chosen)

    def require_64_bits(self, what: str) -> None:
        """Refuse a rule whose values can need more bits than a 64-bit integer has.

        Raises
        ------
        RuleError
        """
        if self.graph.signed_bits > 64:
            widest = max(self.graph.nodes, key=lambda node: node.type.signed_width.largest)
            raise RuleError(
                f"{what} hold 64 bits, and {widest.name} can need {widest.type.signed_width.largest} "
                f"({widest.type}): narrow the parameters' ranges; Python ints, Verilog and VHDL have no limit",
                rule=self.name,
                source=widest.source,
            )


def rule(
    *,
    state: Mapping[str, Declaration],
    inputs: Mapping[str, Declaration],
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
) -> Callable[[RuleFunction], Rule]:
    """Declare a fixed-point rule: decorates the function that computes the next state.

    Parameters
    ----------
    state : mapping of str to type
        ``Unsigned(width)``, ``Signed(width)`` or ``Bit``; widths are integers or parameters' names. A field lives
        at the synapse unless marked by ``Presynaptic(type)`` or ``Postsynaptic(type)``.
    inputs : mapping of str to type
        The same; unmarked ones are shared by all synapses.
    parameters : mapping of str to Parameter, optional
        What is chosen when the rule is built, with its legal range.
    name : str, optional
        The function's unless given.

    Returns
    -------
    callable
        From ``f(state, inputs, params) -> state.replace(...)`` to a `Rule`. The function runs once, at once, to
        be traced.

    Raises
    ------
    RuleError
        If a name cannot be carried by C, Verilog and VHDL, if the function says what cannot be expressed, or if a
        next value may not fit its field.

    Notes
    -----
    The language, its widths and all that it refuses: specs/rules.md.

    Examples
    --------
    >>> from sc_hardware.rules import Bit, Parameter, Unsigned, rule, saturate, select
    >>> @rule(
    ...     state={"count": Unsigned("count_bits")},
    ...     inputs={"spike": Bit},
    ...     parameters={"count_bits": Parameter(1, 16, default=8)},
    ... )
    ... def spike_counter(state, inputs, params):
    ...     raised = state.count + select(inputs.spike, 1, 0)
    ...     return state.replace(count=saturate(raised, Unsigned(params.count_bits)))
    >>> spike_counter.step({"count": 7}, {"spike": True}, {"count_bits": 3})
    {'count': 7}
    >>> spike_counter.graph.node("raised")
    Node(raised: Unsigned(count_bits + 1) = add(count, raised_chosen))
    """

    def declare(function: RuleFunction) -> Rule:
        called = name if name is not None else function.__name__
        known = declare_parameters(parameters or {}, called)
        fields = declare_fields(state, known, "state", "synapse", called)
        signals = declare_fields(inputs, known, "inputs", "shared", called)
        check_declared_names(called, known, fields, signals)
        return Rule(called, function, known, trace(called, function, known, fields, signals))

    return declare
