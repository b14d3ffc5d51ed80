"""A data set from the user's own code, named ``"module:attribute"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sc_core.errors import ConfigurationError
from sc_run.data.dataset import Dataset, dataset_from_arrays
from sc_run.user_code import load_user_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load_from_code(name: str, folder: Path, options: Mapping[str, Any]) -> Dataset:
    """Import a module and take its attribute as a data set.

    Parameters
    ----------
    name : str
        ``"module:attribute"``. The attribute is a `Dataset`, a tuple (inputs, targets) or (inputs, targets,
        test_inputs, test_targets), or a callable that returns one of these.
    folder : pathlib.Path
        Where the module is looked for after the places where Python always looks.
    options : mapping
        Keyword arguments for the callable.

    Raises
    ------
    ConfigurationError
        If the module cannot be imported, has no such attribute, or the attribute is of another kind.
    """
    found = load_user_code("data", name, folder, options, Dataset)
    if isinstance(found, Dataset):
        return found
    if isinstance(found, tuple) and len(found) in (2, 4):
        return dataset_from_arrays(name, *found)
    raise ConfigurationError(
        "data.name",
        f"{name!r} must be or return a Dataset, (inputs, targets) or "
        f"(inputs, targets, test_inputs, test_targets), not {type(found).__name__}",
    )
