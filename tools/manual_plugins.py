"""The plugins in the docstrings of the hook specifications, and runs that name them.

They are what somebody writes who knows these docstrings and nothing else.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HOOKSPECS = ROOT / "sc_core" / "src" / "sc_core" / "hookspecs"

_DATA = """\
seed = 7
[data]
name = "{data}"
encoder = {{ name = "rate", n_steps = 10, max_rate = 1000.0 }}
test_fraction = 0.85
validation_fraction = 0.0
[training]
epochs = 4
batch_size = 16
[[callbacks]]
name = "csv"
"""
_NETWORK = """\
[network]
populations = [
    {{ name = "pixels", n = 64, neuron = "Input" }},
    {{ name = "digit", n = 10, neuron = {{ name = "{neuron}", tau = 2.0 }} }},
]
"""
_PROJECTIONS = 'projections = [{ source = "pixels", target = "digit" }]\n'


def manual_files() -> dict[str, dict[str, str]]:
    """Return the files that the docstrings show: for each kind, the text of each file by its name."""
    return {
        node.name.removeprefix("sc_register_"): _files_in(ast.get_docstring(node) or "")
        for path in sorted(HOOKSPECS.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def _files_in(docstring: str) -> dict[str, str]:
    blocks = re.findall(r"^\.\. code-block:: \w+\n\n((?:(?:    .*)?\n)+)", docstring + "\n", re.M)
    files = {}
    for block in map(textwrap.dedent, blocks):
        marker, _, text = block.partition("\n")
        files[marker.removeprefix("# file: ")] = text
    return files


def write_packages(folder: Path) -> dict[str, Path]:
    """Write the plugin of each kind into a folder of its own within `folder`; return these by kind."""
    packages = {}
    for kind, files in manual_files().items():
        packages[kind] = folder / kind
        for name, text in files.items():
            path = packages[kind] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return packages


def project_of(package: Path) -> dict[str, Any]:
    """Return the table ``[project]`` of a package's pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return project


def expected_records(packages: dict[str, Path]) -> list[dict[str, Any]]:
    """Return what ``scn plugins list --json`` shall say about the packages."""
    projects = {kind: project_of(package) for kind, package in packages.items()}
    return [
        {
            "kind": kind,
            "name": name,
            "distribution": project["name"],
            "version": project["version"],
            "summary": project["description"],
            "api_range": "<0.2,>=0.1",
            "error": None,
        }
        for kind, project in projects.items()
        for name in project["entry-points"][f"sc.{kind}"]
    ]


def run_with(*kinds: str, data: str = "digits") -> str:
    """Return the configuration of a small run with the docstrings' plugins of these kinds.

    It contains the docstrings' own ``run.toml``, word for word. A part of `data` is enough to train on; a
    plasticity meets spikes on both sides of its projection.
    """
    files = manual_files()
    projections, sections = _PROJECTIONS, ""
    for kind in kinds:
        shown = files[kind]["run.toml"]
        if kind == "plasticity":
            projections = shown.removeprefix("[network]\n")
        else:
            sections += shown
    neuron = "LIF" if "plasticity" in kinds else "LI"
    return _DATA.format(data=data) + _NETWORK.format(neuron=neuron) + projections + sections
