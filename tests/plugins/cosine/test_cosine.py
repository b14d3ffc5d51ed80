"""The cosine schedule against other ways to compute it, and its contract."""

from __future__ import annotations

import cmath
import json
import math
from types import SimpleNamespace

import pytest

from sc_core import registry
from sc_core.contracts import Scheduler
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.options import structure
from sc_plugin_cosine.scheduler import CosineOptions, CosineScheduler

LEARNER = SimpleNamespace(lr=0.3)


def rates(scheduler: CosineScheduler, n: int) -> list[float]:
    return [scheduler.step() for _ in range(n)]


def test_the_registry_has_it():
    assert registry.get("scheduler", "cosine") is CosineScheduler
    assert isinstance(CosineScheduler(0.1, 0.0, 10), Scheduler)


@pytest.mark.parametrize(("lr_init", "lr_min", "total"), [(0.1, 0.0, 10), (2e-3, 1e-5, 1000), (1.0, 1.0, 4)])
def test_start_middle_and_end(lr_init, lr_min, total):
    scheduler = CosineScheduler(lr_init, lr_min, total)
    assert scheduler.lr == lr_init
    got = rates(scheduler, total)
    assert got[total // 2 - 1] == pytest.approx((lr_init + lr_min) / 2, rel=1e-12)
    assert got[-1] == lr_min  # exactly
    assert rates(scheduler, 5) == [lr_min] * 5
    assert scheduler.lr == lr_min


def test_each_rate_is_the_closed_form():
    # cos²(x/2) = (1 + cos x) / 2, and cos² as the squared real part of a complex exponential
    lr_init, lr_min, total = 0.3, 0.01, 37
    expected = [
        lr_min + (lr_init - lr_min) * cmath.exp(0.5j * math.pi * n / total).real ** 2
        for n in range(1, total + 1)
    ]
    assert rates(CosineScheduler(lr_init, lr_min, total), total) == pytest.approx(expected, rel=1e-12)


def test_a_whole_period_averages_to_the_middle():
    got = rates(CosineScheduler(0.5, 0.1, 100), 100)
    trapezoid = sum(got[:-1]) + (0.5 + got[-1]) / 2
    assert trapezoid / 100 == pytest.approx(0.3, rel=1e-12)


def test_reset_starts_again():
    scheduler = CosineScheduler(0.1, 0.0, 10)
    first = rates(scheduler, 7)
    scheduler.reset()
    assert scheduler.lr == 0.1
    assert rates(scheduler, 7) == first


def test_from_run_fills_what_the_run_knows():
    scheduler = CosineScheduler.from_run(LEARNER, 20)
    assert (scheduler.lr_init, scheduler.lr_min, scheduler.total_steps) == (0.3, 0.0, 20)
    scheduler = CosineScheduler.from_run(LEARNER, 20, lr_init=0.0, total_steps=5)
    assert (scheduler.lr_init, scheduler.total_steps) == (0.0, 5)


def test_a_restored_schedule_goes_on_with_the_same_bits():
    undisturbed = rates(CosineScheduler(0.1, 0.003, 30), 40)
    scheduler = CosineScheduler(0.1, 0.003, 30)
    rates(scheduler, 13)
    state = json.loads(json.dumps(scheduler.state_dict()))
    resumed = CosineScheduler.from_run(LEARNER, 7)  # whose learner and length differ by now
    resumed.load_state_dict(state)
    assert resumed.lr == undisturbed[12]
    assert rates(resumed, 27) == undisturbed[13:]
    resumed.reset()
    assert resumed.lr == 0.1


@pytest.mark.parametrize(
    "state", [{}, {"lr_init": 1.0}, {**CosineScheduler(1.0, 0.0, 3).state_dict(), "steps": 1.5}]
)
def test_a_foreign_state_is_refused(state):
    with pytest.raises(CheckpointError, match="CosineScheduler"):
        CosineScheduler(0.1, 0.0, 10).load_state_dict(state)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-0.1, 0.0, 10), "lr_init"),
        ((math.nan, 0.0, 10), "lr_init"),
        ((math.inf, 0.0, 10), "lr_init"),
        ((True, 0.0, 10), "lr_init"),
        (("0.1", 0.0, 10), "lr_init"),
        ((0.1, -0.1, 10), "lr_min"),
        ((0.1, 0.2, 10), "lr_min"),
        ((0.1, 0.0, 0), "total_steps"),
        ((0.1, 0.0, 2.5), "total_steps"),
        ((0.1, 0.0, True), "total_steps"),
    ],
)
def test_impossible_arguments_are_refused_by_name(arguments, name):
    with pytest.raises(ConfigurationError) as caught:
        CosineScheduler(*arguments)
    assert caught.value.path == name


def test_options_are_all_optional_and_checked():
    assert structure(CosineOptions, {}, "scheduler") == CosineOptions()
    assert CosineScheduler.Options is CosineOptions
    with pytest.raises(ConfigurationError, match=r"^scheduler\.total_steps: must be >= 1, got 0$"):
        structure(CosineOptions, {"total_steps": 0}, "scheduler")
    with pytest.raises(ConfigurationError, match=r"^scheduler\.lr_min: must be >= 0, got -1\.0$"):
        structure(CosineOptions, {"lr_min": -1}, "scheduler")
