"""Environments that a run's network acts on, and the episodes that it learns from."""

from sc_run.environments.gymnasium_episodes import GymnasiumEpisodes
from sc_run.environments.loading import load_environment
from sc_run.environments.pool import EnvironmentTable, EpisodePool, make_episode_pools, observe_at_random

__all__ = [
    "EnvironmentTable",
    "EpisodePool",
    "GymnasiumEpisodes",
    "load_environment",
    "make_episode_pools",
    "observe_at_random",
]
