"""Where a simulator or prover is not installed, a test is skipped with what to install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sc_hardware.verification.programs import MissingProgram

sys.path.insert(0, str(Path(__file__).parent))  # rules_under_test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    try:
        return (yield)
    except MissingProgram as error:
        pytest.skip(str(error))
