"""An opened run: what a command of another distribution sees of a run's folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

from sc_core.contracts.experience import Batch


class OpenedRun(Protocol):
    """A run's best network and its data, to look at.

    A command that comes by the entry point group ``sc.cli`` opens one by ``context.obj(folder)``, where `context`
    is its `click.Context`.
    """

    @property
    def folder(self) -> Path:
        """The run's folder."""
        ...

    @property
    def network(self) -> Any:
        """The `Network`, with the weights that did best on the validation part."""
        ...

    def batches(self, part: Literal["train", "validation", "test"]) -> Iterable[Batch]:
        """Return a part's samples, encoded as the run's evaluations encode them."""
        ...
