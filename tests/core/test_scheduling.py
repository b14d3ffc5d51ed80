"""What schedulers share: checked attributes, state, the two decays."""

from __future__ import annotations

import json
import math

import attrs
import numpy as np
import pytest

from sc_core import scheduling
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError


@attrs.define(eq=False)
class Example:
    lr_init: float = scheduling.rate()
    every: int = scheduling.count()
    gamma: float = scheduling.factor(default=0.5)
    lr: float = scheduling.rate(init=False, default=0.0)
    _steps: int = scheduling.steps_taken()

    state_dict = scheduling.state_dict
    load_state_dict = scheduling.load_state_dict


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"lr_init": bad}, "lr_init") for bad in (-0.1, math.nan, math.inf, True, "0.1", None, 1j)]
    + [({"every": bad}, "every") for bad in (0, -1, 2.0, 2.5, True, "3", None)]
    + [({"gamma": bad}, "gamma") for bad in (0, -1.0, math.nan, math.inf, True, "1")],
)
def test_impossible_values_are_refused_by_name(arguments, name):
    with pytest.raises(ConfigurationError, match=r"must be an? .+, got") as caught:
        Example(**{"lr_init": 0.1, "every": 3, **arguments})
    assert caught.value.path == name


def test_numbers_of_numpy_become_plain():
    example = Example(np.float32(0.5), np.int64(3), 1)
    assert [type(value) for value in example.state_dict().values()] == [float, int, float, float, int]


def test_the_state_survives_json_and_is_taken_over():
    example = Example(0.5, 3)
    example.lr, example._steps = 0.25, 7
    state = json.loads(json.dumps(example.state_dict()))
    assert state == {"lr_init": 0.5, "every": 3, "gamma": 0.5, "lr": 0.25, "steps": 7}
    other = Example(1.0, 1, 1.0)
    other.load_state_dict(state)
    assert other.state_dict() == state


@pytest.mark.parametrize("changed", [{"steps": -1}, {"steps": 1.5}, {"lr": "x"}, {"gamma": 0.0}])
def test_a_foreign_state_is_refused_and_changes_nothing(changed):
    example = Example(0.5, 3)
    before = example.state_dict()
    with pytest.raises(CheckpointError, match="no state of a Example"):
        example.load_state_dict({"lr_init": 1.0, "every": 4, "gamma": 1.0, "lr": 0.1, "steps": 0, **changed})
    with pytest.raises(CheckpointError, match="every"):
        example.load_state_dict({"lr_init": 1.0})
    assert example.state_dict() == before


def test_a_decay_beyond_all_floats_is_an_error():
    assert scheduling.decayed(1.0, 0.5, 10**6) == 0.0
    with pytest.raises(NumericalError, match="gamma must be smaller"):
        scheduling.decayed(1.0, 2.0, 1024)


def test_the_cosine_falls_from_start_to_end_and_stays():
    assert [scheduling.cosine(0.5, 0.25, progress) for progress in (0, 1, 1.5)] == [0.5, 0.25, 0.25]
    assert scheduling.cosine(1.0, 0.0, 1 / 3) == pytest.approx(0.75, rel=1e-15)
