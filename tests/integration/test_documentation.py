"""Every Python example of the READMEs and the guides runs, and every run that they show trains."""

from __future__ import annotations

import doctest
import re
import tomllib
from pathlib import Path

import pytest

import sc_run

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "*/README.md", "plugins/**/README.md", "docs/*.md")
    for page in ROOT.glob(pattern)
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)


def blocks(page, language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", (ROOT / page).read_text())


def pages_with(language):
    return [page for page in PAGES if blocks(page, language)]


@pytest.mark.parametrize("page", pages_with("python"))
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in (block for block in blocks(page, "toml") if "[network]" in block and "[data]" in block):
        (tmp_path / "run.toml").write_text(run.replace("epochs = 20", "epochs = 1"))
    names = {"__name__": page}
    for block in blocks(page, "python"):
        if block.startswith("# file:"):  # a file of somebody's package, which is no script
            continue
        if block.startswith(
            "# needs wandb"
        ):  # run where it is installed: tests/oracles/test_wandb_offline.py
            continue
        if block.startswith(">>>"):
            example = doctest.DocTestParser().get_doctest(block, names, page, page, 0)
            assert doctest.DocTestRunner().run(example).failed == 0
        else:
            exec(compile(block, page, "exec"), names)  # noqa: S102


def runs():
    return [
        pytest.param(block, id=f"{page}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, "toml"))
        if "[network]" in block and "[data]" in block
    ]


@pytest.mark.parametrize("text", runs())
def test_runs_train(text, tmp_path):
    config = tomllib.loads(text)
    config["training"]["epochs"] = 1
    folder = sc_run.train(config, output=tmp_path / "run").folder
    assert (folder / "metrics.csv").exists()
