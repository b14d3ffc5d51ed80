"""A data set from the user's own ``.npz`` file."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np

from sc_core.errors import ConfigurationError
from sc_run.data.dataset import Dataset, dataset_from_arrays

if TYPE_CHECKING:
    from pathlib import Path

_REQUIRED = {"inputs", "targets"}
_ALLOWED = _REQUIRED | {"test_inputs", "test_targets"}


def load_npz(path: Path) -> Dataset:
    """Load the arrays ``inputs`` and ``targets``, and ``test_inputs`` and ``test_targets`` where there are.

    Their form is that of `dataset_from_arrays`.

    Parameters
    ----------
    path : pathlib.Path
        As ``numpy.savez`` or ``savez_compressed`` wrote it.

    Raises
    ------
    ConfigurationError
        If the file is absent, damaged or holds other arrays, or an array is not allowed.
    ShapeError
        If shapes are wrong or do not match.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as absent:
        raise ConfigurationError("data.name", f"there is no file {str(path)!r}") from absent
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, TypeError) as damage:
        raise ConfigurationError("data.name", f"{path} cannot be read as .npz: {damage}") from damage
    if not _REQUIRED <= arrays.keys() <= _ALLOWED:
        raise ConfigurationError(
            "data.name",
            f"{path} holds the arrays {_listed(set(arrays))}; it needs {_listed(_REQUIRED)} "
            f"and may have {_listed(_ALLOWED - _REQUIRED)}",
        )
    return dataset_from_arrays(str(path), **arrays)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
