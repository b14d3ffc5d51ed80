"""The pictures of the report, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

Curves = Mapping[str, Sequence[tuple[int, float]]]
Histograms = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]

_GROUPS = (("Loss", "loss"), ("Accuracy", "accuracy"), ("Learning rate", "lr"))


@attrs.frozen
class Picture:
    """A picture of the report.

    Parameters
    ----------
    title : str
    png : bytes
    """

    title: str
    png: bytes


def draw_figures(
    curves: Curves, last: Histograms, first: Histograms, rasters: Mapping[str, NDArray[np.uint8]]
) -> list[Picture]:
    """Draw whatever there is: curves by kind of metric, rasters, rates, weights.

    Parameters
    ----------
    curves : mapping of str to sequence of (int, float)
        Steps and values by metric.
    last, first : mapping of str to (counts, edges)
        Histograms at the end and at the beginning.
    rasters : mapping of str to ndarray, shape (n_steps, n)

    Returns
    -------
    list of Picture
    """
    pictures = [_drawn(title, partial(_curves, curves=group)) for title, group in _grouped(curves)]
    pictures += [_drawn(name, partial(_raster, spikes=spikes)) for name, spikes in rasters.items()]
    pictures += [
        _drawn(name, partial(_histograms, name=name, first=first[name], last=last[name])) for name in last
    ]
    return pictures


def _grouped(curves: Curves) -> Iterator[tuple[str, Curves]]:
    """Yield loss, accuracy, learning rate, then every other metric; those with one value stand in the table."""
    rest = {name: points for name, points in curves.items() if len(points) > 1 and name != "epoch"}
    for title, ending in _GROUPS:
        group = {name: rest.pop(name) for name in list(rest) if name == ending or name.endswith("_" + ending)}
        if group:
            yield title, group
    for name, points in rest.items():
        yield name, {name: points}


def _drawn(title: str, draw: Callable[[Axes], None]) -> Picture:
    figure = Figure(figsize=(6.4, 3.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots())
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})  # the same bytes for the same run
    return Picture(title, content.getvalue())


def _curves(axes: Axes, curves: Curves) -> None:
    for name, points in curves.items():
        steps, values = zip(*points, strict=True)
        dense = len(points) > 100
        axes.plot(steps, values, label=name, lw=0.7 if dense else 1.5, marker=None if dense else ".")
    axes.set_xlabel("update")
    axes.legend()


def _raster(axes: Axes, spikes: NDArray[np.uint8]) -> None:
    steps, neurons = np.nonzero(spikes)
    axes.plot(steps, neurons, "k|", ms=3)
    axes.set(
        xlim=(-0.5, len(spikes) - 0.5), ylim=(-0.5, spikes.shape[1] - 0.5), xlabel="step", ylabel="neuron"
    )


def _histograms(
    axes: Axes, name: str, first: tuple[NDArray[Any], NDArray[Any]], last: tuple[NDArray[Any], NDArray[Any]]
) -> None:
    axes.stairs(*first, label="first epoch", color="0.6")
    axes.stairs(*last, label="last epoch")
    axes.set_xlabel("rate (Hz)" if name.startswith("rates/") else "value")
    axes.set_ylabel("number")
    axes.legend()
