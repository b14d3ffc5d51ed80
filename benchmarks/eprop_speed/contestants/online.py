"""Ours, online."""

from eprop_speed.contestants.ours import CONVENTION, DISTRIBUTIONS, Ours
from eprop_speed.task import Task

__all__ = ["CONVENTION", "DISTRIBUTIONS", "prepare"]


def prepare(task: Task) -> Ours:
    """Return the contestant."""
    return Ours(task, "online")
