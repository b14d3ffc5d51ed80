"""A run with real plugins, killed at random moments, ends with the bits of an undisturbed one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_KILL_PROGRAM = Path(__file__).parents[1] / "run" / "kill_at_random_moments.py"
_KILLS = 20
_CONFIG = """
seed = 7
[data]
name = "digits"
test_fraction = 0.85
encoder = { name = "rate", n_steps = 10 }
[network]
populations = [
    { name = "pixels", n = 64, neuron = "Input" },
    { name = "hidden", n = 32, neuron = { name = "LIF", tau = 20.0 } },
    { name = "digit", n = 10, neuron = "LI" },
]
projections = [
    { source = "pixels", target = "hidden", density = 0.3 },
    { source = "hidden", target = "hidden", density = 0.1, delay = 1 },
    { source = "hidden", target = "digit" },
]
[learner]
@learner
[scheduler]
name = "cosine"
[[callbacks]]
name = "csv"
[training]
epochs = 4
batch_size = 32
checkpoint_every = 5
"""


_BPTT = """name = "bptt"
lr = 2e-3
optimiser = "adam"
learned_parameters = ["tau", "v_threshold"]"""
_EWC = """name = "ewc"
fisher = "empirical"
learner = { name = "bptt", lr = 2e-3, learned_parameters = ["tau", "v_threshold"] }"""
_RUNS = {
    "one task": _CONFIG.replace("@learner", _BPTT),
    # A task's end is a moment like any other.
    "ewc, tasks in sequence": _CONFIG.replace("@learner", _EWC)
    .replace("[network]", 'tasks = { name = "permuted", n_tasks = 3 }\n[network]')
    .replace("epochs = 4", "epochs = 1"),
}


def _files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.slow
@pytest.mark.parametrize("text", _RUNS.values(), ids=_RUNS)
def test_a_real_run_killed_at_random_moments_ends_bit_identical(tmp_path, text):
    config = tmp_path / "run.toml"
    config.write_text(text)
    done = subprocess.run(
        [sys.executable, _KILL_PROGRAM, config, tmp_path, "5", str(_KILLS)],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "SC_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    kills = [int(text) for text in re.findall(r"(\d+) kills", done.stdout)]
    assert sum(kills) >= _KILLS
    undisturbed = _files_of(tmp_path / "undisturbed")
    assert {"config.toml", "metrics.csv", "checkpoint/latest.json"} < set(undisturbed)
    for number in range(len(kills)):
        assert _files_of(tmp_path / str(number)) == undisturbed
