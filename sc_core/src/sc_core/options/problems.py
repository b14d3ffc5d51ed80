"""From what cattrs, a hook or an attrs validator raised to one error that names the full key."""

from __future__ import annotations

import re
import reprlib
import traceback

import attrs
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from sc_core.errors import ConfigurationError
from sc_core.options.wording import choices, nearest


def configuration_error(error: BaseException, path: str) -> ConfigurationError:
    """Turn what cattrs or a hook raised for the value at `path` into the error for its first problem."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        # A misspelt key is often the reason for a missing one: it goes first.
        inner = sorted(error.exceptions, key=lambda one: not isinstance(one, ForbiddenExtraKeysError))[0]
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, IterableValidationNote):
                return configuration_error(inner, _join(path, note.index))
            if isinstance(note, AttributeValidationNote):
                if isinstance(inner, KeyError) and inner.args == (note.name,):
                    return ConfigurationError(_join(path, note.name), "is required and missing")
                return configuration_error(inner, _join(path, note.name))
        return configuration_error(inner, path)
    if isinstance(error, ForbiddenExtraKeysError):
        return _unknown_key(error, path)
    if isinstance(error, ConfigurationError):
        return ConfigurationError(_join(path, error.path), error.problem)
    return _refused_value(error, path)


def _join(path: str, part: str | int) -> str:
    if isinstance(part, int):
        return f"{path}[{part}]"
    return ".".join(piece for piece in (path, part) if piece)


def _unknown_key(error: ForbiddenExtraKeysError, path: str) -> ConfigurationError:
    key = min(error.extra_fields)
    allowed = [field.name for field in attrs.fields(error.cl) if field.init]
    problem = f"unknown key; allowed: {', '.join(allowed) or 'none'}{nearest(key, allowed)}"
    return ConfigurationError(_join(path, key), problem)


def _refused_value(error: BaseException, path: str) -> ConfigurationError:
    """Word what a hook, an attrs validator or a constructor said of the value at `path`."""
    field = _field_in_validation(error)
    text = str(error.args[0]) if error.args else type(error).__name__
    if field is None:
        return ConfigurationError(path, text)
    if len(error.args) == 4:  # attrs: message, attribute, what is asked for, value
        text = _asked_for(error, text)
    text = text.replace(f"Length of '{field}'", "its length")
    text = text.removeprefix(f"'{field}'").removeprefix(f"{field} ").strip()
    text = re.sub(r"(must be (?:>=|<=|>|<) [^:]+): (.+)$", r"\1, got \2", text)
    return ConfigurationError(_join(path, field), text)


def _asked_for(error: BaseException, text: str) -> str:
    _, _, asked, value = error.args
    if isinstance(asked, re.Pattern):
        return f"must match the pattern {asked.pattern!r}, got {reprlib.repr(value)}"
    if " must be in " in text:
        return choices(asked, value)
    return text


def _field_in_validation(error: BaseException) -> str | None:
    """Return the field whose validator raised `error`.

    attrs passes it to the validator and not on to the error: it stands in the frames that the error went
    through.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for value in frame.f_locals.values():
            if isinstance(value, attrs.Attribute):
                return str(value.name)
    return None
