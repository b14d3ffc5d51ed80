"""What the tests of whole runs share."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_KILL_PROGRAM = Path(__file__).parents[1] / "run" / "kill_at_random_moments.py"


def _files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def check_killed_runs(tmp_path):
    """A function that kills runs of a configuration at random moments and compares what they leave in the end."""

    def check(config, *, seed, kills):
        done = subprocess.run(
            [sys.executable, _KILL_PROGRAM, config, tmp_path, str(seed), str(kills)],
            capture_output=True,
            text=True,
            timeout=180,
            env={**os.environ, "SC_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
        of_runs = [int(text) for text in re.findall(r"(\d+) kills", done.stdout)]
        assert sum(of_runs) >= kills
        undisturbed = _files_of(tmp_path / "undisturbed")
        assert {"config.toml", "metrics.csv", "checkpoint/latest.json"} < set(undisturbed)
        for number in range(len(of_runs)):
            assert _files_of(tmp_path / str(number)) == undisturbed

    return check
