"""The HDL backend: renders a language-neutral design as hardware description text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class HDLBackend(Protocol):
    """Renders designs in one hardware description language.

    It is constructed as ``cls(**options)``. A *design* is language-neutral; a backend reads it and renders all
    of it: same names, ports and structure in every language.

    Attributes
    ----------
    file_suffix : str
        The suffix of the source files that it emits, with the dot: ``".v"``.
    """

    file_suffix: str

    def emit(self, design: Any) -> Mapping[str, str]:
        """Return the sources of `design`: file name to text."""
        ...

    def testbench(self, design: Any, vectors: Sequence[Mapping[str, int]]) -> Mapping[str, str]:
        """Return a self-checking testbench that applies `vectors`, one mapping (port to value) per step."""
        ...

    def memory_images(self, design: Any) -> Mapping[str, str]:
        """Return the initial contents of the memories of `design`: file name to text."""
        ...

    def lint_command(self, files: Sequence[str]) -> Sequence[str]:
        """Return the command line (a list of words) that checks `files` for errors."""
        ...
