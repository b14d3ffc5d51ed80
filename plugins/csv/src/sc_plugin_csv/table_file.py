"""A CSV file that grows by rows, and by columns when a new one turns up."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from sc_core.atomic_file import replacing
from sc_core.errors import CheckpointError

if TYPE_CHECKING:
    from _csv import Writer


ROWS_PER_SYNC = 100
"""How many rows the end of the machine, not of the process, may cost."""


class TableFile:
    """A CSV file with a header line; what is appended is on disk as far as the operating system is concerned.

    Parameters
    ----------
    path : pathlib.Path
        Where it stands. It comes into being with the first row, and replaces what stood there.

    Attributes
    ----------
    columns : list of str
        The columns, in order of first appearance.
    n_rows : int
        How many rows have been appended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] = []
        self.n_rows = 0
        self._file: TextIO | None = None

    def append(self, row: Mapping[str, str]) -> None:
        """Write a row; columns that it lacks stay empty, columns that it brings are added to the file."""
        new = [name for name in row if name not in self.columns]
        if self.n_rows == 0:
            self.columns = new
            self._begin()
        elif new:
            self.close()
            columns = [*self.columns, *new]
            _replace(self.path, columns, (line + [""] * len(new) for line in self._rows()))
            self.columns = columns
        if self._file is None:
            self._file = _open(self.path, "a")
        _writer(self._file).writerow([row.get(name, "") for name in self.columns])
        self._file.flush()  # survives the end of this process, however it ends
        self.n_rows += 1
        if self.n_rows % ROWS_PER_SYNC == 0:
            self.sync()

    def sync(self) -> None:
        """Make sure that all rows survive the end of the machine, too."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and release the file; another `append` opens it again."""
        self.sync()
        if self._file is not None:
            self._file.close()
            self._file = None

    def cut_back(self, columns: Sequence[str], n_rows: int) -> None:
        """Go back to a former state of the file: its first `n_rows` rows and its first columns.

        Raises
        ------
        CheckpointError
            If the file does not hold these rows.
        """
        self.close()
        if n_rows == 0:
            self.path.unlink(missing_ok=True)
        else:
            self._require(columns, n_rows)
            kept = itertools.islice(self._rows(), n_rows)
            _replace(self.path, columns, (line[: len(columns)] for line in kept))
        self.columns, self.n_rows = list(columns), n_rows

    def _begin(self) -> None:
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _replace(self.path, self.columns, ())

    def _rows(self) -> Iterator[list[str]]:
        with _open(self.path, "r") as file:
            yield from itertools.islice(csv.reader(_complete_lines(file)), 1, None)

    def _require(self, columns: Sequence[str], n_rows: int) -> None:
        if not self.path.is_file():
            raise CheckpointError(f"{self.path} is missing; at the checkpoint it had {n_rows} rows")
        with _open(self.path, "r") as file:
            header = next(csv.reader(_complete_lines(file)), [])
        if header[: len(columns)] != list(columns):
            found_columns, wanted_columns = ", ".join(header), ", ".join(columns)
            raise CheckpointError(
                f"{self.path} has the columns {found_columns}; at the checkpoint it had {wanted_columns}"
            )
        found = sum(1 for _ in itertools.islice(self._rows(), n_rows))
        if found < n_rows:
            raise CheckpointError(f"{self.path} has {found} rows; at the checkpoint it had {n_rows}")


def _complete_lines(file: TextIO) -> Iterator[str]:
    """Leave out a last line without its end: it was being written when the process or the machine stopped."""
    return (line for line in file if line.endswith("\n"))


def _open(path: Path, mode: Literal["r", "w", "a"]) -> TextIO:
    # A torn line may end within a character; it is cut off, or never looked at.
    return open(path, mode, encoding="utf-8", errors="surrogateescape", newline="")


def _writer(file: TextIO) -> Writer:
    return csv.writer(file, lineterminator="\n")


def _replace(path: Path, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    with replacing(path) as unfinished, _open(unfinished, "w") as file:
        _writer(file).writerow(columns)
        _writer(file).writerows(rows)
