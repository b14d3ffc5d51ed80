"""The compiled lane by its documented path."""
