"""From the name of an environment to the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sc_core.contracts import Environment
from sc_core.errors import ConfigurationError
from sc_run.environments.gymnasium_episodes import GymnasiumEpisodes
from sc_run.user_code import load_user_code


def load_environment(name: str, base_folder: str | Path, options: Mapping[str, Any]) -> Environment:
    """Make an environment.

    Parameters
    ----------
    name : str
        One of gymnasium's, or ``"module:attribute"``: an `Environment`, or a callable that returns one.
    base_folder : path
        Where the module is looked for after the places where Python always looks.
    options : mapping
        Keyword arguments of the callable, or of ``gymnasium.make``.

    Returns
    -------
    Environment

    Raises
    ------
    ConfigurationError
        If it cannot be made.
    MissingDependency
        If gymnasium is needed and not installed.
    """
    if ":" not in name:
        return GymnasiumEpisodes(name, **options)
    made = load_user_code("environment", name, Path(base_folder), options, Environment)
    if not isinstance(made, Environment):
        raise ConfigurationError(
            "environment.name",
            f"{name!r} returned {type(made).__name__}, which is no sc_core.contracts.Environment",
        )
    return made
