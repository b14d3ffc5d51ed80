"""TensorBoard's event files, read record by record; TensorBoard's own reader reads them in tests/oracles."""

from __future__ import annotations

import io
import json
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event

from sc_core import registry
from sc_core.contracts import Callback
from sc_core.errors import CheckpointError, ConfigurationError, MissingDependency
from sc_core.options import structure
from sc_plugin_tensorboard.callback import TensorBoardCallback, TensorBoardOptions


def events(folder: Path) -> list[Event]:
    """Read the records of a folder's files: length (8 bytes), checksum (4), message, checksum (4)."""
    found = []
    for file in sorted(folder.glob("events.out.tfevents.*"), key=lambda file: file.stat().st_mtime_ns):
        content = io.BytesIO(file.read_bytes())
        while header := content.read(12):
            (length,) = struct.unpack_from("<Q", header)
            found.append(Event.FromString(content.read(length)))
            content.read(4)
    return found


def values(folder: Path):
    return [(event.step, value) for event in events(folder) for value in event.summary.value]


def test_the_registry_has_it(tmp_path):
    assert registry.get("callback", "tensorboard") is TensorBoardCallback
    assert isinstance(TensorBoardCallback(tmp_path), Callback)


def test_metrics_are_scalars(tmp_path):
    callback = TensorBoardCallback(tmp_path)
    callback.log({"loss": 2.5, "accuracy": 0.5}, step=1)
    callback.log({"loss": np.float32(1.5)}, np.int64(2))
    callback.close()
    got = [(step, value.tag, value.simple_value) for step, value in values(tmp_path)]
    assert got == [(1, "loss", 2.5), (1, "accuracy", 0.5), (2, "loss", 1.5)]


def test_a_vector_is_a_histogram(tmp_path):
    callback = TensorBoardCallback(tmp_path)
    data = np.array([-1.0, 0.0, 0.5, 0.5, 2.0])
    callback.log_array("weights/a->b", data, 7)
    callback.close()
    ((step, value),) = values(tmp_path)
    assert (step, value.tag) == (7, "weights/a->b")
    histogram = value.histo
    assert (histogram.num, histogram.min, histogram.max) == (5, -1.0, 2.0)
    assert (histogram.sum, histogram.sum_squares) == (data.sum(), np.square(data).sum())
    assert sum(histogram.bucket) == 5


@pytest.mark.parametrize("scale", [1.0, 0.25, 3.0])
def test_a_matrix_is_an_image_with_time_to_the_right(tmp_path, scale):
    callback = TensorBoardCallback(tmp_path)
    raster = np.zeros((5, 3))
    raster[1, 0] = raster[4, 2] = scale
    raster[2, 1] = -1.0
    callback.log_array("raster/hidden", raster, 3)
    callback.close()
    ((step, value),) = values(tmp_path)
    assert (step, value.image.width, value.image.height) == (3, 5, 3)
    pixels = np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)).convert("L"))
    expected = np.zeros((3, 5))
    expected[0, 1] = expected[2, 4] = 255
    np.testing.assert_array_equal(pixels, expected)


def test_a_silent_raster_is_black(tmp_path):
    callback = TensorBoardCallback(tmp_path)
    callback.log_array("raster", np.zeros((4, 2)), 1)
    callback.close()
    ((_, value),) = values(tmp_path)
    assert not np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string))).any()


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 2, 2)])
def test_other_arrays_are_refused_by_name(tmp_path, shape):
    with pytest.raises(ConfigurationError, match=r"^odd: must have one or two dimensions"):
        TensorBoardCallback(tmp_path).log_array("odd", np.zeros(shape), 1)


def test_bad_metrics_are_refused_by_name_and_write_nothing(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^metrics\.b: must be a number"):
        TensorBoardCallback(tmp_path / "log").log({"a": 1.0, "b": "x"}, 1)
    assert not (tmp_path / "log").exists()


def test_the_folder_lies_within_the_run_and_comes_with_the_first_value(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    callback = TensorBoardCallback()
    callback.start(SimpleNamespace(folder=tmp_path / "run"))
    callback.state_dict()
    callback.close()
    assert list(tmp_path.iterdir()) == []
    callback = TensorBoardCallback()
    callback.start(SimpleNamespace(folder=tmp_path / "run"))
    callback.log({"loss": 1.0}, 1)
    callback.close()
    assert len(values(tmp_path / "run" / "runs")) == 1
    callback = TensorBoardCallback()
    callback.log({"loss": 1.0}, 1)
    callback.close()
    assert len(values(tmp_path / "runs")) == 1


def test_what_was_logged_is_on_disk_after_a_checkpoint(tmp_path):
    callback = TensorBoardCallback(tmp_path)
    for step in range(100):
        callback.log({"loss": 1.0}, step)
    callback.state_dict()
    assert len(values(tmp_path)) == 100
    callback.close()


def test_a_resumed_run_marks_later_steps_as_superseded(tmp_path):
    first = TensorBoardCallback(tmp_path)
    first.log({"loss": 1.0}, 1)
    state = json.loads(json.dumps(first.state_dict()))
    first.log({"loss": 0.5}, 2)
    first.close()
    resumed = TensorBoardCallback(tmp_path)
    resumed.load_state_dict(state)
    resumed.log({"loss": 0.25}, 2)
    resumed.close()
    assert len(list(tmp_path.iterdir())) == 2
    starts = [event.step for event in events(tmp_path) if event.session_log.status]
    assert starts == [2]


def test_after_close_values_are_added(tmp_path):
    callback = TensorBoardCallback(tmp_path)
    callback.log({"loss": 1.0}, 1)
    callback.close()
    callback.close()
    assert len(values(tmp_path)) == 1


@pytest.mark.parametrize("state", [{}, {"last_step": 1.5}, {"last_step": "1"}])
def test_a_foreign_state_is_refused(tmp_path, state):
    with pytest.raises(CheckpointError, match="no state of a TensorBoard callback"):
        TensorBoardCallback(tmp_path).load_state_dict(state)


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(
        MissingDependency, match="'tensorboardX', which is not installed; try: pip install tensorboardX"
    ):
        TensorBoardCallback()


def test_options():
    assert structure(TensorBoardOptions, {}, "callbacks[0]").log_dir == "runs"
    with pytest.raises(ConfigurationError, match=r"^callbacks\[0\]\.log_dir: its length must be >= 1"):
        structure(TensorBoardOptions, {"log_dir": ""}, "callbacks[0]")
    with pytest.raises(ConfigurationError, match="log_dir: must name a folder"):
        TensorBoardCallback("")
