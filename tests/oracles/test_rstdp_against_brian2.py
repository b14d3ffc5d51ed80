"""Weight trajectories of rstdp equal those of a Brian2 model with bounds at events, after every step.

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
from sc_plugin_rstdp import RewardModulatedSTDP

ROOT = Path(__file__).resolve().parents[2]
UV = shutil.which("uv")
pytestmark = pytest.mark.skipif(
    UV is None, reason="uv, which installs Brian2, is not installed: pip install uv"
)

DT, N_STEPS, N_PRE, N_POST = 0.5, 1500, 4, 3
RULE = {"learning_rate": 1e-3, "a_plus": 1.0, "a_minus": 0.9, "tau_plus": 16.0, "tau_minus": 25.0}
RULE |= {"tau_eligibility": 300.0, "tau_reward": 60.0}
BOUNDS = {"wide": {"w_min": 0.0, "w_max": 1e6}, "narrow": {"w_min": 0.9, "w_max": 1.2}}
DELAYS = {
    "no delay": np.zeros((N_PRE, N_POST)),
    "one delay": np.full((N_PRE, N_POST), 3.5),
    "delays per synapse": DT * np.random.default_rng(7).integers(1, 12, (N_PRE, N_POST)),
}
SIGNS = np.where(np.arange(N_PRE * N_POST).reshape(N_PRE, N_POST) % 3, 1.0, -1.0)


def events():
    rng = np.random.default_rng(4)
    pre, post = ((rng.random((N_STEPS, n)) < 0.03).astype(float) for n in (N_PRE, N_POST))
    post[100:200, 0] = pre[100:200, 0]  # spikes that meet, without a delay
    post[300:500, 1] = np.roll(pre[:, 1], 7)[300:500]  # and with 3.5 ms
    return pre, post, np.where(rng.random(N_STEPS) < 0.02, rng.normal(size=N_STEPS), 0.0)


def ours(options, delays):
    pre, post, reward = events()
    source, target = Population("a", N_PRE, Input()), Population("b", N_POST, LIF())
    same = np.ptp(delays) == 0
    steps = int(delays[0, 0] / DT) if same else 0
    own = {} if same else {"delays": delays.ravel()}
    projection = Projection(source, target, SIGNS.copy(), steps, **own)
    rule = RewardModulatedSTDP(**options)
    rule.bind(projection, DT, np.random.default_rng(0))
    weights = []
    for t in range(N_STEPS):
        rule.after_step(pre[t - steps] if t >= steps else np.zeros(N_PRE), post[t], reward[t])
        weights.append(projection.weights.toarray())
    return np.array(weights)


def environment():
    """Return the command of an interpreter that has Brian2."""
    requirements = ROOT / "requirements" / "peers-brian2.txt"
    own = ["--isolated", "--no-project", "--no-python-downloads", "--python", "3.11"]
    return [UV, "run", "--quiet", *own, "--with-requirements", requirements, "python"]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Brian2's weights for all bounds and delays."""
    folder = tmp_path_factory.mktemp("brian2")
    pre, post, reward = events()
    files, cases = [], [(bounds, delay) for bounds in BOUNDS for delay in DELAYS]
    for number, (bounds, delay) in enumerate(cases):
        files += [folder / f"{number}.npz", folder / f"{number}.npy"]
        given = RULE | BOUNDS[bounds]
        np.savez(files[-2], pre=pre, post=post, reward=reward, dt=DT, delay=DELAYS[delay], **given)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "UV_BUILD_CONSTRAINT")
    }
    command = [*environment(), Path(__file__).with_name("brian2_rstdp.py"), *files]
    subprocess.run(command, env=kept, cwd=folder, check=True)
    return {case: np.load(folder / f"{number}.npy") for number, case in enumerate(cases)}


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_trajectories_on_identical_events(bounds, delay, theirs):
    weights, expected = ours(RULE | BOUNDS[bounds], DELAYS[delay]), theirs[bounds, delay]
    assert np.abs(expected - 1.0).max() > 0.1
    np.testing.assert_allclose(weights, SIGNS * expected, rtol=0, atol=1e-9)
