"""The error that a rule is refused with, and where in the author's text it points."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType

import attrs

from sc_core.errors import SCError

_MACHINERY = os.path.dirname(__file__) + os.sep


@attrs.frozen
class SourceLine:
    """A line of the author's text.

    Attributes
    ----------
    file : str
        Path of the file as Python knows it.
    line : int
    text : str
        The line without its indentation; empty where the source is not to be had.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f"\n    {self.text}" if self.text else "")


class RuleError(SCError, ValueError):
    """A rule says what cannot be expressed, or declares or is given what does not fit.

    Parameters
    ----------
    problem : str
        What is wrong, and what to use instead.
    rule : str, optional
        The name of the rule.
    source : SourceLine, optional
        The line of the author's text.
    """

    def __init__(self, problem: str, *, rule: str = "", source: SourceLine | None = None) -> None:
        self.problem, self.rule, self.source = problem, rule, source
        message = f"rule {rule!r}: {problem}" if rule else problem
        super().__init__(f"{message}\n  {source}" if source else message)


def source_line(file: str, line: int) -> SourceLine:
    """Return a line of a file as `SourceLine`."""
    return SourceLine(file, line, linecache.getline(file, line).strip())


def is_machinery(frame: FrameType) -> bool:
    """Whether a frame runs this package's code, not an author's."""
    return frame.f_code.co_filename.startswith(_MACHINERY)


def author_line() -> SourceLine | None:
    """Return the innermost line outside this package that is being run."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_machinery(frame):
        frame = frame.f_back
    return source_line(frame.f_code.co_filename, frame.f_lineno) if frame is not None else None
