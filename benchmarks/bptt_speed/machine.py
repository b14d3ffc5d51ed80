"""The machine that a result was measured on, and whether it was quiet."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

_QUIET = 0.05  # share of all processors' time
_TICKS = Path("/proc/stat")


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _ticks() -> tuple[int, int]:
    """Return the busy and all ticks of all processors since the start of the system."""
    values = [int(value) for value in _TICKS.read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    idle = values[3] + values[4]  # idle, and waiting for a disk
    return sum(values) - idle, sum(values)


def busy_share(seconds: float) -> float | None:
    """Return which share of all processors others use, while this process sleeps; None without ``/proc``."""
    if not _TICKS.exists():
        return None
    busy, total = _ticks()
    time.sleep(seconds)
    busy_later, total_later = _ticks()
    return (busy_later - busy) / max(total_later - total, 1)


def describe() -> dict[str, Any]:
    """Return processor, number of processors, system and how busy it is; warn where others are using it."""
    busy = busy_share(2.0)
    if busy is not None and busy > _QUIET:
        print(
            f"warning: other jobs use {100 * busy:.0f} % of the processors and distort the times; "
            "wait until the machine is quiet",
            file=sys.stderr,
            flush=True,
        )
    return {
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "busy_before": busy,
    }
