"""Training metrics as TensorBoard event files, a callback for sc-core."""

__version__ = "0.1.0"
