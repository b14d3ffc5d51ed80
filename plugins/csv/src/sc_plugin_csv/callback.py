"""Training metrics as a CSV file."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.metrics import checked_metrics
from sc_plugin_csv.table_file import TableFile

if TYPE_CHECKING:
    from sc_core.contracts import Run, State


@attrs.frozen
class CSVOptions:
    """What a run's table ``[[callbacks]]`` may say.

    Parameters
    ----------
    path : str, default "metrics.csv"
        The file; a relative path is meant within the run's folder.
    """

    path: str = attrs.field(default="metrics.csv", validator=attrs.validators.min_len(1))


class CSVCallback:
    """Writes one row per call of `log`: the column ``step``, then the metrics in order of first appearance.

    A row is handed to the operating system once logged, and survives the end of the process; every hundredth row
    and `close` force the file to the disk, so that they survive the end of the machine. A metric that first
    appears later adds a column, empty in the rows before; a metric that is missing in a row leaves its cell
    empty. Numbers are written in full, so that reading them back gives the same bits. Without a row there is no
    file.

    Parameters
    ----------
    path : str or os.PathLike, default "metrics.csv"
        The file; a relative path is meant within the run's folder, or, without a run, the working directory.
        What stands there is replaced by the first row.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "metrics.csv"
    >>> callback = CSVCallback(path)
    >>> callback.log({"loss": 2.25}, step=1)
    >>> callback.log({"loss": 1.5, "accuracy": 0.5}, step=2)
    >>> callback.close()
    >>> print(path.read_text(), end="")
    step,loss,accuracy
    1,2.25,
    2,1.5,0.5
    >>> folder.cleanup()
    """

    Options = CSVOptions

    def __init__(self, path: str | os.PathLike[str] = "metrics.csv") -> None:
        if not os.fspath(path):
            raise ConfigurationError("path", "must name a file, got an empty string")
        self.path = Path(path)
        self._table = TableFile(self.path)

    def start(self, run: Run) -> None:
        """Begin a run: from now on a relative path is meant within its folder."""
        self._table.close()
        self._table = TableFile(Path(run.folder) / self.path)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Write a row.

        Parameters
        ----------
        metrics : mapping of str to float
            Numbers by name; ``"step"`` is not a name for a metric.
        step : int
            The number of the update.

        Raises
        ------
        ConfigurationError
            If a metric is called ``"step"`` or is no number; nothing is written then.
        """
        if "step" in metrics:
            raise ConfigurationError("metrics.step", "is the name of the first column; choose another")
        row = {"step": str(operator.index(step))}
        row.update((name, repr(value)) for name, value in checked_metrics(metrics).items())
        self._table.append(row)

    def close(self) -> None:
        """Bring the file safely to disk and release it."""
        self._table.close()

    def state_dict(self) -> State:
        """Return the columns and the number of rows, which are safely on disk from now on."""
        self._table.sync()
        return {"columns": list(self._table.columns), "n_rows": self._table.n_rows}

    def load_state_dict(self, state: State) -> None:
        """Cut the file back to what it was when `state_dict` returned `state`.

        Raises
        ------
        CheckpointError
            If the file lacks any of that, or `state` is no state of this callback.
        """
        try:
            columns, n_rows = [str(name) for name in state["columns"]], operator.index(state["n_rows"])
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"this is no state of a CSV callback: {error!r}") from error
        self._table.cut_back(columns, n_rows)
