"""From a table of options, as read from TOML, to an instance of an attrs class, and back.

Types are strict: nothing is converted but an integer where a number is asked for. Every error names the full
key.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from cattrs import Converter

from sc_core.options.converter import new_converter
from sc_core.options.problems import configuration_error

__all__ = ["new_converter", "structure", "unstructure"]

T = TypeVar("T")


def structure(cls: type[T], table: Any, path: str, converter: Converter | None = None) -> T:
    """Make an instance of an attrs class from a table.

    Parameters
    ----------
    cls : type
        An attrs class; its fields are the keys, their types and validators say what is allowed.
    table : mapping of str to object
        What the user wrote: bool, int, float, str, lists and tables of these.
    path : str
        The key at which the table stands, ``"learner"``; empty for a whole file.
    converter : cattrs.Converter, optional
        One that `new_converter` returned and that has learned further types.

    Returns
    -------
    object
        An instance of `cls`.

    Raises
    ------
    ConfigurationError
        If a key is unknown or missing, or a value of the wrong type or refused by its validator. Its ``path``
        is the full key.

    Examples
    --------
    >>> import attrs
    >>> @attrs.frozen
    ... class Options:
    ...     lr: float = attrs.field(default=1e-3, validator=attrs.validators.gt(0))
    >>> structure(Options, {"lr": 1}, "learner")
    Options(lr=1.0)
    >>> structure(Options, {"lr": -1.0}, "learner")
    Traceback (most recent call last):
        ...
    sc_core.errors.ConfigurationError: learner.lr: must be > 0, got -1.0
    >>> structure(Options, {"rl": 0.1}, "learner")
    Traceback (most recent call last):
        ...
    sc_core.errors.ConfigurationError: learner.rl: unknown key; allowed: lr; did you mean 'lr'?
    """
    try:
        return (converter or _plain_converter()).structure(table, cls)
    except Exception as error:
        raise configuration_error(error, path) from error


def unstructure(instance: Any, converter: Converter | None = None) -> dict[str, Any]:
    """Return the table that `structure` makes `instance` from; what is None is left out.

    Parameters
    ----------
    instance : object
        Of an attrs class.
    converter : cattrs.Converter, optional
        As for `structure`.

    Examples
    --------
    >>> import attrs
    >>> @attrs.frozen
    ... class Options:
    ...     tau: float | tuple[float, ...] = 20.0
    ...     seed: int | None = None
    >>> unstructure(Options(tau=(10.0, 20.0)))
    {'tau': [10.0, 20.0]}
    """
    table: dict[str, Any] = (converter or _plain_converter()).unstructure(instance)
    return table


@cache
def _plain_converter() -> Converter:
    return new_converter()
