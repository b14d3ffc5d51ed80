"""Ctrl-C and SIGTERM: note them, let the run finish its step and save itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import attrs

from sc_core.errors import SCError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunInterrupted(SCError):
    """A run was stopped by a signal and can be resumed.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder.
    signal_number : int
        The signal that stopped it.
    step : int
        The updates made so far, all of them saved.
    """

    def __init__(self, folder: Path, signal_number: int, step: int) -> None:
        self.folder, self.signal_number, self.step = folder, signal_number, step
        super().__init__(f"stopped after step {step}; continue with: scn resume {folder}")


@attrs.define
class Interruption:
    """Which signal has asked the run to stop, if any.

    Parameters
    ----------
    signal_number : int or None
        The signal, None while none has come.
    """

    signal_number: int | None = None


@contextmanager
def watch_signals() -> Iterator[Interruption]:
    """Note SIGINT and SIGTERM instead of dying from them; a second one acts as usual.

    Outside the main thread Python cannot watch signals: nothing is noted there.

    Yields
    ------
    Interruption
        Tells whether a signal has come.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    previous = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(number: int, _frame: FrameType | None) -> None:
        interruption.signal_number = number
        restore()

    def restore() -> None:
        for number, handler in previous.items():
            # None stands for a handler that was not installed from Python and cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield interruption
    finally:
        restore()
