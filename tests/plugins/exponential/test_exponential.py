"""The exponential schedule against the exponential function, and its contract."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest

from sc_core import registry
from sc_core.contracts import Scheduler
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError
from sc_core.options import structure
from sc_plugin_exponential.scheduler import ExponentialOptions, ExponentialScheduler

LEARNER = SimpleNamespace(lr=0.3)


def rates(scheduler: ExponentialScheduler, n: int) -> list[float]:
    return [scheduler.step() for _ in range(n)]


def test_the_registry_has_it():
    assert registry.get("scheduler", "exponential") is ExponentialScheduler
    assert isinstance(ExponentialScheduler(0.1), Scheduler)


@pytest.mark.parametrize("gamma", [0.999, 0.5, 1.0, 1.01])
def test_each_rate_is_the_closed_form(gamma):
    expected = [0.2 * math.exp(n * math.log(gamma)) for n in range(1, 200)]
    assert rates(ExponentialScheduler(0.2, gamma), 199) == pytest.approx(expected, rel=1e-12)


def test_the_documented_default_and_half_life():
    scheduler = ExponentialScheduler(1.0)
    assert scheduler.lr == 1.0
    assert scheduler.step() == 0.999
    assert rates(scheduler, 692)[-1] == pytest.approx(0.5, rel=1e-3)


def test_reset_changes_nothing():
    scheduler, other = ExponentialScheduler(1.0, 0.9), ExponentialScheduler(1.0, 0.9)
    rates(scheduler, 5), rates(other, 5)
    scheduler.reset()
    assert scheduler.lr == other.lr
    assert rates(scheduler, 5) == rates(other, 5)


def test_a_rate_that_grows_beyond_all_floats_is_an_error():
    scheduler = ExponentialScheduler(1.0, 1e200)
    scheduler.step()
    with pytest.raises(NumericalError, match="gamma"):
        scheduler.step()


def test_from_run_fills_what_the_run_knows():
    assert (
        ExponentialScheduler.from_run(LEARNER, 20).state_dict()
        == ExponentialScheduler(0.3, 0.999).state_dict()
    )
    assert ExponentialScheduler.from_run(LEARNER, 20, lr_init=0.0, gamma=0.5).lr_init == 0.0


def test_a_restored_schedule_goes_on_with_the_same_bits():
    expected = rates(ExponentialScheduler(0.1, 0.93), 40)
    scheduler = ExponentialScheduler(0.1, 0.93)
    rates(scheduler, 13)
    state = json.loads(json.dumps(scheduler.state_dict()))
    resumed = ExponentialScheduler(9.0)
    resumed.load_state_dict(state)
    assert resumed.lr == expected[12]
    assert rates(resumed, 27) == expected[13:]


def test_a_foreign_state_is_refused():
    with pytest.raises(CheckpointError, match="ExponentialScheduler"):
        ExponentialScheduler(0.1).load_state_dict({})


@pytest.mark.parametrize(
    ("arguments", "name"), [((-0.1,), "lr_init"), ((0.1, 0.0), "gamma"), ((0.1, "x"), "gamma")]
)
def test_impossible_arguments_are_refused_by_name(arguments, name):
    with pytest.raises(ConfigurationError) as caught:
        ExponentialScheduler(*arguments)
    assert caught.value.path == name


def test_options_are_all_optional_and_checked():
    assert structure(ExponentialOptions, {}, "scheduler") == ExponentialScheduler.Options()
    with pytest.raises(ConfigurationError, match=r"^scheduler\.gamma: must be > 0, got -1\.0$"):
        structure(ExponentialOptions, {"gamma": -1}, "scheduler")
