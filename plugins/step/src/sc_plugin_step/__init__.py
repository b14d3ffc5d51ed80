"""Step learning-rate schedule, a scheduler for sc-core."""

__version__ = "0.1.0"
