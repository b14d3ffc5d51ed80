"""The peers' virtual environments, made with uv on the first use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_STAMP = "installed.txt"


@dataclass(frozen=True)
class Environment:
    """An environment of its own.

    Parameters
    ----------
    requirements : str
        Name of a file in requirements/, without ending.
    python : str
        Version of the interpreter.
    """

    requirements: str
    python: str


TORCH = Environment("peers-torch", "3.11")
JAX = Environment("peers-jax", "3.13")
NEST = Environment("peers-nest", "3.11")


class Unavailable(Exception):
    """An environment that can't be made on this machine; the message says why."""


def interpreter(environment: Environment | None, folder: Path) -> Path:
    """Return the Python interpreter of an environment, made below `folder` where it is not there yet.

    Parameters
    ----------
    environment : Environment or None
        None is the one that runs this.
    folder : Path

    Raises
    ------
    Unavailable
        If Python of that version, or a package, is not to be had.
    """
    if environment is None:
        return Path(sys.executable)
    place = folder / environment.requirements
    python, stamp = place / "bin" / "python", place / _STAMP
    requirements = ROOT / "requirements" / f"{environment.requirements}.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    _uv(["venv", "--quiet", "--clear", "--no-python-downloads", "--python", environment.python, str(place)])
    _uv(["pip", "install", "--quiet", "--python", str(python), "-r", str(requirements)])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _uv(arguments: Sequence[str]) -> None:
    uv = shutil.which("uv")
    if uv is None:
        raise Unavailable("uv is not installed (pip install uv)")
    variables = dict(os.environ)
    if "--python" in arguments and arguments[0] == "venv":
        # pyenv's python3.13 only runs where pyenv is told that version; without pyenv this means nothing.
        variables["PYENV_VERSION"] = arguments[arguments.index("--python") + 1]
    # uv does not read pip's variable for folders of wheels.
    if not variables.get("UV_FIND_LINKS"):
        variables["UV_FIND_LINKS"] = variables.get("PIP_FIND_LINKS", "")
    result = subprocess.run([uv, *arguments], env=variables, capture_output=True, text=True)
    if result.returncode:
        lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        reason = next(
            (line for line in lines if line.startswith(("error:", "×"))), lines[-1] if lines else "?"
        )
        raise Unavailable(f"uv {' '.join(arguments[:2])}: {reason}")
