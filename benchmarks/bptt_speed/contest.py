"""The contest: every contestant in a process of its own, taking turns."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np

from bptt_speed.environments import JAX, ROOT, TORCH, Environment, Unavailable, interpreter
from bptt_speed.task import Batches, Convention

Expected: TypeAlias = Callable[[Convention], tuple[float, list[float]]]
AGREEMENT = 1e-3  # relative; float32 sums in another order differ by about 1e-5


@dataclass(frozen=True)
class Entry:
    """A contestant.

    Parameters
    ----------
    name : str
        In the tables.
    module : str
        ``<package>.contestants.<module>``.
    environment : Environment or None
        None is the one that runs this.
    checked : bool
        Whether its first step is compared with ours.
    """

    name: str
    module: str
    environment: Environment | None
    checked: bool = True


_CONTESTANTS = "bptt_speed.contestants."


OURS = Entry("sc-core", f"{_CONTESTANTS}ours", None)
LIBRARIES = (
    Entry("torch", f"{_CONTESTANTS}plain_torch", TORCH),
    Entry("snnTorch", f"{_CONTESTANTS}peer_snntorch", TORCH),
    Entry("SpikingJelly", f"{_CONTESTANTS}peer_spikingjelly", TORCH),
    Entry("Norse", f"{_CONTESTANTS}peer_norse", TORCH),
    Entry("Spyx", f"{_CONTESTANTS}peer_spyx", JAX),
)
GATHER = Entry("torch, gather", f"{_CONTESTANTS}torch_gather", TORCH)


def _variables(threads: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SC_THREADS")
    variables = os.environ | {name: str(threads) for name in names}
    variables["PYTHONPATH"] = str(ROOT / "benchmarks")
    variables["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return variables


class Process:
    """A running contestant; a context manager.

    Parameters
    ----------
    entry : Entry
    python : Path
        Interpreter.
    task : Path
        The .npz file.
    threads : int

    Raises
    ------
    Unavailable
        If it does not start; the message is the last line of what it said.
    """

    def __init__(self, entry: Entry, python: Path, task: Path, threads: int) -> None:
        self.entry = entry
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [str(python), "-m", "bptt_speed.serve", entry.module, str(task), str(threads)],
            env=_variables(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.start = self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            said = self._log.read().strip().splitlines()
            raise Unavailable(f"stopped with {said[-1] if said else 'no message'}")
        return json.loads(line)

    def ask(self, line: str) -> Any:
        """Return the answer to one line of `bptt_speed.serve`."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # the end of its input ends it
        self._log.close()


def _disagreement(expected: tuple[float, list[float]], answer: dict[str, Any]) -> float:
    """Return the largest relative difference of loss and gradient norms."""
    reference = np.array([expected[0], *expected[1]])
    return float(np.max(np.abs(np.array([answer["loss"], *answer["gradient_norms"]]) / reference - 1)))


def check(entry: Entry, python: Path, path: Path, threads: int, expected: Expected) -> dict[str, Any]:
    """Return what a contestant's first step computes, beside what it must compute.

    Raises
    ------
    Unavailable
        If it does not run, or computes something else.
    """
    # In a process of its own, for the check is no part of the memory that is measured.
    with Process(entry, python, path, threads) as process:
        convention = process.start["convention"]
        if not entry.checked:
            return {"convention": convention}
        answer = process.ask("check")
    difference = _disagreement(expected(Convention(**convention)), answer)
    if not difference < AGREEMENT:
        raise Unavailable(f"computes something else: {answer}, relative difference {difference:.1e}")
    return {"convention": convention, **answer, "relative_difference": difference}


def take_turns(processes: Sequence[Process], rounds: int, steps: int) -> list[list[float]]:
    """Return the milliseconds of every timed step of each process: A B C A B C, after three rounds of warm-up."""
    times: list[list[float]] = [[] for _ in processes]
    for number in range(3 + rounds):
        for process, mine in zip(processes, times, strict=True):
            measured = process.ask(f"run {steps}")
            if number >= 3:
                mine += measured
    return times


def contest(
    task: Batches,
    expected: Expected,
    entries: Sequence[Entry],
    threads: int,
    rounds: int,
    steps: int,
    environments: Path,
) -> dict[str, Any]:
    """Return times, memory and checks of the contestants, and why others are absent.

    Parameters
    ----------
    task : Batches
    expected : callable
        Loss and gradient norms that the first batch must give under a convention.
    entries : sequence of Entry
    threads : int
    rounds, steps : int
        Turns of each contestant, and timed steps in a turn.
    environments : Path
        Where the peers' environments are.
    """
    absent, ready = {}, []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        path = Path(folder) / "task.npz"
        task.save(path)
        for entry in entries:
            try:
                python = interpreter(entry.environment, environments)
                ready.append((entry, python, check(entry, python, path, threads, expected)))
            except Unavailable as reason:
                absent[entry.name] = str(reason)
                print(f"absent: {entry.name}: {reason}", flush=True)
        processes = [
            running.enter_context(Process(entry, python, path, threads)) for entry, python, _ in ready
        ]
        times = take_turns(processes, rounds, steps)
        results = {}
        for process, mine, (entry, _, checked) in zip(processes, times, ready, strict=True):
            low, median, high = np.percentile(mine, [25, 50, 75])
            memory = process.ask("memory")
            results[entry.name] = {
                "median_ms": float(median),
                "quartiles_ms": [float(low), float(high)],
                "times_ms": mine,
                "peak_memory_mb": memory,
                "memory_before_mb": process.start["memory_before"],
                "versions": process.start["versions"],
                "check": checked,
            }
    return {"contestants": results, "absent": absent}
