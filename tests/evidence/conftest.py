"""Where a simulator or prover is not installed, a test is skipped with what to install."""

from __future__ import annotations

import pytest

from sc_hardware.verification.programs import MissingProgram


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    try:
        return (yield)
    except MissingProgram as error:
        pytest.skip(str(error))
