"""A data set from the user's own code, named ``"module:attribute"``."""

from __future__ import annotations

import difflib
import importlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sc_core.errors import ConfigurationError, SCError
from sc_run.data.dataset import Dataset, dataset_from_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType


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
    module_name, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), attribute]):
        raise ConfigurationError("data.name", f'{name!r} is not of the form "module:attribute"')
    with _searched(folder):
        found = _attribute(_import(module_name, folder), attribute)
        if callable(found) and not isinstance(found, Dataset):
            found = _call(name, found, options)
        elif options:
            raise ConfigurationError(
                f"data.{next(iter(options))}", f"{name!r} is not callable and takes no options"
            )
    if isinstance(found, Dataset):
        return found
    if isinstance(found, tuple) and len(found) in (2, 4):
        return dataset_from_arrays(name, *found)
    raise ConfigurationError(
        "data.name",
        f"{name!r} must be or return a Dataset, (inputs, targets) or "
        f"(inputs, targets, test_inputs, test_targets), not {type(found).__name__}",
    )


@contextmanager
def _searched(folder: Path) -> Iterator[None]:
    """Let imports find modules in `folder`, last of all, so that it hides nothing that is installed."""
    entry = str(folder.resolve())
    added = entry not in sys.path
    if added:
        sys.path.append(entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if added:
            sys.path.remove(entry)


def _import(module_name: str, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as absent:
        if absent.name is not None and f"{module_name}.".startswith(f"{absent.name}."):
            raise ConfigurationError(
                "data.name", f"there is no module {absent.name!r}, neither installed nor in {str(folder)!r}"
            ) from absent
        raise ConfigurationError(
            "data.name", f"{module_name} needs a module that is absent: {absent}"
        ) from absent
    except Exception as failure:
        raise ConfigurationError(
            "data.name", f"importing {module_name} raised {type(failure).__name__}: {failure}"
        ) from failure


def _attribute(module: ModuleType, attribute: str) -> Any:
    if not hasattr(module, attribute):
        nearest = difflib.get_close_matches(attribute, dir(module), n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ConfigurationError("data.name", f"the module {module.__name__} has no {attribute!r}{hint}")
    return getattr(module, attribute)


def _call(name: str, make: Any, options: Mapping[str, Any]) -> Any:
    try:
        return make(**options)
    except SCError:
        raise
    except Exception as failure:
        raise ConfigurationError(
            "data.name", f"{name} raised {type(failure).__name__}: {failure}"
        ) from failure
