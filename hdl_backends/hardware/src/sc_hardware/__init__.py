"""Fixed-point learning rules and networks as hardware: what the backends of every language share."""

__version__ = "0.1.0"
