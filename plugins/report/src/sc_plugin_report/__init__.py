"""A report of a run as one HTML file, a callback for sc-core."""

__version__ = "0.1.0"
