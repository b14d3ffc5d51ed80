"""Early stopping against a plain restatement of its definition, and its contract."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc_core import registry
from sc_core.contracts import Callback
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.options import structure
from sc_plugin_early_stopping.callback import EarlyStoppingCallback, EarlyStoppingOptions


def stops_at(values, **options):
    """Return the step (from 1) at which the run is asked to stop, or None."""
    asked = []
    callback = EarlyStoppingCallback("x", **options)
    for step, value in enumerate(values, start=1):
        callback.start(SimpleNamespace(request_stop=lambda step=step: asked.append(step)))
        callback.log({"x": value}, step)
    assert len(asked) <= 1
    assert callback.stopped == bool(asked)
    return asked[0] if asked else None


def test_the_registry_has_it():
    assert registry.get("callback", "early-stopping") is EarlyStoppingCallback
    assert isinstance(EarlyStoppingCallback(), Callback)


@pytest.mark.parametrize(
    ("values", "options", "step"),
    [
        ([3, 2, 1, 1, 1], {"patience": 2}, 5),
        ([3, 2, 1, 1, 0.5, 1, 1], {"patience": 2}, 7),
        ([1, 2], {"patience": 1}, 2),
        ([1, 2, 3, 2, 2], {"patience": 2, "mode": "max"}, 5),
        ([1.0, 0.95, 0.9, 0.85], {"patience": 3, "min_delta": 0.2}, 4),
        ([1.0, 0.95, 0.75, 0.7], {"patience": 3, "min_delta": 0.2}, None),  # together the gains exceed it
        ([1.0, 0.5, 0.5], {"patience": 1, "min_delta": 0.5}, 2),  # equal is not better
        ([math.nan, math.nan], {"patience": 2}, 2),
        ([math.nan, 1.0, math.nan, 0.5, 0.4], {"patience": 2}, None),
        ([math.inf, 1.0, 0.5], {"patience": 1}, None),
        ([5, 4, 3, 2, 1], {"patience": 1}, None),
    ],
)
def test_when_it_stops(values, options, step):
    assert stops_at(values, **options) == step


def restated(values, patience, min_delta):
    """The first step that lies `patience` after the last improvement; written without state."""
    for end in range(1, len(values) + 1):
        improvements, best = [0], math.inf
        for step, value in enumerate(values[:end], start=1):
            if best - value > min_delta:
                improvements.append(step)
                best = value
        if end - improvements[-1] >= patience:
            return end
    return None


@given(
    st.lists(st.integers(0, 12).map(float), max_size=30), st.integers(1, 5), st.sampled_from([0.0, 1.0, 2.5])
)
def test_it_stops_as_restated(values, patience, min_delta):
    expected = restated(values, patience, min_delta)
    assert stops_at(values, patience=patience, min_delta=min_delta) == expected
    mirrored = [-value for value in values]
    assert stops_at(mirrored, patience=patience, min_delta=min_delta, mode="max") == expected


def test_rows_without_the_metric_do_not_count():
    callback = EarlyStoppingCallback("x", patience=2)
    callback.log({"x": 1.0}, 1)
    for step in range(2, 9):
        callback.log({"loss": 1.0}, step)
    callback.log({"x": 1.0}, 9)
    assert not callback.stopped
    callback.log({"x": 1.0}, 10)
    assert callback.stopped
    assert callback.best == 1.0
    callback.close()


def test_a_metric_that_never_came_is_reported_at_the_end():
    callback = EarlyStoppingCallback("validation_los")
    callback.log({"loss": 1.0, "lr": 0.1}, 1)
    with pytest.raises(ConfigurationError, match="'validation_los' was never logged; what was: loss, lr"):
        callback.close()
    EarlyStoppingCallback().close()  # a run that ended before anything was logged


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_run_that_ends_within_its_first_epoch_is_not_blamed(epochs):
    callback = EarlyStoppingCallback("validation_loss")
    callback.start(SimpleNamespace(request_stop=lambda: None))
    callback.log({"loss": 1.0}, 1)
    if epochs == 0:
        callback.close()
        return
    callback.log({"epoch": 1.0, "train_loss": 1.0}, 1)
    with pytest.raises(ConfigurationError, match="'validation_loss' was never logged"):
        callback.close()


@pytest.mark.parametrize("saved", range(8))
def test_a_restored_callback_stops_at_the_same_step(saved):
    values = [3.0, 2.5, 2.75, 2.0, 2.25, 2.5, 2.0, 1.0]
    first = EarlyStoppingCallback("x", patience=3)
    for step, value in enumerate(values[:saved]):
        first.log({"x": value}, step)
    resumed = EarlyStoppingCallback("x", patience=3)
    resumed.load_state_dict(json.loads(json.dumps(first.state_dict())))
    stopped_before = resumed.stopped
    asked = []
    resumed.start(SimpleNamespace(request_stop=lambda: asked.append(True)))
    for step, value in enumerate(values[saved:], start=saved):
        resumed.log({"x": value}, step)
        assert resumed.stopped == (step >= 6)
    assert asked == ([] if stopped_before else [True])


@pytest.mark.parametrize(
    "state", [{}, {"best": "x", "waited": 0, "stopped": False}, {"best": 1.0, "waited": None}]
)
def test_a_foreign_state_is_refused_and_changes_nothing(state):
    callback = EarlyStoppingCallback()
    before = callback.state_dict()
    with pytest.raises(CheckpointError, match="early-stopping"):
        callback.load_state_dict(state)
    assert callback.state_dict() == before


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"metric": ""}, "metric"),
        ({"mode": "least"}, "mode"),
        ({"patience": 0}, "patience"),
        ({"patience": 2.5}, "patience"),
        ({"min_delta": -1.0}, "min_delta"),
        ({"min_delta": math.nan}, "min_delta"),
    ],
)
def test_impossible_options_are_refused_by_name(options, name):
    with pytest.raises(ConfigurationError) as caught:
        EarlyStoppingCallback(**options)
    assert caught.value.path == name
    with pytest.raises(ConfigurationError, match=rf"^callbacks\[0\]\.{name}: "):
        structure(EarlyStoppingOptions, options, "callbacks[0]")
