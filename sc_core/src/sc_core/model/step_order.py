"""The order in which a step visits populations."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable

from sc_core.errors import ConfigurationError


def step_order(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the populations in topological order of the projections without delay.

    Parameters
    ----------
    names : iterable of str
        The populations.
    edges : iterable of (str, str)
        Source and target of every projection that delivers in the same step.

    Raises
    ------
    ConfigurationError
        If they form a cycle; the message shows it.

    Examples
    --------
    >>> step_order(["digit", "hidden", "pixels"], [("pixels", "hidden"), ("hidden", "digit")])
    ('pixels', 'hidden', 'digit')
    """
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for name in names:
        sorter.add(name)
    for source, target in edges:
        sorter.add(target, source)
    try:
        return tuple(sorter.static_order())
    except graphlib.CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise ConfigurationError(
            "network.projections",
            f"the cycle {cycle} has no delay; give one of its projections a delay of at least 1 step",
        ) from None
