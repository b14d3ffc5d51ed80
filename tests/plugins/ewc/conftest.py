"""Learners for the tests of EWC, in the registry."""

import importlib.util
from pathlib import Path

import pytest

from sc_core import registry

_SPEC = importlib.util.spec_from_file_location(
    "small_learners", Path(__file__).with_name("small_learners.py")
)
small_learners = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small_learners)


@pytest.fixture(autouse=True)
def learners():
    """Register `descent` and `parabola`; the module that defines them."""
    registry.register("learner", "descent", small_learners.Descent)
    registry.register("learner", "parabola", small_learners.Parabola)
    yield small_learners
    registry.unregister("learner", "descent")
    registry.unregister("learner", "parabola")
