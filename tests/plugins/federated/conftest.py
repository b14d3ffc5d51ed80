"""Learners for the tests of federated learning, in the registry."""

import importlib.util
from pathlib import Path

import pytest

from sc_core import registry

_SPEC = importlib.util.spec_from_file_location("least_squares", Path(__file__).with_name("least_squares.py"))
least_squares = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(least_squares)


@pytest.fixture
def regression():
    """Register the learner `least_squares`; the module that defines it."""
    registry.register("learner", "least_squares", least_squares.LeastSquares)
    yield least_squares
    registry.unregister("learner", "least_squares")
