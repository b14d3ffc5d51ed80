"""The plasticities of a simulation, bound to their projections, in the order of attachment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from sc_core.errors import ConfigurationError
from sc_core.simulation.wiring import Connection, Wiring

_PHASES = ("scale", "after_step", "consolidate")


@attrs.define(eq=False)
class BoundRule:
    """A rule, where it is attached, and the steps since its last consolidation."""

    rule: Any
    connection: Connection
    dt: float
    steps: int = 0

    @property
    def sees_emission(self) -> bool:
        """Whether it is given the spikes that the source emits instead of those that arrive."""
        return self.connection.per_synapse or bool(getattr(self.rule, "sees_emission", False))

    def steps_to_consolidation(self) -> int | None:
        """Return after how many more steps `consolidate` is due, or None if never."""
        if not hasattr(self.rule, "consolidate"):
            return None
        # A whole number of steps may be computed as just above itself.
        due = int(np.ceil(self.rule.consolidation_interval / self.dt - 1e-6))
        return max(due - self.steps, 1)

    def passed(self, steps: int) -> None:
        """Count steps, and consolidate if it is due."""
        due = self.steps_to_consolidation()
        if due is None:
            return
        self.steps += steps
        if steps >= due:
            self.rule.consolidate(self.steps * self.dt)
            self.steps = 0


def bind(
    plasticities: Mapping[str, Any] | None, wiring: Wiring, dt: float, rng: np.random.Generator | None
) -> tuple[BoundRule, ...]:
    """Bind every rule to the projection that it is named for.

    Raises
    ------
    ConfigurationError
        If a name is no projection's, an object is no plasticity, or there is no generator.
    """
    bound = []
    for name, rules in (plasticities or {}).items():
        connection = wiring.connection(name, "plasticities")
        if not isinstance(rng, np.random.Generator):
            raise ConfigurationError("rng", "plasticities need a numpy.random.Generator")
        for rule in rules if isinstance(rules, Sequence) else [rules]:
            kind = type(rule).__name__
            if not hasattr(rule, "bind") or not any(hasattr(rule, phase) for phase in _PHASES):
                raise ConfigurationError(
                    f"plasticities[{name!r}]",
                    f"{kind} has no bind, or none of the phases {', '.join(_PHASES)}",
                )
            if hasattr(rule, "consolidate") and not getattr(rule, "consolidation_interval", 0) > 0:
                raise ConfigurationError(
                    f"plasticities[{name!r}]",
                    f"{kind} consolidates: it needs a consolidation_interval > 0 (ms)",
                )
            rule.bind(connection.projection, dt, rng)
            bound.append(BoundRule(rule, connection, dt))
    return tuple(bound)
