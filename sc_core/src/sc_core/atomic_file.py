"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"
"""What the name of an unfinished file ends in; a crash may leave one behind."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file so that a crash at any moment leaves the old file or the new one.

    When the block ends, what it wrote is forced to disk, takes the place of `path`, and the folder is forced
    to disk too. When the block raises, `path` stays as it was and the unfinished file is removed.

    Parameters
    ----------
    path : pathlib.Path
        Where the file shall be; its folder exists. Two writers of one path at a time are not supported.

    Yields
    ------
    pathlib.Path
        The name to write to, in the same folder; it must be closed when the block ends.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     note = pathlib.Path(folder) / "note"
    ...     with replacing(note) as unfinished, unfinished.open("w") as file:
    ...         _ = file.write("line by line")
    ...     note.read_text()
    'line by line'
    """
    unfinished = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        yield unfinished
        with unfinished.open("r+b") as file:  # for writing, as Windows asks for
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    force_folder_to_disk(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a crash at any moment leaves the old file or the new one.

    Parameters
    ----------
    path : pathlib.Path
        Where the file shall be; its folder exists.
    content : bytes
        What it shall hold.

    Raises
    ------
    OSError
        If it cannot be written; `path` is then as it was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(pathlib.Path(folder) / "note", b"whole")
    ...     (pathlib.Path(folder) / "note").read_bytes()
    b'whole'
    """
    with replacing(path) as unfinished:
        unfinished.write_bytes(content)


def force_folder_to_disk(folder: Path) -> None:
    """Make the names in `folder` durable; does nothing where the system cannot open folders (Windows).

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
