"""Which kernels run: the compiled ones of sc-native, or the NumPy references.

The environment decides: ``SC_KERNELS`` is ``auto`` (native where it loads, the default), ``native`` or
``reference``; ``SC_THREADS`` is the number of threads (by default the processors this process may use).
Every thread count gives the same bits.
"""

from __future__ import annotations

import os
import warnings

import sc_native
from sc_core.errors import ConfigurationError, MissingDependency

_CHOICES = ("auto", "native", "reference")
_said: set[str] = set()


class ReferenceKernelsWarning(UserWarning):
    """The slower NumPy references run because the compiled kernels do not load."""


def native() -> bool:
    """Return whether the compiled kernels are to be used.

    Raises
    ------
    ConfigurationError
        If ``SC_KERNELS`` is none of its values.
    MissingDependency
        If ``SC_KERNELS=native`` and the compiled kernels do not load.

    Warns
    -----
    ReferenceKernelsWarning
        Once per process, where ``auto`` falls back on the references.
    """
    choice = os.environ.get("SC_KERNELS", "auto")
    if choice not in _CHOICES:
        raise ConfigurationError("SC_KERNELS", f"must be one of {', '.join(_CHOICES)}, got {choice!r}")
    if choice == "reference":
        return False
    if sc_native.available:
        return True
    remedy = (
        f"the compiled kernels do not load ({sc_native.why_unavailable}); "
        "install a C compiler and reinstall sc-native"
    )
    if choice == "native":
        raise MissingDependency(f"SC_KERNELS=native, but {remedy}")
    if "fallback" not in _said:
        _said.add("fallback")
        warnings.warn(f"the slower NumPy kernels run: {remedy}", ReferenceKernelsWarning, stacklevel=2)
    return False


_WORK_PER_THREAD = (
    1_500_000  # operations, some 0.5 ms: with less, waking up another thread costs more than it gains
)


def thread_count(work: int | None = None) -> int:
    """Return how many threads kernels may use.

    Parameters
    ----------
    work : int, optional
        Elementary operations, roughly: little work gets fewer threads.

    Raises
    ------
    ConfigurationError
        If ``SC_THREADS`` is not a positive integer.

    Examples
    --------
    >>> thread_count(work=1000)
    1
    """
    text = os.environ.get("SC_THREADS")
    if text is None:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    elif not text.isdecimal() or int(text) < 1:
        raise ConfigurationError("SC_THREADS", f"must be an integer >= 1, got {text!r}")
    else:
        count = int(text)
    return count if work is None else min(count, 1 + work // _WORK_PER_THREAD)


def describe() -> str:
    """Return one line about the kernels that run, for people to read."""
    if not native():
        return "reference kernels (NumPy)"
    if not sc_native.openmp:
        return "native kernels (C, without OpenMP: 1 thread)"
    threads = thread_count()
    return f"native kernels (C, {threads} thread{'s' if threads != 1 else ''})"
