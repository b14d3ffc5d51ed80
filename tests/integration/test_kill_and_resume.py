"""A run with real plugins, killed at random moments, ends with the bits of an undisturbed one."""

import pytest

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
_EPROP = """name = "eprop"
update_every = 4
feedback = "adaptive"
optimiser = "adam"
lr = 2e-3
rate_penalties = [{ population = "hidden", strength = 1e-4, lower = 5.0, upper = 20.0 }]"""
_EWC = """name = "ewc"
fisher = "empirical"
learner = { name = "bptt", lr = 2e-3, learned_parameters = ["tau", "v_threshold"] }"""
_RUNS = {
    "one task": _CONFIG.replace("@learner", _BPTT),
    "eprop, updates within a sequence": _CONFIG.replace("@learner", _EPROP).replace(
        "epochs = 4", "epochs = 2"
    ),
    # A task's end is a moment like any other.
    "ewc, tasks in sequence": _CONFIG.replace("@learner", _EWC)
    .replace("[network]", 'tasks = { name = "permuted", n_tasks = 3 }\n[network]')
    .replace("epochs = 4", "epochs = 1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", _RUNS.values(), ids=_RUNS)
def test_a_real_run_killed_at_random_moments_ends_bit_identical(tmp_path, text, check_killed_runs):
    config = tmp_path / "run.toml"
    config.write_text(text)
    check_killed_runs(config, seed=5, kills=20)
