"""Training metrics as a CSV file, a callback for sc-core."""

__version__ = "0.1.0"
