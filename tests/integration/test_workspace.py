"""The lists at the root agree with the distributions that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
FOLDERS = sorted(
    file.parent
    for pattern in ("*", "plugins/*", "plugins/engines/*", "hdl_backends/*")
    for file in ROOT.glob(f"{pattern}/pyproject.toml")
)
PROJECTS = {folder: tomllib.loads((folder / "pyproject.toml").read_text())["project"] for folder in FOLDERS}


def requirement_names(file):
    lines = file.read_text().splitlines()
    return {re.match(r"[\w.-]+", line)[0] for line in lines if not line.startswith(("#", "-"))}


def test_uv_knows_every_distribution_as_part_of_the_workspace():
    assert set(WORKSPACE["uv"]["sources"]) == {project["name"] for project in PROJECTS.values()}
    members = {path for pattern in WORKSPACE["uv"]["workspace"]["members"] for path in ROOT.glob(pattern)}
    assert set(FOLDERS) <= members


def test_mypy_and_coverage_know_every_distribution():
    packages = [path.parent for folder in FOLDERS for path in folder.glob("src/*/__init__.py")]
    assert len(packages) == len(FOLDERS)
    assert set(WORKSPACE["coverage"]["run"]["source_pkgs"]) == {path.name for path in packages}
    sources = {path.parent.relative_to(ROOT).as_posix() for path in packages}
    assert sources <= set(WORKSPACE["mypy"]["mypy_path"])


def test_constraints_hold_nothing_but_pinned_versions():
    pin = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?")
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_constraints_pin_every_direct_requirement():
    pinned = requirement_names(ROOT / "constraints.txt")
    ours = {project["name"] for project in PROJECTS.values()}
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text()
        own = {name for name in requirement_names(file) if re.search(rf"^{name}==", text, re.MULTILINE)}
        if file.name.startswith("peers-"):  # environments of other people's software, pinned whole
            assert requirement_names(file) == own, file.name
            continue
        assert requirement_names(file) - own <= pinned, file.name
        assert not own & pinned, file.name
    for folder, project in PROJECTS.items():
        requirements = {re.match(r"[\w.-]+", requirement)[0] for requirement in project["dependencies"]}
        assert requirements <= pinned | ours, folder


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_distribution_is_complete(folder):
    """It has a README that begins with an example, and the marker that its types are meant to be used."""
    project = PROJECTS[folder]
    beginning = (folder / project["readme"]).read_text()[:2000]
    assert "```python" in beginning
    assert list(folder.glob("src/*/py.typed"))
