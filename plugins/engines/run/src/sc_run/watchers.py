"""The callbacks of a run: one that raises is reported once and switched off, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from numpy.typing import NDArray

from sc_core.contracts import Callback, Run
from sc_core.errors import CheckpointError


@attrs.define
class _Watcher:
    name: str
    callback: Callback
    active: bool = True


class Watchers:
    """Passes what happens on to every callback that still works.

    Parameters
    ----------
    callbacks : sequence of (str, Callback)
        With the names to report them by.
    warn : callable
        Takes the report of a callback that raised.
    """

    def __init__(self, callbacks: Sequence[tuple[str, Callback]], warn: Callable[[str], None]) -> None:
        self._watchers = [_Watcher(name, callback) for name, callback in callbacks]
        self._warn = warn

    def start(self, run: Run, state: Mapping[str, Any] | None) -> None:
        """Start the callbacks, and give them their saved state if there is one.

        Parameters
        ----------
        run : Run
        state : mapping or None
            What `state_dict` returned in the run that is resumed.

        Raises
        ------
        CheckpointError
            If a callback refuses its state: its artefacts do not continue the run.
        """
        saved = [] if state is None else state["callbacks"]
        for index, watcher in enumerate(self._watchers):
            if saved and not saved[index]["active"]:
                watcher.active = False
                continue
            self._guard(watcher, "start", lambda callback: callback.start(run))
            if saved and watcher.active:
                self._guard(watcher, "load_state_dict", _loading(saved[index]["state"]))

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Pass metrics on."""
        for watcher in self._watchers:
            self._guard(watcher, "log", lambda callback: callback.log(dict(metrics), step))

    @property
    def take_arrays(self) -> bool:
        """Whether any callback that still works offers ``log_array``."""
        return any(watcher.active and hasattr(watcher.callback, "log_array") for watcher in self._watchers)

    def log_array(self, name: str, values: NDArray[Any], step: int) -> None:
        """Pass an array on to the callbacks that take arrays; each gets a copy."""
        for watcher in self._watchers:
            if hasattr(watcher.callback, "log_array"):
                self._guard(watcher, "log_array", _showing(name, values.copy(), step))

    def close(self) -> None:
        """Close every callback that still works."""
        for watcher in self._watchers:
            self._guard(watcher, "close", lambda callback: callback.close())
            watcher.active = False

    def state_dict(self) -> Mapping[str, Any]:
        """Return the callbacks' states and which of them are switched off."""
        return {"callbacks": [self._state_of(watcher) for watcher in self._watchers]}

    def _state_of(self, watcher: _Watcher) -> Mapping[str, Any]:
        state = self._guard(watcher, "state_dict", lambda callback: callback.state_dict())
        return {"name": watcher.name, "active": watcher.active, "state": state if watcher.active else {}}

    def _guard(self, watcher: _Watcher, method: str, call: Callable[[Callback], Any]) -> Any:
        if not watcher.active:
            return None
        try:
            return call(watcher.callback)
        except CheckpointError:
            raise
        except Exception as error:  # whatever a callback does must not cost the training
            watcher.active = False
            self._warn(
                f"callback {watcher.name!r} failed in {method} and is switched off: "
                f"{type(error).__name__}: {error}"
            )
            return None


def _loading(state: Mapping[str, Any]) -> Callable[[Callback], None]:
    return lambda callback: callback.load_state_dict(state)


def _showing(name: str, values: NDArray[Any], step: int) -> Callable[[Any], None]:
    return lambda callback: callback.log_array(name, values, step)
