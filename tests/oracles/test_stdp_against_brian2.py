"""Weight trajectories equal those of a Brian2 model with axonal delay, after every step.

Brian2 needs an older numpy than we do, so it runs in an environment of its own, which uv makes
(requirements/peers-brian2.txt).
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sc_core import LIF, Input, Population, Projection
from sc_plugin_stdp import STDP, VISUAL_CORTEX

ROOT = Path(__file__).resolve().parents[2]
UV = shutil.which("uv")
pytestmark = pytest.mark.skipif(
    UV is None, reason="uv, which installs Brian2, is not installed: pip install uv"
)

DT, N_STEPS, W_MAX, N_PRE, N_POST = 0.5, 1500, 2.0, 4, 3
PAIR = {"tau_plus": 16.0, "tau_minus": 25.0, "a_plus": 0.05, "a_minus": 0.045}
SHARED = {
    "a3_plus": 0.0,
    "a3_minus": 0.0,
    "tau_x": 101.0,
    "tau_y": 125.0,
    "mu_plus": 0.0,
    "mu_minus": 0.0,
    "w_max": W_MAX,
}
RULES = {
    "additive": PAIR,
    "between": PAIR | {"mu_plus": 0.3, "mu_minus": 0.6},
    "triplet": VISUAL_CORTEX["full"] | {"a3_plus": 0.05, "a3_minus": 0.01, "a_plus": 0.01},
}
DELAYS = {
    "no delay": np.zeros((N_PRE, N_POST)),
    "one delay": np.full((N_PRE, N_POST), 3.5),
    "delays per synapse": DT * np.random.default_rng(7).integers(1, 12, (N_PRE, N_POST)),
}


def trains():
    rng = np.random.default_rng(4)
    pre, post = ((rng.random((N_STEPS, n)) < 0.03).astype(float) for n in (N_PRE, N_POST))
    post[100:200, 0] = pre[100:200, 0]  # spikes that meet, without a delay
    post[300:500, 1] = np.roll(pre[:, 1], 7)[300:500]  # and with 3.5 ms
    return pre, post


def ours(options, delays):
    pre, post = trains()
    source, target = Population("a", N_PRE, Input()), Population("b", N_POST, LIF())
    same = np.ptp(delays) == 0
    steps = int(delays[0, 0] / DT) if same else 0
    own = {} if same else {"delays": delays.ravel()}
    projection = Projection(source, target, np.full((N_PRE, N_POST), 1.0), steps, **own)
    rule = STDP(**options)
    rule.bind(projection, DT, np.random.default_rng(0))
    weights = []
    for t in range(N_STEPS):
        rule.after_step(pre[t - steps] if t >= steps else np.zeros(N_PRE), post[t], 0.0)
        weights.append(projection.weights.toarray())
    return np.array(weights)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Brian2's weights for every rule and delay."""
    folder = tmp_path_factory.mktemp("brian2")
    pre, post = trains()
    files, cases = [], [(rule, delay) for rule in RULES for delay in DELAYS]
    for number, (rule, delay) in enumerate(cases):
        files += [folder / f"{number}.npz", folder / f"{number}.npy"]
        np.savez(files[-2], pre=pre, post=post, dt=DT, delay=DELAYS[delay], **SHARED | RULES[rule])
    script, requirements = (
        Path(__file__).with_name("brian2_stdp.py"),
        ROOT / "requirements" / "peers-brian2.txt",
    )
    environment = ["--isolated", "--no-project", "--no-python-downloads", "--python", "3.11"]
    command = [
        UV,
        "run",
        "--quiet",
        *environment,
        "--with-requirements",
        requirements,
        "python",
        script,
        *files,
    ]
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "UV_BUILD_CONSTRAINT")
    }
    subprocess.run(command, env=kept, cwd=folder, check=True)
    return {case: np.load(folder / f"{number}.npy") for number, case in enumerate(cases)}


@pytest.mark.parametrize("kernels", ["native", "reference"])
@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("rule", RULES)
def test_trajectories_on_identical_trains(rule, delay, kernels, theirs, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    weights, expected = ours({"w_max": W_MAX, **RULES[rule]}, DELAYS[delay]), theirs[rule, delay]
    assert np.abs(expected - 1.0).max() > 0.1
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-9)
