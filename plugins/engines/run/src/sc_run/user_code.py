"""What the user's own code makes, named ``"module:attribute"``."""

from __future__ import annotations

import difflib
import importlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sc_core.errors import ConfigurationError, SCError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType


def load_user_code(section: str, name: str, folder: Path, options: Mapping[str, Any], finished: type) -> Any:
    """Import a module and return its attribute, or what that returns.

    Parameters
    ----------
    section : str
        Of the configuration, for messages: ``"data"``.
    name : str
        ``"module:attribute"``.
    folder : pathlib.Path
        Where the module is looked for after the places where Python always looks.
    options : mapping
        Keyword arguments for the attribute, if it is called.
    finished : type
        An instance of this type is not called, though it may be callable.

    Raises
    ------
    ConfigurationError
        If the module cannot be imported, has no such attribute, or the attribute does not take the options.
    """
    path = f"{section}.name"
    module_name, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), attribute]):
        raise ConfigurationError(path, f'{name!r} is not of the form "module:attribute"')
    with _searched(folder):
        found = _attribute(path, _import(path, module_name, folder), attribute)
        # A class has the attributes that its instances are known by.
        if callable(found) and (isinstance(found, type) or not isinstance(found, finished)):
            return _call(path, name, found, options)
    if options:
        raise ConfigurationError(
            f"{section}.{next(iter(options))}", f"{name!r} is not callable and takes no options"
        )
    return found


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


def _import(path: str, module_name: str, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as absent:
        if absent.name is not None and f"{module_name}.".startswith(f"{absent.name}."):
            raise ConfigurationError(
                path, f"there is no module {absent.name!r}, neither installed nor in {str(folder)!r}"
            ) from absent
        raise ConfigurationError(path, f"{module_name} needs a module that is absent: {absent}") from absent
    except Exception as failure:
        raise ConfigurationError(
            path, f"importing {module_name} raised {type(failure).__name__}: {failure}"
        ) from failure


def _attribute(path: str, module: ModuleType, attribute: str) -> Any:
    if not hasattr(module, attribute):
        nearest = difflib.get_close_matches(attribute, dir(module), n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ConfigurationError(path, f"the module {module.__name__} has no {attribute!r}{hint}")
    return getattr(module, attribute)


def _call(path: str, name: str, make: Any, options: Mapping[str, Any]) -> Any:
    try:
        return make(**options)
    except SCError:
        raise
    except Exception as failure:
        raise ConfigurationError(path, f"{name} raised {type(failure).__name__}: {failure}") from failure
