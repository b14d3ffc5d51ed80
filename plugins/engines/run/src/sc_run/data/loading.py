"""From the name of a data set to the data set."""

from __future__ import annotations

import difflib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sc_core.errors import ConfigurationError
from sc_run.data.digits import load_digits
from sc_run.data.fashion_mnist import load_fashion_mnist
from sc_run.data.mnist1d import load_mnist1d
from sc_run.data.npz import load_npz
from sc_run.data.user_code import load_from_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from sc_run.data.dataset import Dataset

LOADERS: dict[str, Callable[..., Dataset]] = {
    "digits": load_digits,
    "fashion-mnist": load_fashion_mnist,
    "mnist1d": load_mnist1d,
}
"""The built-in data sets: name to function, whose keyword arguments are the data set's options."""


def load(name: str, *, base_folder: str | Path = ".", **options: Any) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name : str
        ``"digits"``, ``"mnist1d"``, ``"fashion-mnist"``; a path that ends in ``.npz``; or
        ``"module:attribute"``.
    base_folder : path
        What relative paths are relative to, and where modules are looked for: the folder of a run's TOML.
    **options
        The data set's own, for example `folder` of fashion-mnist.

    Returns
    -------
    Dataset

    Raises
    ------
    ConfigurationError
        If there is no such data set or option, or it cannot be loaded. The path is the key in a run's TOML,
        ``data.name`` for example.
    ShapeError
        If arrays do not match.
    MissingDependency
        If the data set needs a package that is not installed.

    Examples
    --------
    >>> from sc_run.data import load
    >>> digits = load("digits")
    >>> digits.inputs.shape, digits.n_classes
    ((1797, 64), 10)
    """
    folder = Path(base_folder)
    if name.endswith(".npz"):
        _check_options(name, options, allowed=[])
        return load_npz(folder / name)
    if ":" in name:
        return load_from_code(name, folder, options)
    if name not in LOADERS:
        nearest = difflib.get_close_matches(name, LOADERS, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        raise ConfigurationError(
            "data.name",
            f"there is no data set {name!r}.{hint} Known: {', '.join(sorted(LOADERS))}; "
            'or give a path ending in .npz, or "module:attribute"',
        )
    loader = LOADERS[name]
    _check_options(name, options, allowed=list(inspect.signature(loader).parameters))
    if "folder" in options:
        if not isinstance(options["folder"], str | Path):
            raise ConfigurationError("data.folder", f"must be a path, got {options['folder']!r}")
        options["folder"] = folder / options["folder"]
    return loader(**options)


def _check_options(name: str, options: dict[str, Any], allowed: list[str]) -> None:
    for option in options:
        if option not in allowed:
            nearest = difflib.get_close_matches(option, allowed, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            known = ", ".join(allowed) or "none"
            raise ConfigurationError(
                f"data.{option}", f"{name!r} has no such option.{hint} Its options: {known}"
            )
