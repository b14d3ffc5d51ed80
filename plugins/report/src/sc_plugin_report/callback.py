"""Collects what a run shows, and writes the report at its end."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.atomic_file import write_atomically
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.metrics import checked_metrics

if TYPE_CHECKING:
    from sc_core.contracts import Run, State

_BINS = 60


@attrs.frozen
class ReportOptions:
    """What a run's table ``[[callbacks]]`` may say.

    Parameters
    ----------
    path : str, default "report.html"
        The file; a relative path is meant within the run's folder.
    """

    path: str = attrs.field(default="report.html", validator=attrs.validators.min_len(1))


class ReportCallback:
    """Writes one HTML file when the run ends: curves of the metrics, rasters, rates, weights, the configuration.

    The file holds its pictures itself. A run that fails or is interrupted has a report up to there; when it is
    resumed to its end, the report is that of the whole run.

    Parameters
    ----------
    path : str or os.PathLike, default "report.html"
        The file; a relative path is meant within the run's folder, or, without a run, the working directory.
        Without anything logged there is no file.

    Attributes
    ----------
    curves : dict of str to list of (int, float)
        Steps and values of every metric.
    distributions : dict of str to (counts, edges)
        Histograms of what `log_array` was given last: ``weights/...`` and ``rates/...``.
    beginnings : dict of str to (counts, edges)
        The same of what it was given first.
    rasters : dict of str to ndarray, shape (n_steps, n), uint8
        Where there were spikes, of what `log_array` was given last.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "report.html"
    >>> callback = ReportCallback(path)
    >>> callback.log({"loss": 2.25}, step=1)
    >>> callback.log({"loss": 1.5}, step=2)
    >>> callback.close()
    >>> path.read_text().startswith("<!DOCTYPE html>")
    True
    >>> folder.cleanup()
    """

    Options = ReportOptions

    def __init__(self, path: str | os.PathLike[str] = "report.html") -> None:
        if not os.fspath(path):
            raise ConfigurationError("path", "must name a file, got an empty string")
        self.path = Path(path)
        self._folder: Path | None = None
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.distributions: dict[str, Histogram] = {}
        self.beginnings: dict[str, Histogram] = {}
        self.rasters: dict[str, NDArray[np.uint8]] = {}

    def start(self, run: Run) -> None:
        """Begin a run: a relative path is meant within its folder, whose configuration the report shows."""
        self._folder = Path(run.folder)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take note of metrics.

        Raises
        ------
        ConfigurationError
            If a metric is no number.
        """
        for name, value in checked_metrics(metrics).items():
            self.curves.setdefault(name, []).append((operator.index(step), value))

    def log_array(self, name: str, values: ArrayLike, step: int) -> None:
        """Take note of an array: one-dimensional, its distribution; two-dimensional, (n_steps, n), a raster.

        Raises
        ------
        ConfigurationError
            If `values` has another number of dimensions, or is empty.
        """
        array = np.asarray(values)
        if array.ndim not in (1, 2) or array.size == 0:
            raise ConfigurationError(
                name, f"must have one or two dimensions and values, got shape {array.shape}"
            )
        if array.ndim == 2:
            self.rasters[name] = (array > 0).astype(np.uint8)
        else:
            self.distributions[name] = np.histogram(array, _BINS)
            self.beginnings.setdefault(name, self.distributions[name])

    def close(self) -> None:
        """Write the report, if anything was logged."""
        if not self.curves:
            return
        # Drawing takes a second to import, which a run that never comes here shall not wait for.
        from sc_plugin_report.figures import draw_figures
        from sc_plugin_report.page import render

        path = self.path if self._folder is None else self._folder / self.path
        configuration = None if self._folder is None else self._folder / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (
            configuration.read_text(encoding="utf-8") if configuration and configuration.is_file() else None
        )
        page = render(
            title=path.resolve().parent.name,
            last_values={name: points[-1] for name, points in self.curves.items()},
            figures=draw_figures(self.curves, self.distributions, self.beginnings, self.rasters),
            configuration=text,
        )
        write_atomically(path, page.encode())

    def state_dict(self) -> State:
        """Return all that was noted."""
        return {
            "curves": {
                name: {
                    "steps": np.array([step for step, _ in points]),
                    "values": np.array([v for _, v in points]),
                }
                for name, points in self.curves.items()
            },
            "distributions": _stored(self.distributions),
            "beginnings": _stored(self.beginnings),
            "rasters": dict(self.rasters),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If `state` is no state of this callback.
        """
        try:
            curves = {
                name: list(zip(curve["steps"].tolist(), curve["values"].tolist(), strict=True))
                for name, curve in state["curves"].items()
            }
            distributions, beginnings = (
                {name: (kept["counts"], kept["edges"]) for name, kept in state[key].items()}
                for key in ("distributions", "beginnings")
            )
            rasters = dict(state["rasters"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"this is no state of a report callback: {error!r}") from error
        self.curves, self.distributions, self.beginnings, self.rasters = (
            curves,
            distributions,
            beginnings,
            rasters,
        )


Histogram = tuple[NDArray[Any], NDArray[Any]]


def _stored(histograms: Mapping[str, Histogram]) -> dict[str, dict[str, NDArray[Any]]]:
    return {name: {"counts": counts, "edges": edges} for name, (counts, edges) in histograms.items()}
