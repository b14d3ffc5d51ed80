"""What every stateful plugin offers, so that a resumed run continues bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

State: TypeAlias = Mapping[str, Any]
"""Nested mappings with string keys; leaves are NumPy arrays, bool, int, float, str, None, or lists of them."""


@runtime_checkable
class Stateful(Protocol):
    """Something whose state can be saved and restored."""

    def state_dict(self) -> State:
        """Return all that the future depends on: arrays and plain values.

        The arrays may be views: whoever stores them copies.
        """
        ...

    def load_state_dict(self, state: State) -> None:
        """Take over a state that `state_dict` returned, in place."""
        ...
