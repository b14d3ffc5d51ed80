"""Backpropagation through time, a learner for sc-core."""

__version__ = "0.1.0"
