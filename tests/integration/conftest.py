"""What the tests of whole runs share."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sc_run
from sc_run.interruption import RunInterrupted
from sc_run.loop import TrainingLoop

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


@pytest.fixture
def check_interrupted_run(tmp_path):
    """A function that stops a run by a signal, resumes it, and compares its files with an undisturbed run's.

    It stops after the given step, when the training loop leaves the given method, and returns the undisturbed run.
    """

    def check(config, *, after, leaving="_update"):
        undisturbed = sc_run.train(config, output=tmp_path / "undisturbed", progress=False)
        original = getattr(TrainingLoop, leaving)

        def interrupted(loop, *arguments):
            original(loop, *arguments)
            if loop.step == after:
                loop._interruption.signal_number = signal.SIGINT

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TrainingLoop, leaving, interrupted)
            with pytest.raises(RunInterrupted, match=f"after step {after}"):
                sc_run.train(config, output=tmp_path / "stopped", progress=False)
        assert _files_of(tmp_path / "stopped") != _files_of(tmp_path / "undisturbed")
        sc_run.resume(tmp_path / "stopped", progress=False)
        assert _files_of(tmp_path / "stopped") == _files_of(tmp_path / "undisturbed")
        return undisturbed

    return check
