"""The step schedule against repeated multiplication, and its contract."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest

from sc_core import registry
from sc_core.contracts import Scheduler
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.options import structure
from sc_plugin_step.scheduler import StepOptions, StepScheduler

LEARNER = SimpleNamespace(lr=0.3)


def rates(scheduler: StepScheduler, n: int) -> list[float]:
    return [scheduler.step() for _ in range(n)]


def test_the_registry_has_it():
    assert registry.get("scheduler", "step") is StepScheduler
    assert isinstance(StepScheduler(0.1, 10), Scheduler)


@pytest.mark.parametrize(("step_size", "gamma"), [(1, 0.5), (3, 0.1), (7, 1.1)])
def test_every_so_many_calls_the_rate_is_multiplied(step_size, gamma):
    expected, rate = [], 0.2
    for n in range(1, 50):
        if n % step_size == 0:
            rate *= gamma
        expected.append(rate)
    assert rates(StepScheduler(0.2, step_size, gamma), 49) == pytest.approx(expected, rel=1e-12)


def test_the_documented_default():
    scheduler = StepScheduler(1.0, 2)
    assert scheduler.lr == 1.0
    assert rates(scheduler, 4) == pytest.approx([1.0, 0.1, 0.1, 0.01], rel=1e-15)
    assert scheduler.lr == pytest.approx(0.01)


def test_reset_restarts_the_counter_and_keeps_the_rate():
    scheduler = StepScheduler(1.0, 3, 0.5)
    assert rates(scheduler, 4) == [1.0, 1.0, 0.5, 0.5]
    scheduler.reset()
    assert scheduler.lr == 0.5
    assert rates(scheduler, 6) == [0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


def test_from_run_fills_what_the_run_knows():
    scheduler = StepScheduler.from_run(LEARNER, 20, step_size=4)
    assert (scheduler.lr_init, scheduler.step_size, scheduler.gamma) == (0.3, 4, 0.1)
    assert StepScheduler.from_run(LEARNER, 20, step_size=4, lr_init=0.0).lr_init == 0.0


@pytest.mark.parametrize("saved", [0, 2, 3, 8])
def test_a_restored_schedule_goes_on_with_the_same_bits(saved):
    def undisturbed():
        scheduler = StepScheduler(0.1, 3, 0.7)
        rates(scheduler, 4)
        scheduler.reset()  # the state holds the rate at the reset, too
        return scheduler

    expected = rates(undisturbed(), 20)
    scheduler = undisturbed()
    rates(scheduler, saved)
    state = json.loads(json.dumps(scheduler.state_dict()))
    resumed = StepScheduler(9.0, 1)
    resumed.load_state_dict(state)
    assert rates(resumed, 20 - saved) == expected[saved:]


def test_a_foreign_state_is_refused():
    with pytest.raises(CheckpointError, match="StepScheduler"):
        StepScheduler(0.1, 3).load_state_dict({"lr_init": 1.0})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-0.1, 3), "lr_init"),
        ((0.1, 0), "step_size"),
        ((0.1, 2.5), "step_size"),
        ((0.1, 3, 0), "gamma"),
        ((0.1, 3, math.nan), "gamma"),
    ],
)
def test_impossible_arguments_are_refused_by_name(arguments, name):
    with pytest.raises(ConfigurationError) as caught:
        StepScheduler(*arguments)
    assert caught.value.path == name


def test_options_are_checked():
    assert structure(StepOptions, {"step_size": 5}, "scheduler") == StepOptions(step_size=5, gamma=0.1)
    with pytest.raises(ConfigurationError, match=r"^scheduler\.step_size: is required and missing$"):
        structure(StepScheduler.Options, {}, "scheduler")
    with pytest.raises(ConfigurationError, match=r"^scheduler\.gamma: must be > 0, got 0\.0$"):
        structure(StepOptions, {"step_size": 5, "gamma": 0}, "scheduler")
