"""The documented exceptions."""

from sc_core.errors import MissingDependency as SCDependencyError

__all__ = ["SCDependencyError"]
