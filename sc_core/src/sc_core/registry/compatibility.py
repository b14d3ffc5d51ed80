"""Which versions of sc-core a plugin says that it works with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import sc_core

_ON_CORE = re.compile(r"sc[-_.]core(?![-_.\w])", re.IGNORECASE)
_PLAIN_CLAUSE = re.compile(r"(>=|<)(\d+(?:\.\d+)*)")
_PLAIN_VERSION = re.compile(r"\d+(?:\.\d+)*")


class CoreRange(NamedTuple):
    """A range of versions of sc-core.

    Parameters
    ----------
    text : str
        The range, ``"<0.2,>=0.1"``; empty where any version will do.
    problem : str or None
        Why the version that is running is not in it, or why it cannot be read.
    """

    text: str
    problem: str | None


def core_range(requirements: Sequence[str], version: str = sc_core.__version__) -> CoreRange:
    """Return the versions of sc-core that `requirements` (``Requires-Dist`` lines) allow.

    Parameters
    ----------
    requirements : sequence of str
        Lines about other packages do not matter.
    version : str
        The version that is running.

    Examples
    --------
    >>> core_range(["numpy>=2", "sc-core>=0.1,<0.2"], version="0.1.0")
    CoreRange(text='<0.2,>=0.1', problem=None)
    >>> core_range(["sc-core>=0.2"], version="0.1.0").problem
    'needs sc-core>=0.2, and this is sc-core 0.1.0'
    """
    lines = [line for line in requirements if _ON_CORE.match(line)]
    return _plain_range(lines, version) or _range(lines, version)


def _plain_range(lines: Sequence[str], version: str) -> CoreRange | None:
    """Read the usual form, ``sc-core>=0.1,<0.2``, where it holds.

    To import `packaging` takes as long as to list all plugins without it.
    """
    ranges = [_ON_CORE.sub("", line, count=1).replace(" ", "") for line in lines]
    clauses = [clause for text in ranges for clause in text.strip("()").split(",") if clause]
    bounds = [match.groups() for match in map(_PLAIN_CLAUSE.fullmatch, clauses) if match]
    if len(bounds) < len(clauses) or not _PLAIN_VERSION.fullmatch(version):
        return None
    if all((_release(version) >= _release(bound)) == (sign == ">=") for sign, bound in bounds):
        return CoreRange(",".join(sorted(set(clauses))), None)
    return None


def _release(version: str) -> list[int]:
    """Return the numbers of a plain version without trailing zeros: 1.0 is 1."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def _range(lines: Sequence[str], version: str) -> CoreRange:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import SpecifierSet

    allowed = SpecifierSet()
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            return CoreRange("", f"has a requirement on sc-core that cannot be read: {error}")
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            allowed &= requirement.specifier
    if allowed.contains(version, prereleases=True):
        return CoreRange(str(allowed), None)
    return CoreRange(str(allowed), f"needs sc-core{allowed}, and this is sc-core {version}")
