"""What a person sees of a run: a progress bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Reporter:
    """Tells how the run goes.

    Parameters
    ----------
    verbose : bool
        False shows warnings only.
    """

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._loss = ""
        self._validation = ""

    def note(self, text: str) -> None:
        """Show a line."""
        if not self._verbose:
            return
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Show a line that must be seen, on standard error."""
        if self._bar is None:
            print(f"Warning: {text}", file=sys.stderr, flush=True)
        else:
            self.note(f"Warning: {text}")

    def begin(self, step: int, total_steps: int) -> None:
        """Begin to show progress, at `step` of `total_steps`."""
        if not (self._verbose and sys.stdout.isatty()):
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[metrics]}"),
            console=Console(),
        )
        self._task = self._bar.add_task("", total=total_steps, completed=step, metrics="")
        self._bar.start()

    def step(self, epoch: int, epochs: int, step: int, metrics: Mapping[str, float]) -> None:
        """Show that update number `step` is done, in epoch number `epoch` (from 1) of `epochs`."""
        if self._bar is None or self._task is None:
            return
        if "loss" in metrics:
            self._loss = f"loss {metrics['loss']:.4f}"
        shown = " · ".join(text for text in (self._loss, self._validation) if text)
        self._bar.update(self._task, completed=step, metrics=shown, description=f"epoch {epoch}/{epochs}")

    def epoch(self, epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        """Show what epoch number `epoch` (from 1) of `epochs` has come to."""
        self._validation = format_metrics(
            {name: value for name, value in metrics.items() if name.startswith("validation_")}
        )
        if self._bar is None:
            self.note(f"epoch {epoch}/{epochs}: {format_metrics(metrics)}")

    def end(self) -> None:
        """Stop showing progress."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def format_metrics(metrics: Mapping[str, float]) -> str:
    """Return metrics on one line, accuracies in per cent.

    Parameters
    ----------
    metrics : mapping of str to float

    Returns
    -------
    str

    Examples
    --------
    >>> format_metrics({"validation_loss": 0.25, "validation_accuracy": 0.975})
    'validation loss 0.25, validation accuracy 97.50 %'
    """
    return ", ".join(
        f"{name.replace('_', ' ')} {100 * value:.2f} %"
        if name.endswith("accuracy")
        else f"{name.replace('_', ' ')} {value:.4g}"
        for name, value in metrics.items()
    )
