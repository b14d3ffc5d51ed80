"""Metrics are checked by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sc_core.errors import ConfigurationError
from sc_core.metrics import checked_metrics


def test_numbers_of_any_type_become_floats():
    checked = checked_metrics({"a": 1, "b": np.float32(0.5), "c": np.array(2), "d": math.nan, "e": True})
    assert [type(value) for value in checked.values()] == [float] * 5
    assert list(checked.values())[:3] == [1.0, 0.5, 2.0]


@pytest.mark.parametrize("value", ["small", None, [1.0, 2.0], 1j, np.zeros(2)])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(ConfigurationError, match=r"^metrics\.loss: must be a number") as caught:
        checked_metrics({"accuracy": 1.0, "loss": value})
    assert caught.value.path == "metrics.loss"
