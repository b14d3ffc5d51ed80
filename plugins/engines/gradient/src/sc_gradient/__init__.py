"""Gradients through spiking networks: what the gradient learners share."""

__version__ = "0.1.0"
