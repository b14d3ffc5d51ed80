"""Kills runs at random moments and resumes them until they end.

Usage: kill_at_random_moments.py CONFIG FOLDER SEED KILLS [MODULE]

Makes the run FOLDER/undisturbed, and measures how long it takes. Then makes the runs FOLDER/0, FOLDER/1, … one
after the other, each in child processes that are killed (SIGKILL) after a random part of that time, until it ends
by itself; goes on until KILLS processes have been killed. MODULE, the path of a Python file, lists plugins to
register. Prints the kills of each run.

Children are forked from this process, which has imported everything but computed nothing: a fresh interpreter for
each would spend most of its life on imports, and most kills would hit those.
"""

import os
import runpy
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import sklearn.model_selection  # noqa: F401

import sc_core.simulation  # noqa: F401
import sc_run.parts  # noqa: F401
from sc_core import registry
from sc_run.run import resume, train


def work(config: Path, folder: Path) -> None:
    """Begin the run in `folder`, or continue it; never returns."""
    code = 1
    try:
        if folder.exists():
            resume(folder, progress=False)
        else:
            train(config, output=folder, progress=False)
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def was_killed(config: Path, folder: Path, delay: float) -> bool:
    """Work on a run for `delay` seconds at most; return whether it had to be killed."""
    child = os.fork()
    if child == 0:
        work(config, folder)
    deadline = time.monotonic() + delay
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status != 0:
                sys.exit(f"a run failed with status {status}")
            return False
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(config: Path, folder: Path, seed: int, kills: int) -> None:
    """Make runs until `kills` processes were killed."""
    rng = np.random.default_rng(seed)
    start = time.monotonic()
    if was_killed(config, folder / "undisturbed", delay=60.0):
        sys.exit("the undisturbed run takes longer than a minute")
    span = time.monotonic() - start
    total, number = 0, 0
    while total < kills:
        mine = 0
        # A resumed process needs its own time to set up and, at the end, to test: on a machine that has become
        # slower since the undisturbed run, longer lives must become likely.
        while was_killed(config, folder / str(number), rng.uniform(0.0, (1 + mine / 20) * span)):
            mine += 1
            if mine > 20 * kills:
                sys.exit("the run makes no progress between kills")
        print(f"run {number}: {mine} kills", flush=True)
        total, number = total + mine, number + 1


if __name__ == "__main__":
    if len(sys.argv) > 5:
        for kind, name, cls in runpy.run_path(sys.argv[5])["PLUGINS"]:
            registry.register(kind, name, cls)
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
