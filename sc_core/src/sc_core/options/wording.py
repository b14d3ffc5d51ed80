"""How values and keys that are not allowed are put into words."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable
from typing import Any


def is_one_of(value: Any, allowed: Iterable[Any]) -> bool:
    """Tell whether `value` is one of `allowed`, in type too: True is not 1."""
    return any(type(value) is type(choice) and value == choice for choice in allowed)


def choices(allowed: Iterable[object], value: object) -> str:
    """Say that `value` is none of `allowed`."""
    listed = list(allowed)
    message = f"must be one of {', '.join(repr(choice) for choice in listed)}, got {reprlib.repr(value)}"
    return f"{message}{nearest(value, listed)}"


def nearest(value: object, allowed: Iterable[object]) -> str:
    """Return ``"; did you mean ...?"`` with what resembles `value` most; empty where nothing does."""
    texts = [choice for choice in allowed if isinstance(choice, str)]
    close = difflib.get_close_matches(value, texts, 1, cutoff=0.5) if isinstance(value, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""
