"""The five kinds of plugins and what a class of each kind must have."""

from __future__ import annotations

from typing import Any

from sc_core.errors import ConfigurationError

_STATE = ("state_dict", "load_state_dict")

_METHODS = {
    "learner": ("learn", *_STATE),
    "scheduler": ("step", "from_run", *_STATE),
    "callback": ("start", "log", "close", *_STATE),
    "plasticity": ("bind", *_STATE),
    "hdl": ("emit", "testbench", "memory_images", "lint_command"),
}

_PHASES = ("scale", "after_step", "consolidate")

KINDS = tuple(_METHODS)
"""The names of the kinds; plugins of a kind stand in the entry-point group ``sc.<kind>``."""


def check_kind(kind: str) -> None:
    """Refuse what is no kind of plugin.

    Raises
    ------
    ConfigurationError
        If `kind` is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise ConfigurationError("kind", f"must be one of {', '.join(KINDS)}, got {kind!r}")


def contract_gaps(kind: str, plugin: object) -> list[str]:
    """Return what `plugin` lacks to be a plugin of `kind`, in words; an empty list if it lacks nothing."""
    if not isinstance(plugin, type):
        return [f"being a class (it is {plugin!r})"]
    gaps = [f"the method {name}" for name in _METHODS[kind] if not callable(getattr(plugin, name, None))]
    if kind == "learner" and not isinstance(getattr(plugin, "consumes", None), type):
        gaps.append("the class attribute consumes (a type of experience, such as sc_core.Batch)")
    if kind == "plasticity" and not any(callable(getattr(plugin, phase, None)) for phase in _PHASES):
        gaps.append(f"a phase (at least one of the methods {', '.join(_PHASES)})")
    gaps.extend(_options_gaps(plugin))
    return gaps


def _options_gaps(plugin: type[Any]) -> list[str]:
    import attrs

    options = getattr(plugin, "Options", None)
    if options is None or (isinstance(options, type) and attrs.has(options)):
        return []
    return ["an attrs class as its attribute Options"]
