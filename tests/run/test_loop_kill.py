import os
import re
import signal
import subprocess
import sys

import pytest

import sc_run
from sc_run.run_folder import RunInUse

_KILLS = 20


@pytest.fixture
def eventful(config):
    """A configuration that uses every source of state, with checkpoints within epochs."""
    config["network"]["projections"][0]["plasticity"] = "hebbian"
    config["training"]["checkpoint_every"] = 4
    return config


@pytest.mark.slow
def test_runs_killed_at_random_moments_end_bit_identical(
    eventful, write_toml, workplace, kill_program, scn_program, files_of
):
    done = subprocess.run(
        [sys.executable, kill_program, write_toml(eventful), workplace, "5", str(_KILLS), scn_program],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    kills = [int(text) for text in re.findall(r"(\d+) kills", done.stdout)]
    assert sum(kills) >= _KILLS
    undisturbed = files_of(workplace / "undisturbed")
    assert {"config.toml", "metrics.jsonl", "checkpoint/latest.json"} < set(undisturbed)
    for number in range(len(kills)):
        assert files_of(workplace / str(number)) == undisturbed


@pytest.fixture
def start(scn_program):
    """A function that starts ``scn``; what still runs at the end is killed."""
    processes = []

    def start_scn(*arguments):
        process = subprocess.Popen(
            [sys.executable, scn_program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start_scn
    for process in processes:
        process.kill()
        process.communicate()


def _wait_for_line(process, beginning):
    for line in process.stdout:
        if line.startswith(beginning):
            return
    pytest.fail(f"no line begins with {beginning!r}: {process.stderr.read()}")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_signal_leaves_a_resumable_run(eventful, write_toml, workplace, start, files_of, number, code):
    eventful["learner"]["pause"] = 0.02
    path = write_toml(eventful)
    sc_run.train(path, output=workplace / "undisturbed", progress=False)
    process = start("train", path, "--output", "stopped")
    _wait_for_line(process, "epoch 1/3")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert re.fullmatch(r"Error: stopped after step \d+; continue with: scn resume stopped\n", errors)
    assert files_of(workplace / "stopped") != files_of(workplace / "undisturbed")
    again = start("resume", "stopped")
    output, errors = again.communicate(timeout=30)
    assert again.returncode == 0, errors
    assert re.search(r"resuming stopped after \d+ updates", output)
    assert files_of(workplace / "stopped") == files_of(workplace / "undisturbed")


def test_a_run_is_held_by_one_process(eventful, write_toml, workplace, start):
    eventful["learner"]["pause"] = 0.02
    process = start("train", write_toml(eventful), "--output", "held")
    _wait_for_line(process, "training in")
    try:
        with pytest.raises(RunInUse, match="another process"):
            sc_run.resume(workplace / "held", progress=False)
    finally:
        process.kill()
        process.communicate()
    # The lock has gone with its holder, so the run can be continued.
    assert sc_run.resume(workplace / "held", progress=False).n_steps > 0
