"""Early stopping of a training run, a callback for sc-core."""

__version__ = "0.1.0"
