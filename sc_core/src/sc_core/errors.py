"""The errors that sc-core raises on purpose: each says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class SCError(Exception):
    """Base of every error that sc-core and its plugins raise on purpose."""


class ConfigurationError(SCError, ValueError):
    """An option, key or value is not allowed.

    Parameters
    ----------
    path : str
        Where the value stands, as the user wrote it: ``"learner.tau_e"``.
    problem : str
        What is wrong and what is allowed: ``"must be > 0, got -1"``.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}" if path else problem)


class ShapeError(SCError, ValueError):
    """An array does not have the shape that its place asks for; the message names both shapes."""


class NumericalError(SCError, ArithmeticError):
    """A computation produced NaN or infinity; the message names where."""


class CheckpointError(SCError):
    """A saved state is missing, truncated, edited or belongs to something else."""


class PluginError(SCError):
    """Base of the registry's errors."""


class UnknownPlugin(PluginError, LookupError):
    """No installed plugin has this name.

    Parameters
    ----------
    kind, name : str
        What was asked for.
    installed : sequence of str
        The names that exist for this kind.
    nearest : str or None
        The installed name that resembles the request most, if any does.
    """

    def __init__(self, kind: str, name: str, installed: Sequence[str], nearest: str | None) -> None:
        self.kind, self.name, self.installed, self.nearest = kind, name, tuple(installed), nearest
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        known = ", ".join(installed) or "none"
        super().__init__(
            f"no {kind} named {name!r} is installed.{hint} Installed: {known}. "
            f"It may come with: pip install sc-plugin-{name}"
        )


class DuplicatePlugin(PluginError):
    """Two distributions offer a plugin of one kind under one name."""


class BrokenPlugin(PluginError):
    """A plugin cannot be imported, or what it hands over is not what its kind asks for."""


class MissingDependency(BrokenPlugin, ImportError):
    """A plugin needs a package that is not installed; the message says how to install it."""


class IncompatiblePlugin(PluginError):
    """A plugin declares a range of sc-core versions that leaves this one out."""


class DisabledPlugin(PluginError):
    """The environment variable ``SC_DISABLED_PLUGINS`` blocks this plugin."""
