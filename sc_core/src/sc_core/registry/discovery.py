"""What the installed distributions offer, read from their metadata; nothing of theirs is imported.

Named tuples instead of attrs classes: importing attrs would cost more than listing all plugins.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, EntryPoint, PackageMetadata, distributions
from typing import NamedTuple

from sc_core.registry.kinds import KINDS

_GROUPS = frozenset(f"sc.{kind}" for kind in KINDS)


class Project(NamedTuple):
    """What a distribution says about itself.

    Parameters
    ----------
    name, version, summary : str
        From its metadata.
    requirements : tuple of str
        Its ``Requires-Dist`` lines.
    problem : str or None
        What is broken in its metadata.
    """

    name: str
    version: str
    summary: str = ""
    requirements: tuple[str, ...] = ()
    problem: str | None = None


class Offer(NamedTuple):
    """A plugin that a distribution offers.

    Parameters
    ----------
    kind : str
        The kind of plugin.
    entry_point : importlib.metadata.EntryPoint
        Its name is the plugin's, its value the plugin's hooks module.
    project : Project
        The distribution that it belongs to.
    """

    kind: str
    entry_point: EntryPoint
    project: Project

    @property
    def name(self) -> str:
        """The name of the plugin within its kind."""
        return self.entry_point.name

    @property
    def origin(self) -> str:
        """The distribution and the entry point, in words."""
        entry_point = f"{self.name} = {self.entry_point.value!r}"
        return f"{self.project.name} {self.project.version}".strip() + f" (entry point {entry_point})"


def installed_offers() -> tuple[Offer, ...]:
    """Return what the distributions on ``sys.path`` offer, sorted by kind, name and distribution.

    Of a distribution that is installed several times, the first on ``sys.path`` counts, as it does for
    imports.
    """
    offers: list[Offer] = []
    seen: set[str] = set()
    for distribution in distributions():
        found = _offers_of(distribution)
        if not found:
            continue
        name = re.sub(r"[-_.]+", "-", found[0].project.name).lower()
        if name not in seen:
            offers.extend(found)
        if not found[0].project.problem:  # what cannot be identified hides nothing
            seen.add(name)
    return tuple(sorted(offers, key=lambda offer: (offer.kind, offer.name, offer.project.name)))


def _offers_of(distribution: Distribution) -> list[Offer]:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, UnicodeDecodeError):
        return []  # nothing tells that it is about us
    kinds = [kind for kind in KINDS if f"[sc.{kind}]" in text]
    if not kinds:  # most distributions: spared the parsing of their metadata
        return []
    project = _project_of(distribution)
    try:
        entry_points = [point for point in distribution.entry_points if point.group in _GROUPS]
    except Exception as error:  # whatever stands in that file, the other plugins must live
        project = project._replace(problem=f"its entry_points.txt cannot be read: {error}")
        entry_points = [EntryPoint(project.name, "", f"sc.{kind}") for kind in kinds]
    return [Offer(point.group.removeprefix("sc."), point, project) for point in entry_points]


def _project_of(distribution: Distribution) -> Project:
    try:
        metadata = distribution.metadata
        name, version, summary = (_line(metadata, key) for key in ("Name", "Version", "Summary"))
        requirements = tuple(metadata.get_all("Requires-Dist") or ())
    except Exception as error:
        name, problem = "", f"its METADATA in {distribution.locate_file('')} cannot be read: {error}"
    else:
        problem = f"its METADATA in {distribution.locate_file('')} has no Name or no Version"
    if not name or not version:
        return Project(name or "(unknown distribution)", "", problem=problem)
    return Project(name, version, summary, requirements)


def _line(metadata: PackageMetadata, key: str) -> str:
    return next(iter(metadata.get_all(key) or ()), "")
