"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a crash at any moment leaves the old file or the new one.

    The content goes to a temporary name in the same folder, is forced to disk, takes the place of `path`, and
    the folder is forced to disk too. What a crash leaves behind ends in ``.tmp``.

    Parameters
    ----------
    path : pathlib.Path
        Where the file shall be; its folder exists.
    content : bytes
        What it shall hold.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(pathlib.Path(folder) / "note", b"whole")
    ...     (pathlib.Path(folder) / "note").read_bytes()
    b'whole'
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    force_folder_to_disk(path.parent)


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
