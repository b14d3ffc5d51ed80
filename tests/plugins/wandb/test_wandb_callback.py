"""What the callback asks of wandb, with a stand-in for it; the real one writes offline runs in tests/oracles."""

from __future__ import annotations

import json
import os
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from sc_core import registry
from sc_core.contracts import Callback
from sc_core.errors import CheckpointError, ConfigurationError, MissingDependency
from sc_core.options import structure
from sc_plugin_wandb.callback import WandBCallback, WandBOptions


class StandInRun:
    def __init__(self, settings):
        self.settings, self.rows, self.finished = settings, [], False
        self.id = settings.get("id", "made-up")

    def log(self, values, step):
        assert not self.finished
        self.rows.append((step, values))

    def finish(self):
        self.finished = True


@pytest.fixture
def runs(monkeypatch):
    """The runs that the stand-in for wandb began."""
    begun = []

    def init(**settings):
        begun.append(StandInRun(settings))
        return begun[-1]

    wandb = ModuleType("wandb")
    wandb.init = init
    wandb.Histogram = lambda values: ("histogram", values)
    wandb.Image = lambda values: ("image", values)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    return begun


def test_the_registry_has_it(runs):
    assert registry.get("callback", "wandb") is WandBCallback
    assert isinstance(WandBCallback(), Callback)
    assert runs == []  # nothing begins before something is logged


def test_metrics_go_to_one_run(runs):
    callback = WandBCallback(project="digits", mode="offline", tags=["a"])
    callback.log({"loss": np.float32(2.5)}, step=1)
    callback.log({"loss": 1.5, "accuracy": 0.5}, 2)
    callback.close()
    (run,) = runs
    assert run.settings == {"project": "digits", "mode": "offline", "tags": ["a"]}
    assert run.rows == [(1, {"loss": 2.5}), (2, {"loss": 1.5, "accuracy": 0.5})]
    assert run.finished


def test_the_documented_default(runs):
    callback = WandBCallback()
    callback.log({"loss": 1.0}, 1)
    assert runs[0].settings["project"] == "sc-neurocore"


def test_the_files_lie_within_the_run(runs, tmp_path):
    for given, expected in (({}, str(tmp_path)), ({"dir": "elsewhere"}, "elsewhere")):
        callback = WandBCallback(**given)
        callback.start(SimpleNamespace(folder=tmp_path))
        callback.log({"loss": 1.0}, 1)
        assert runs[-1].settings["dir"] == expected


def test_arrays_are_histograms_and_images(runs):
    callback = WandBCallback()
    callback.log_array("weights", [1.0, 2.0], 1)
    callback.log_array("raster", np.arange(6).reshape(3, 2), 1)
    callback.log_figure("curve", "a figure", 2)
    (_, weights), (_, raster), figure = runs[0].rows
    assert weights["weights"][0] == "histogram"
    assert raster["raster"][0] == "image"
    np.testing.assert_array_equal(raster["raster"][1], [[0, 2, 4], [1, 3, 5]])
    assert figure == (2, {"curve": ("image", "a figure")})


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 2, 2)])
def test_other_arrays_are_refused_by_name(runs, shape):
    with pytest.raises(ConfigurationError, match=r"^odd: must have one or two dimensions"):
        WandBCallback().log_array("odd", np.zeros(shape), 1)


def test_bad_metrics_are_refused_by_name_and_begin_nothing(runs):
    with pytest.raises(ConfigurationError, match=r"^metrics\.b: must be a number"):
        WandBCallback().log({"a": 1.0, "b": "x"}, 1)
    assert runs == []


def test_a_resumed_run_goes_on_with_the_same_id(runs):
    first = WandBCallback()
    before = json.loads(json.dumps(first.state_dict()))
    first.log({"loss": 1.0}, 1)
    state = json.loads(json.dumps(first.state_dict()))
    resumed = WandBCallback()
    resumed.load_state_dict(state)
    resumed.log({"loss": 0.5}, 2)
    assert runs[1].settings == {"project": "sc-neurocore", "id": "made-up", "resume": "allow"}
    anew = WandBCallback()
    anew.load_state_dict(before)  # of a checkpoint before anything was logged
    anew.log({"loss": 0.5}, 2)
    assert "id" not in runs[2].settings
    with pytest.raises(CheckpointError, match="W&B"):
        WandBCallback().load_state_dict({})


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingDependency, match=r"try: pip install 'sc-plugin-wandb\[wandb\]'"):
        WandBCallback()


@pytest.mark.parametrize(("given", "expected"), [(None, "false"), ("true", "true")])
def test_reports_to_the_makers_of_wandb_are_off_unless_asked_for(runs, monkeypatch, given, expected):
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "")  # so that it is restored after the test
    monkeypatch.delenv("WANDB_ERROR_REPORTING") if given is None else os.environ.update(
        WANDB_ERROR_REPORTING=given
    )
    WandBCallback()
    assert os.environ["WANDB_ERROR_REPORTING"] == expected


def test_options_become_settings_of_wandb(runs):
    options = structure(WandBOptions, {"mode": "offline", "tags": ["x"]}, "callbacks[0]")
    assert (options.project, options.mode, options.tags) == ("sc-neurocore", "offline", ["x"])
    with pytest.raises(ConfigurationError, match=r"^callbacks\[0\]\.mode: "):
        structure(WandBOptions, {"mode": "off"}, "callbacks[0]")
