"""A new folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sc_core.errors import ConfigurationError


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill, which gets its name when the block ends without an error.

    Parameters
    ----------
    folder : pathlib.Path
        It must not exist yet; folders above it are made.

    Raises
    ------
    ConfigurationError
        If the folder exists.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "design"
    >>> with new_folder(place) as unfinished:
    ...     _ = (unfinished / "README.md").write_text("about it")
    ...     place.exists()
    False
    >>> [path.name for path in place.iterdir()]
    ['README.md']
    """
    if folder.exists():
        raise ConfigurationError("output", f"{folder} exists; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
