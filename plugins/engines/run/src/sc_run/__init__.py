"""Training runs from a TOML file: data sets, encoders, the loop, checkpoints and the scn command.

`train`, `resume`, `load_best`, `open_run` and what they return are imported when they are first used, so that
the ``scn`` command starts fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sc_run.checkpoint import load_best
    from sc_run.interruption import RunInterrupted
    from sc_run.opening import open_run
    from sc_run.run import RunResult, resume, train

_HOME = {
    "RunInterrupted": "sc_run.interruption",
    "RunResult": "sc_run.run",
    "load_best": "sc_run.checkpoint",
    "open_run": "sc_run.opening",
    "resume": "sc_run.run",
    "train": "sc_run.run",
}

__all__ = ["RunInterrupted", "RunResult", "load_best", "open_run", "resume", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sc_run' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
