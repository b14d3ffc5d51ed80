"""Training metrics in Weights & Biases, a callback for sc-core."""

__version__ = "0.1.0"
