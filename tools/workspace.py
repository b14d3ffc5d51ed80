"""The distributions of this workspace, as requirements/workspace.txt lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Distribution:
    """One distribution: where it lies, its pyproject.toml, and the extras that its tests need."""

    folder: Path
    project: dict[str, Any]
    extras: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that pip knows."""
        name: str = self.project["project"]["name"]
        return name

    @property
    def requirement(self) -> str:
        """The name with the extras: ``sc-run[mnist1d]``."""
        return f"{self.name}[{','.join(self.extras)}]" if self.extras else self.name

    @property
    def tests(self) -> Path:
        """The folder of its tests, relative to the root: ``plugins/bptt`` has ``tests/plugins/bptt``.

        Distributions that are not in ``plugins/`` have ``tests/<name>``, without "sc-" and "plugin-".
        """
        folder = self.folder.relative_to(ROOT)
        is_plugin = folder.parts[0] == "plugins" and folder.parts[1] != "engines"
        return (
            Path("tests", folder)
            if is_plugin
            else Path("tests", self.name.removeprefix("sc-").removeprefix("plugin-"))
        )

    @property
    def entry_points(self) -> list[str]:
        """The names that it adds to the registry."""
        groups = self.project["project"].get("entry-points", {})
        return sorted(
            name
            for group, names in groups.items()
            if group.startswith("sc.") and group != "sc.cli"  # a command is no plugin
            for name in names
        )


def distributions() -> list[Distribution]:
    """Return every distribution of the workspace."""
    found = []
    for line in (ROOT / "requirements" / "workspace.txt").read_text().splitlines():
        path, _, extras = line.removeprefix("-e ").removesuffix("]").partition("[")
        folder = ROOT / path
        project = tomllib.loads((folder / "pyproject.toml").read_text())
        found.append(Distribution(folder, project, tuple(filter(None, extras.split(",")))))
    return found
