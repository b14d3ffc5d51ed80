"""Warm-up and cosine against other ways to compute them, and the scheduler's contract."""

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
from sc_plugin_warmup_cosine.scheduler import WarmupCosineOptions, WarmupCosineScheduler

LEARNER = SimpleNamespace(lr=0.3)


def rates(scheduler: WarmupCosineScheduler, n: int) -> list[float]:
    return [scheduler.step() for _ in range(n)]


def test_the_registry_has_it():
    assert registry.get("scheduler", "warmup-cosine") is WarmupCosineScheduler
    assert isinstance(WarmupCosineScheduler(0.1, 0.0, 1, 10), Scheduler)


def test_up_and_down():
    scheduler = WarmupCosineScheduler(0.4, 0.1, 4, 10)
    assert scheduler.lr == 0.0
    got = rates(scheduler, 13)
    assert got[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4], rel=1e-15)
    assert got[3] == 0.4  # exactly
    assert got[6] == pytest.approx(0.25, rel=1e-15)
    assert got[9:] == [0.1] * 4  # exactly
    assert scheduler.lr == 0.1


@pytest.mark.parametrize(("warmup", "total"), [(1, 2), (1, 50), (17, 40), (39, 40)])
def test_each_rate_is_the_closed_form(warmup, total):
    lr_init, lr_min = 0.3, 0.01
    up = [lr_init * n / warmup for n in range(1, warmup + 1)]
    down = [
        lr_min + (lr_init - lr_min) * cmath.exp(0.5j * math.pi * m / (total - warmup)).real ** 2
        for m in range(1, total - warmup + 1)
    ]
    assert rates(WarmupCosineScheduler(lr_init, lr_min, warmup, total), total) == pytest.approx(
        up + down, rel=1e-12
    )


def test_reset_returns_to_zero():
    scheduler = WarmupCosineScheduler(0.1, 0.0, 3, 10)
    first = rates(scheduler, 7)
    scheduler.reset()
    assert scheduler.lr == 0.0
    assert rates(scheduler, 7) == first


def test_from_run_fills_what_the_run_knows():
    scheduler = WarmupCosineScheduler.from_run(LEARNER, 20, warmup_steps=5)
    assert scheduler.state_dict() == WarmupCosineScheduler(0.3, 0.0, 5, 20).state_dict()
    scheduler = WarmupCosineScheduler.from_run(LEARNER, 20, warmup_steps=5, lr_init=0.0, total_steps=7)
    assert (scheduler.lr_init, scheduler.total_steps) == (0.0, 7)


@pytest.mark.parametrize("saved", [0, 3, 9, 15])
def test_a_restored_schedule_goes_on_with_the_same_bits(saved):
    expected = rates(WarmupCosineScheduler(0.1, 0.003, 4, 13), 20)
    scheduler = WarmupCosineScheduler(0.1, 0.003, 4, 13)
    rates(scheduler, saved)
    state = json.loads(json.dumps(scheduler.state_dict()))
    resumed = WarmupCosineScheduler.from_run(LEARNER, 7, warmup_steps=1)
    resumed.load_state_dict(state)
    assert rates(resumed, 20 - saved) == expected[saved:]


def test_a_foreign_state_is_refused():
    with pytest.raises(CheckpointError, match="WarmupCosineScheduler"):
        WarmupCosineScheduler(0.1, 0.0, 1, 10).load_state_dict({"lr_init": 1.0})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-0.1, 0.0, 1, 10), "lr_init"),
        ((0.1, -0.1, 1, 10), "lr_min"),
        ((0.1, 0.2, 1, 10), "lr_min"),
        ((0.1, 0.0, 0, 10), "warmup_steps"),
        ((0.1, 0.0, 10, 10), "warmup_steps"),
        ((0.1, 0.0, 1.5, 10), "warmup_steps"),
        ((0.1, 0.0, 1, 0), "total_steps"),
    ],
)
def test_impossible_arguments_are_refused_by_name(arguments, name):
    with pytest.raises(ConfigurationError) as caught:
        WarmupCosineScheduler(*arguments)
    assert caught.value.path == name


def test_options_are_checked():
    assert structure(WarmupCosineOptions, {"warmup_steps": 5}, "scheduler").lr_min == 0.0
    with pytest.raises(ConfigurationError, match=r"^scheduler\.warmup_steps: is required and missing$"):
        structure(WarmupCosineScheduler.Options, {}, "scheduler")
    with pytest.raises(ConfigurationError, match=r"^scheduler\.total_steps: must be >= 1, got 0$"):
        structure(WarmupCosineOptions, {"warmup_steps": 5, "total_steps": 0}, "scheduler")
