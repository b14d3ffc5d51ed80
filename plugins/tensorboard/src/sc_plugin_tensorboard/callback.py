"""Training metrics, distributions and rasters as TensorBoard event files."""

from __future__ import annotations

import operator
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import ArrayLike

from sc_core.errors import CheckpointError, ConfigurationError, MissingDependency
from sc_core.metrics import checked_metrics

if TYPE_CHECKING:
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.summary_pb2 import Summary

    from sc_core.contracts import Run, State


_BINS = 30


@attrs.frozen
class TensorBoardOptions:
    """What a run's table ``[[callbacks]]`` may say.

    Parameters
    ----------
    log_dir : str, default "runs"
        The folder of the event files; a relative path is meant within the run's folder.
    """

    log_dir: str = attrs.field(default="runs", validator=attrs.validators.min_len(1))


class TensorBoardCallback:
    """Writes TensorBoard event files: metrics as scalars, arrays as histograms and images, figures as images.

    What is logged is on disk after each checkpoint (`state_dict`) and at the end. A resumed run marks the steps after
    its checkpoint as superseded, so that TensorBoard shows each step once.

    Parameters
    ----------
    log_dir : str or os.PathLike, default "runs"
        The folder of the event files; a relative path is meant within the run's folder, or, without a run, the
        working directory. It comes into being with the first thing that is logged.

    Raises
    ------
    MissingDependency
        If the package ``tensorboardX`` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> callback = TensorBoardCallback(folder.name)
    >>> callback.log({"loss": 2.25}, step=1)
    >>> callback.close()
    >>> len(list(Path(folder.name).glob("events.out.tfevents.*")))
    1
    >>> folder.cleanup()
    """

    Options = TensorBoardOptions

    def __init__(self, log_dir: str | os.PathLike[str] = "runs") -> None:
        if not os.fspath(log_dir):
            raise ConfigurationError("log_dir", "must name a folder, got an empty string")
        _require_tensorboardx()
        self.log_dir = Path(log_dir)
        self._writer: EventsWriter | None = None
        self._last_step = -1
        self._superseded_from: int | None = None

    def start(self, run: Run) -> None:
        """Begin a run: from now on a relative path is meant within its folder."""
        self.close()
        self.log_dir = Path(run.folder) / self.log_dir

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Write each metric as a scalar.

        Parameters
        ----------
        metrics : mapping of str to float
            Numbers by name.
        step : int
            The number of the update.

        Raises
        ------
        ConfigurationError
            If a metric is no number; nothing is written then.
        """
        from tensorboardX.summary import scalar

        for name, value in checked_metrics(metrics).items():
            self._write(name, scalar(name, value), step)

    def log_array(self, name: str, values: ArrayLike, step: int) -> None:
        """Write an array.

        Parameters
        ----------
        name : str
        values : array_like
            One-dimensional: written as a histogram. Two-dimensional, (n_steps, n): written as an image, time from
            left to right, the first neuron at the top, the largest value white, 0 and below black.
        step : int
            The number of the update.

        Raises
        ------
        ConfigurationError
            If `values` has another number of dimensions, or is empty.
        """
        from tensorboardX.summary import histogram, image

        array = np.asarray(values, dtype=np.float64)
        if array.ndim not in (1, 2) or array.size == 0:
            raise ConfigurationError(
                name, f"must have one or two dimensions and values, got shape {array.shape}"
            )
        if array.ndim == 1:
            self._write(name, histogram(name, array, _BINS), step)
        else:
            brightness = np.clip(array.T / max(array.max(), np.finfo(float).tiny), 0.0, 1.0)
            pixels = np.round(255 * brightness).astype(np.uint8)
            self._write(name, image(name, pixels, dataformats="HW"), step)

    def log_figure(self, name: str, figure: Any, step: int) -> None:
        """Write a matplotlib figure as an image; it stays open."""
        from tensorboardX.summary import image
        from tensorboardX.utils import figure_to_image

        self._write(name, image(name, figure_to_image(figure, close=False)), step)

    def close(self) -> None:
        """Bring what was logged safely to disk and release the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def state_dict(self) -> State:
        """Return the last step logged; what was logged is on disk from now on."""
        if self._writer is not None:
            self._writer.flush()
        return {"last_step": self._last_step}

    def load_state_dict(self, state: State) -> None:
        """Go on after the step that `state` names: TensorBoard forgets what came later.

        Raises
        ------
        CheckpointError
            If `state` is no state of this callback.
        """
        try:
            self._last_step = operator.index(state["last_step"])
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"this is no state of a TensorBoard callback: {error!r}") from error
        self._superseded_from = self._last_step + 1

    def _write(self, name: str, summary: Summary, step: int) -> None:
        from tensorboardX.proto.event_pb2 import Event

        summary.value[
            0
        ].tag = name  # tensorboardX leaves out characters that TensorBoard takes, the > of -> too
        self._last_step = operator.index(step)
        if self._writer is None:
            self._writer = self._open()
        self._writer.write_event(Event(step=self._last_step, wall_time=time.time(), summary=summary))

    def _open(self) -> EventsWriter:
        # EventsWriter, not SummaryWriter: that one's queue can lose what was logged before a checkpoint.
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        self.log_dir.mkdir(parents=True, exist_ok=True)
        # The name holds the time in seconds; the number tells files of one second apart.
        number = sum(1 for _ in self.log_dir.glob("events.out.tfevents.*"))
        writer: EventsWriter = EventsWriter(str(self.log_dir / "events"), f".{number}")
        if self._superseded_from is not None:
            session = SessionLog(status=SessionLog.START)
            writer.write_event(Event(step=self._superseded_from, wall_time=time.time(), session_log=session))
            self._superseded_from = None
        return writer


def _require_tensorboardx() -> None:
    try:
        import tensorboardX  # noqa: F401 -- what uses it imports it; here it only has to be there
    except ModuleNotFoundError as absent:
        raise MissingDependency(
            f"the callback 'tensorboard' needs the package {absent.name!r}, which is not installed; "
            "try: pip install tensorboardX"
        ) from absent
