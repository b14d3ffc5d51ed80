"""The option ``--no-skips``, tried on small test files in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
CASES = {
    "passes": "def test_passes(): pass",
    "expected failure": "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_known(): assert False",
    "skip mark": "import pytest\n@pytest.mark.skip(reason='no simulator')\ndef test_skipped(): pass",
    "skip call": "import pytest\ndef test_skipped(): pytest.skip('no simulator')",
    "skipped module": "import pytest\npytest.importorskip('no_such_package')\ndef test_skipped(): pass",
}


def run_pytest(folder, source, *options):
    shutil.copy(CONFTEST, folder)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (folder / "test_case.py").write_text(source)
    (folder / "test_other.py").write_text("def test_other(): pass")
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)


@pytest.mark.parametrize("case", ["skip mark", "skip call", "skipped module"])
def test_skip_fails_only_with_the_option(tmp_path, case):
    assert run_pytest(tmp_path, CASES[case]).returncode == 0
    forbidden = run_pytest(tmp_path, CASES[case], "--no-skips")
    assert forbidden.returncode == 1
    assert "test_case.py" in forbidden.stdout.partition("--no-skips forbids")[2]


@pytest.mark.parametrize("case", ["passes", "expected failure"])
def test_what_runs_does_not_fail(tmp_path, case):
    assert run_pytest(tmp_path, CASES[case], "--no-skips").returncode == 0
