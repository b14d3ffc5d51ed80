"""Environments of the package gymnasium, many episodes side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError, MissingDependency


class GymnasiumEpisodes:
    """Episodes of one of gymnasium's environments; an `sc_core.contracts.Environment`.

    Parameters
    ----------
    name : str
        As ``gymnasium.make`` takes it: ``"CartPole-v1"``.
    **options
        Passed on to ``gymnasium.make``.

    Attributes
    ----------
    n_observations, n_actions : int

    Raises
    ------
    MissingDependency
        If gymnasium is not installed.
    ConfigurationError
        If there is no such environment, it does not take the options, its actions are not to be chosen from a
        list, or its observations are no vector.

    Notes
    -----
    Observations are divided by the limits of the observation space, where these are finite; so are they of the size
    of 1. An episode ends where the environment terminates or truncates it.
    """

    def __init__(self, name: str, **options: Any) -> None:
        try:
            import gymnasium
        except ImportError as absent:
            raise MissingDependency(
                "environments by name need the package gymnasium: pip install 'sc-run[gymnasium]'"
            ) from absent
        self._name, self._options, self._make = name, options, gymnasium.make
        try:
            self._environments = [self._make(name, **options)]
        except (gymnasium.error.Error, TypeError, ModuleNotFoundError) as problem:
            raise ConfigurationError("environment.name", f"{name!r} cannot be made: {problem}") from problem
        space, actions = self._environments[0].observation_space, self._environments[0].action_space
        if not isinstance(actions, gymnasium.spaces.Discrete):
            raise ConfigurationError(
                "environment.name", f"{name!r} has the actions {actions}, not some to choose from"
            )
        if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
            raise ConfigurationError("environment.name", f"{name!r} has the observations {space}, no vector")
        self.n_observations, self.n_actions = int(space.shape[0]), int(actions.n)
        self._first_action = int(actions.start)
        limit = np.maximum(np.abs(space.low), np.abs(space.high)).astype(np.float64)
        self._limit = np.where(np.isfinite(limit) & (limit > 0), limit, 1.0)
        self._observed = np.zeros((0, self.n_observations))
        self._ended = np.zeros(0, np.bool_)

    def reset(self, seeds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Begin an episode for each seed; returns the observations, (n, n_observations)."""
        while len(self._environments) < len(seeds):
            self._environments.append(self._make(self._name, **self._options))
        self._observed = np.empty((len(seeds), self.n_observations))
        self._ended = np.zeros(len(seeds), np.bool_)
        for place, seed in enumerate(seeds.tolist()):
            self._observed[place] = self._environments[place].reset(seed=seed)[0]
        return self._observed / self._limit

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Act in each episode that has not ended; returns observations, rewards, and which have ended."""
        rewards = np.zeros(len(self._ended))
        for place in np.flatnonzero(~self._ended).tolist():
            action = self._first_action + int(actions[place])
            self._observed[place], reward, terminated, truncated, _ = self._environments[place].step(action)
            rewards[place] = float(reward)
            self._ended[place] = terminated or truncated
        return self._observed / self._limit, rewards, self._ended.copy()
