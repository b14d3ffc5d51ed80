"""The callback: something that watches a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sc_core.contracts.state import Stateful


@runtime_checkable
class Run(Protocol):
    """What a callback sees of the run that it watches.

    Attributes
    ----------
    folder : pathlib.Path
        The run's folder; relative paths of callbacks are meant within it.
    network : Network
        The network that is being trained, to look at.
    """

    folder: Path
    network: Any

    def request_stop(self) -> None:
        """Ask the run to end after the current step, as if all epochs were done."""
        ...


@runtime_checkable
class Callback(Stateful, Protocol):
    """Watches a run. One that raises is reported once and switched off; the run goes on.

    It is constructed as ``cls(**options)``, with the options that the class attribute ``Options`` describes.
    It may also offer

    ``log_array(name, values, step)``
        Show an array: one-dimensional, a distribution; two-dimensional, (n_steps, n), a raster. After each epoch a
        run hands on ``weights/<projection>``, and on the first samples of the validation part
        ``rates/<population>`` (Hz) and ``raster/<population>``.
    ``log_figure(name, figure, step)``
        Show a matplotlib figure. Runs draw none themselves: this is for programs of your own.
    """

    def start(self, run: Run) -> None:
        """Begin: called once, before anything else; a resumed run calls `load_state_dict` right after it."""
        ...

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take note of `metrics` after update number `step`."""
        ...

    def close(self) -> None:
        """End: flush and release what is held. Called once, also when the run fails."""
        ...
