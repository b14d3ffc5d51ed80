"""Virtual environments into which the built wheels are installed, and commands in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from workspace import ROOT


class WheelTestError(Exception):
    """A distribution does not stand alone; the message says why."""


def run(command: list[str | Path], cwd: Path) -> str:
    """Run a command and return what it printed; if it fails, that is the error's message."""
    finished = run_to_end(command, cwd)
    if finished.returncode != 0:
        raise WheelTestError(f"{' '.join(map(str, command))}\n{finished.stdout}")
    return finished.stdout


def run_to_end(command: list[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command and return its exit code and all that it printed."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }
    environment["UV_BUILD_CONSTRAINT"] = environment["PIP_BUILD_CONSTRAINT"] = str(ROOT / "constraints.txt")
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def create_environment(folder: Path, requirements: list[str], wheels: dict[str, Path]) -> Path:
    """Create a virtual environment from the wheels; return the folder of its commands.

    The wheels enter as constraints with a URL, so that no package of the same name can take their place.
    """
    run(["uv", "venv", "--quiet", "--python", sys.executable, folder], folder.parent)
    ours = folder / "wheels.txt"
    ours.write_text("".join(f"{name} @ {path.as_uri()}\n" for name, path in wheels.items()))
    constraints: list[str | Path] = ["-c", ours, "-c", ROOT / "constraints.txt"]
    run(["uv", "pip", "install", "--quiet", "--python", folder, *constraints, *requirements], folder.parent)
    return folder / "bin"
