"""The report: what it collects, draws and writes."""

from __future__ import annotations

import base64
import copy
import io
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from sc_core import registry
from sc_core.contracts import Callback
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.options import structure
from sc_plugin_report.callback import ReportCallback, ReportOptions


def watch(callback, start, stop):
    """Log updates and, every 5, an epoch's end."""
    for step in range(start, stop):
        callback.log({"loss": 1.0 / (step + 1), "lr": 0.1 * 0.9**step}, step)
        if step % 5 == 4:
            callback.log(
                {"epoch": step // 5 + 1, "validation_loss": 0.5, "validation_accuracy": step / 20}, step
            )
            callback.log_array("weights/a->b", np.linspace(-1, 1 + step, 100), step)
            callback.log_array("rates/b", np.arange(10.0) * step, step)
            callback.log_array("raster/b", np.eye(20, 10) * (step > 4), step)


def pictures(page):
    """Return the pictures of a page by title."""
    found = re.findall(
        r'<figcaption>([^<]*)</figcaption><img alt="[^"]*" src="data:image/png;base64,([^"]*)">', page
    )
    return {title: Image.open(io.BytesIO(base64.b64decode(data))) for title, data in found}


def test_the_registry_has_it():
    assert registry.get("callback", "report") is ReportCallback
    assert isinstance(ReportCallback(), Callback)


def test_the_report_of_a_run(tmp_path):
    (tmp_path / "config.toml").write_text('name = "<digits>"\n')
    callback = ReportCallback()
    callback.start(SimpleNamespace(folder=tmp_path))
    watch(callback, 0, 10)
    callback.log({"test_accuracy": 0.987654}, 10)
    callback.close()
    page = (tmp_path / "report.html").read_text()
    shown = pictures(page)
    assert list(shown) == ["Loss", "Accuracy", "Learning rate", "raster/b", "weights/a-&gt;b", "rates/b"]
    assert all(image.size == (640, 360) for image in shown.values())
    assert "<td>test_accuracy</td><td>0.987654</td><td>10</td>" in page
    assert "<td>loss</td><td>0.1</td><td>9</td>" in page
    assert "name = &#34;&lt;digits&gt;&#34;" in page
    assert not re.search(r'(src|href)="(?!data:)', page)  # nothing from elsewhere
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "report.html"]


def test_pictures_show_what_was_logged():
    dark = []
    for n_spikes in (0, 5, 50):
        callback = ReportCallback()
        raster = np.zeros(200)
        raster[:n_spikes] = 1
        callback.log_array("raster/b", raster.reshape(20, 10), 1)
        from sc_plugin_report.figures import draw_figures

        (picture,) = draw_figures({}, {}, {}, callback.rasters)
        dark.append(int((np.asarray(Image.open(io.BytesIO(picture.png)).convert("L")) < 128).sum()))
    assert dark[0] < dark[1] < dark[2]


def test_histograms_hold_every_value_of_the_first_and_the_last_array():
    callback = ReportCallback()
    callback.log_array("weights/a->b", np.array([0.0, 1.0, 1.0]), 1)
    callback.log_array("weights/a->b", np.array([5.0, 6.0, 7.0, 7.0]), 2)
    (first, edges), (last, last_edges) = (
        callback.beginnings["weights/a->b"],
        callback.distributions["weights/a->b"],
    )
    assert (first.sum(), last.sum()) == (3, 4)
    assert (edges[0], edges[-1], last_edges[0], last_edges[-1]) == (0.0, 1.0, 5.0, 7.0)


@pytest.mark.parametrize("saved", [0, 4, 5, 11])
def test_a_resumed_run_has_the_report_of_the_undisturbed_one(tmp_path, saved):
    def run(name, steps):
        callback = ReportCallback()
        (tmp_path / name / "run").mkdir(parents=True, exist_ok=True)
        callback.start(SimpleNamespace(folder=tmp_path / name / "run"))
        for start, stop in steps:
            watch(callback, start, stop)
        return callback

    undisturbed = run("whole", [(0, 15)])
    undisturbed.close()
    killed = run("killed", [(0, saved)])
    state = copy.deepcopy(killed.state_dict())
    resumed = run("killed", [])
    resumed.load_state_dict(state)
    watch(resumed, saved, 15)
    resumed.close()
    pages = [(tmp_path / name / "run" / "report.html").read_bytes() for name in ("whole", "killed")]
    assert pages[0] == pages[1]


def test_without_anything_logged_there_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    callback = ReportCallback()
    callback.close()
    assert list(tmp_path.iterdir()) == []


def test_values_that_are_not_finite_are_shown(tmp_path):
    callback = ReportCallback(tmp_path / "sub" / "report.html")
    callback.log({"loss": 1.0}, 1)
    callback.log({"loss": math.nan}, 2)
    callback.close()
    assert "<td>loss</td><td>nan</td>" in (tmp_path / "sub" / "report.html").read_text()


@pytest.mark.parametrize("state", [{}, {"curves": 3, "distributions": {}, "beginnings": {}, "rasters": {}}])
def test_a_foreign_state_is_refused(state):
    with pytest.raises(CheckpointError, match="no state of a report callback"):
        ReportCallback().load_state_dict(state)


def test_what_is_not_allowed_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"^odd: must have one or two dimensions"):
        ReportCallback().log_array("odd", np.zeros((2, 2, 2)), 1)
    with pytest.raises(ConfigurationError, match=r"^metrics\.loss: must be a number"):
        ReportCallback().log({"loss": "x"}, 1)
    with pytest.raises(ConfigurationError, match="path: must name a file"):
        ReportCallback("")
    with pytest.raises(ConfigurationError, match=r"^callbacks\[0\]\.path: its length must be >= 1"):
        structure(ReportOptions, {"path": ""}, "callbacks[0]")
