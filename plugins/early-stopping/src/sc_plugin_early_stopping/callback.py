"""Early stopping: the run ends when a metric no longer improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import attrs
from attrs.validators import ge, in_, min_len

from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.metrics import checked_metrics
from sc_core.options import structure

if TYPE_CHECKING:
    from sc_core.contracts import Run, State


@attrs.frozen
class EarlyStoppingOptions:
    """What a run's table ``[[callbacks]]`` may say, and what the constructor takes.

    Parameters
    ----------
    metric : str, default "validation_loss"
        The metric to watch.
    mode : {"min", "max"}, default "min"
        Whether it shall fall or rise.
    patience : int, default 10
        After how many values in a row without improvement the run ends, at least 1.
    min_delta : float, default 0
        By how much more than this a value must be better than the best one to count as an improvement.
    """

    metric: str = attrs.field(default="validation_loss", validator=min_len(1))
    mode: Literal["min", "max"] = attrs.field(default="min", validator=in_(("min", "max")))
    patience: int = attrs.field(default=10, validator=ge(1))
    min_delta: float = attrs.field(default=0.0, validator=ge(0))


class EarlyStoppingCallback:
    """Asks the run to stop when a metric has not improved for `patience` of its values.

    Only calls of `log` that carry the metric count. NaN is no improvement. The equation: ``specs/early-stopping.md``.

    Parameters
    ----------
    metric : str, default "validation_loss"
        The metric to watch; what a run logs stands in docs/runs.md.
    mode : {"min", "max"}, default "min"
        Whether it shall fall or rise.
    patience : int, default 10
        After how many values in a row without improvement the run ends, at least 1.
    min_delta : float, default 0
        By how much more than this a value must be better than the best one to count as an improvement.

    Attributes
    ----------
    best : float or None
        The best value so far; None before the first that is a number.
    stopped : bool
        Whether it has asked the run to stop; a loop of your own looks here.

    Raises
    ------
    ConfigurationError
        If an argument is impossible; the message names it.

    References
    ----------
    L. Prechelt: Early stopping - but when? In: Neural Networks: Tricks of the Trade, Springer 1998 (its third
    class of criteria, UP).

    Examples
    --------
    >>> early_stopping = EarlyStoppingCallback(metric="accuracy", mode="max", patience=2)
    >>> for step, accuracy in enumerate([0.5, 0.7, 0.6, 0.7], start=1):
    ...     early_stopping.log({"accuracy": accuracy}, step)
    >>> early_stopping.best, early_stopping.stopped
    (0.7, True)
    """

    Options = EarlyStoppingOptions

    def __init__(
        self,
        metric: str = "validation_loss",
        mode: Literal["min", "max"] = "min",
        patience: int = 10,
        min_delta: float = 0.0,
    ) -> None:
        given = {"metric": metric, "mode": mode, "patience": patience, "min_delta": min_delta}
        self.options = structure(EarlyStoppingOptions, given, "")
        self.best: float | None = None
        self.stopped = False
        self._waited = 0
        self._run: Run | None = None
        self._others: set[str] = set()

    def start(self, run: Run) -> None:
        """Begin to watch a run."""
        self._run = run

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Compare the metric with its best value; ask the run to stop when patience has run out.

        Raises
        ------
        ConfigurationError
            If a metric is no number.
        """
        values = checked_metrics(metrics)
        if self.options.metric not in values:
            self._others.update(values)
            return
        self._look_at(values[self.options.metric])
        if self._waited >= self.options.patience and not self.stopped:
            self.stopped = True
            if self._run is not None:
                self._run.request_stop()

    def _look_at(self, value: float) -> None:
        if math.isnan(value):
            self._waited += 1
        elif self.best is None or self._gain(value, self.best) > self.options.min_delta:
            self.best, self._waited = value, 0
        else:
            self._waited += 1

    def _gain(self, value: float, best: float) -> float:
        return best - value if self.options.mode == "min" else value - best

    def close(self) -> None:
        """End.

        Raises
        ------
        ConfigurationError
            If metrics were logged, but never the one to watch: its name is misspelt, or the run does not have it.
        """
        # A run that ended within its first epoch may just not have come to the metric.
        looked = self._run is None or "epoch" in self._others
        if looked and self._others and self.best is None and self._waited == 0:
            raise ConfigurationError(
                "metric",
                f"{self.options.metric!r} was never logged; what was: {', '.join(sorted(self._others))}",
            )

    def state_dict(self) -> State:
        """Return the best value, how many values came since, and whether the stop was asked for."""
        return {"best": self.best, "waited": self._waited, "stopped": self.stopped}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If `state` is not that.
        """
        try:
            best, waited, stopped = state["best"], int(state["waited"]), bool(state["stopped"])
            self.best = None if best is None else float(best)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"this is no state of an early-stopping callback: {error!r}") from error
        self._waited, self.stopped = waited, stopped
