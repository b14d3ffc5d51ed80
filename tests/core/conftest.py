"""Distributions that exist only as a dist-info folder and a module on sys.path."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_GOOD_SCHEDULER = """
    from sc_core import hookimpl

    class Constant:
        lr = 0.25
        def step(self): return self.lr
        @classmethod
        def from_run(cls, learner, total_steps): return cls()
        def state_dict(self): return {}
        def load_state_dict(self, state): pass

    @hookimpl
    def sc_register_scheduler():
        return Constant
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put fake distributions on sys.path; their modules are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("SC_DISABLED_PLUGINS", raising=False)
    before = set(sys.modules)

    def install(
        distribution: str,
        entry_points: dict[str, dict[str, str]],
        modules: dict[str, str],
        requires: tuple[str, ...] = ("sc-core>=0.1,<0.2",),
        version: str = "1.0",
    ) -> None:
        folder = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        metadata = [
            "Metadata-Version: 2.1",
            f"Name: {distribution}",
            f"Version: {version}",
            "Summary: A fake.",
        ]
        metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
        (folder / "METADATA").write_text("\n".join(metadata) + "\n")
        lines = []
        for group, points in entry_points.items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
        (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for name, source in modules.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))

    yield install
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture
def good_scheduler() -> str:
    """The source of a module that registers a scheduler."""
    return textwrap.dedent(_GOOD_SCHEDULER)


@pytest.fixture
def install_scheduler(install: Install) -> Install:
    """Put a distribution with one scheduler on sys.path, a good one unless its source is given."""

    def install_scheduler(name: str, source: str = _GOOD_SCHEDULER, **details: object) -> None:
        module = f"fake_{name.replace('-', '_')}_hooks"
        install(f"sc-plugin-{name}", {"sc.scheduler": {name: module}}, {module: source}, **details)

    return install_scheduler
