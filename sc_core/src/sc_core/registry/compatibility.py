"""Which versions of sc-core a plugin says that it works with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sc_core
from sc_core.errors import IncompatiblePlugin
from sc_core.registry.discovery import Offer

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_ON_CORE = re.compile(r"sc[-_.]core(?![-_.\w])", re.IGNORECASE)


def api_range(requirements: Iterable[str]) -> SpecifierSet:
    """Return the versions of sc-core that `requirements` (``Requires-Dist`` lines) allow.

    Raises
    ------
    packaging.requirements.InvalidRequirement
        If a line about sc-core is malformed.

    Examples
    --------
    >>> str(api_range(["numpy>=2", "sc-core>=0.1", "sc_core<0.2"]))
    '<0.2,>=0.1'
    """
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    allowed = SpecifierSet()
    for requirement in (Requirement(line) for line in requirements if _ON_CORE.match(line)):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            allowed &= requirement.specifier
    return allowed


def incompatibility(offer: Offer) -> str | None:
    """Return why `offer` does not fit this version of sc-core, or None where it does."""
    from packaging.requirements import InvalidRequirement

    try:
        allowed = api_range(offer.project.requirements)
    except InvalidRequirement as error:
        return f"the requirement of {offer.project.name} on sc-core cannot be read: {error}"
    if allowed.contains(sc_core.__version__, prereleases=True):
        return None
    return (
        f"{offer.project.name} {offer.project.version} needs sc-core{allowed}, "
        f"and this is sc-core {sc_core.__version__}; try: pip install --upgrade {offer.project.name} sc-core"
    )


def require_compatible(offer: Offer) -> None:
    """Refuse an offer that declares a range of sc-core versions without this one.

    Raises
    ------
    IncompatiblePlugin
    """
    problem = incompatibility(offer)
    if problem:
        raise IncompatiblePlugin(f"the {offer.kind} {offer.name!r} is not compatible: {problem}")
