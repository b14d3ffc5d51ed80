"""The folder of a run: made whole or not at all, and held by one process at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sc_core.atomic_file import force_folder_to_disk
from sc_core.errors import ConfigurationError, SCError

CONFIG_NAME = "config.toml"
_LOCK_NAME = ".lock"


class RunInUse(SCError):
    """Another process is working on this run."""


def make_run_folder(output: Path | None, stem: str, config_text: str) -> Path:
    """Make the folder of a new run with its ``config.toml``.

    The folder appears under its name complete, so whatever a crash leaves under that name can be resumed.

    Parameters
    ----------
    output : pathlib.Path or None
        The folder; it must not exist, or be empty. None takes the next free ``runs/<stem>-<number>``.
    stem : str
        What the run is called where `output` is None.
    config_text : str
        The resolved configuration.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ConfigurationError
        If `output` exists and is not an empty folder.
    """
    if output is not None:
        if not _make_complete(output, config_text):
            raise ConfigurationError(
                "output",
                f"{output} exists already; give another folder, or continue with: scn resume {output}",
            )
        return output
    number = 1
    while (Path("runs") / f"{stem}-{number}").exists() or not _make_complete(
        Path("runs") / f"{stem}-{number}", config_text
    ):
        number += 1
    return Path("runs") / f"{stem}-{number}"


def _make_complete(folder: Path, config_text: str) -> bool:
    """Make `folder` with its configuration; return False if something is there already."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".tmp", dir=folder.parent))
    except OSError as error:
        raise ConfigurationError("output", f"cannot make {folder} ({error.strerror})") from error
    try:
        unfinished.chmod(0o777 & ~_umask())
        with (unfinished / CONFIG_NAME).open("w", encoding="utf-8") as file:
            file.write(config_text)
            file.flush()
            os.fsync(file.fileno())
        # Replaces an empty folder, and fails where another process has made a run here in the meantime.
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if folder.exists():
            return False
        raise
    force_folder_to_disk(folder.parent)
    return True


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextmanager
def hold_run(folder: Path) -> Iterator[None]:
    """Hold the run in `folder` for this process; the system lets go when the process ends, however it ends.

    Parameters
    ----------
    folder : pathlib.Path

    Raises
    ------
    RunInUse
        If another process holds it.
    """
    with (folder / _LOCK_NAME).open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise RunInUse(
                f"{folder}: another process is working on this run; wait for it or stop it"
            ) from None
        yield


if os.name == "nt":

    def _lock(descriptor: int) -> None:
        import msvcrt

        with suppress(AttributeError):  # mypy checks this branch on other systems, where the names are absent
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:

    def _lock(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
