"""Event files of the callback `tensorboard`, read back by TensorBoard's own reader."""

import io
import json

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorboard", reason="tensorboard is not installed; `tox run -e oracles` has it")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sc_core import registry


def read(folder):
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0, "images": 0}).Reload()


def scalars(folder, name):
    return [(event.step, event.value) for event in read(folder).Scalars(name)]


def test_scalars_histograms_and_images_come_back(tmp_path):
    callback = registry.create("callback", "tensorboard", log_dir=tmp_path)
    for step in range(1, 51):
        callback.log({"loss": 1 / step, "validation_loss": float(step)}, step)
    weights = np.random.default_rng(0).normal(size=1000)
    callback.log_array("weights/a->b", weights, 50)
    raster = np.zeros((30, 20))
    raster[7, 3] = 1.0
    callback.log_array("raster/hidden", raster, 50)
    callback.close()

    assert scalars(tmp_path, "loss") == [(step, pytest.approx(1 / step, rel=1e-6)) for step in range(1, 51)]
    assert scalars(tmp_path, "validation_loss")[-1] == (50, 50.0)
    (event,) = read(tmp_path).Histograms("weights/a->b")
    histogram = event.histogram_value
    assert (event.step, histogram.num) == (50, 1000)
    assert (histogram.min, histogram.max) == (weights.min(), weights.max())
    below = [(weights < limit).sum() for limit in histogram.bucket_limit[:-1]]
    np.testing.assert_array_equal(np.cumsum(histogram.bucket), [*below, 1000])
    (image,) = read(tmp_path).Images("raster/hidden")
    assert (image.step, image.width, image.height) == (50, 30, 20)
    pixels = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)).convert("L"))
    assert np.argwhere(pixels).tolist() == [[3, 7]]


def test_a_figure_comes_back(tmp_path):
    mpl.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2), dpi=50)
    figure.subplots().plot([0, 1])
    callback = registry.create("callback", "tensorboard", log_dir=tmp_path)
    callback.log_figure("curve", figure, 1)
    callback.close()
    (image,) = read(tmp_path).Images("curve")
    assert (image.width, image.height) == (150, 100)


def test_after_a_resumption_each_step_is_shown_once(tmp_path):
    first = registry.create("callback", "tensorboard", log_dir=tmp_path)
    for step in range(1, 6):
        first.log({"loss": float(step)}, step)
    state = json.loads(json.dumps(first.state_dict()))
    for step in range(6, 9):
        first.log({"loss": float(step)}, step)
    first.close()  # killed here; the resumed run makes steps 6 to 10
    resumed = registry.create("callback", "tensorboard", log_dir=tmp_path)
    resumed.load_state_dict(state)
    for step in range(6, 11):
        resumed.log({"loss": 10.0 * step}, step)
    resumed.close()
    expected = [(step, float(step)) for step in range(1, 6)] + [(step, 10.0 * step) for step in range(6, 11)]
    assert scalars(tmp_path, "loss") == expected
