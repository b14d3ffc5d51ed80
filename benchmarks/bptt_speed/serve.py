"""Serve one contestant in a process of its own: answer the driver's lines until its input ends.

``python -m bptt_speed.serve CONTESTANT TASK.npz THREADS``, CONTESTANT being ``<package>.contestants.<module>``; what
``<package>.task.load`` makes of the task is the contestant's.

Each answer is one line of JSON. Lines: ``check`` (loss and gradient norms of the first batch, without an update),
``run N`` (milliseconds of N training steps, after one that is not timed), ``memory`` (peak resident memory in MB).
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bptt_speed.task import Batches, Contestant

STATUS = Path("/proc/self/status")


def peak_memory() -> float | None:
    """Return this process's peak resident memory in MB; None where the system has no ``/proc``."""
    if not STATUS.exists():
        return None
    # Not resource.getrusage: its figure begins with that of the process that started this one.
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def use_processors(n: int) -> None:
    """Keep this process, and every thread it will start, on the first `n` processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n])


class Server:
    """Answers lines for one contestant."""

    def __init__(self, contestant: Contestant, task: Batches) -> None:
        self.contestant, self.task = contestant, task
        self.n_steps = 0

    def _step(self) -> float:
        batch = self.task.batch(self.n_steps)
        self.n_steps += 1
        start = time.perf_counter()
        self.contestant.step(*batch)
        return 1e3 * (time.perf_counter() - start)

    def answer(self, line: str) -> Any:
        """Return the answer to one line."""
        command, *arguments = line.split()
        if command == "run":
            self._step()  # brings this process's data back into the caches after the others' turns
            return [self._step() for _ in range(int(arguments[0]))]
        if command == "check":
            loss, norms = self.contestant.check(*self.task.batch(0))
            return {"loss": float(loss), "gradient_norms": [float(norm) for norm in norms]}
        if command == "memory":
            return peak_memory()
        raise ValueError(f"no such command: {line!r}")


def main() -> None:
    name, path, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints goes to the log, not between the answers
    use_processors(int(threads))
    module = importlib.import_module(name)
    task = importlib.import_module(f"{name.split('.')[0]}.task").load(Path(path))
    before = peak_memory()
    server = Server(module.prepare(task), task)
    versions = {item: importlib.metadata.version(item) for item in module.DISTRIBUTIONS}
    convention = dataclasses.asdict(module.CONVENTION)
    start = {"versions": versions, "convention": convention, "memory_before": before}
    print(json.dumps(start), file=answers)
    for line in sys.stdin:
        print(json.dumps(server.answer(line)), file=answers)


if __name__ == "__main__":
    main()
