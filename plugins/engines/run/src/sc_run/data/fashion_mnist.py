"""The data set `fashion-mnist`: photographs of clothes, 28 x 28 pixels, from the original IDX files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sc_core.errors import ConfigurationError, ShapeError
from sc_run.data.dataset import Dataset
from sc_run.data.idx import read_idx

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` installs the files."""

_N_CLASSES = 10


def load_fashion_mnist(folder: Path = DEBIAN_FOLDER) -> Dataset:
    """Load Fashion-MNIST: 60,000 samples and 10,000 official test samples, 784 pixels in [0, 1], 10 classes.

    H. Xiao, K. Rasul, R. Vollgraf (2017), *Fashion-MNIST* (arXiv:1708.07747). It takes 220 MB. A folder with
    MNIST's own files, which have the same names and format, loads as well.

    Parameters
    ----------
    folder : path
        Holds the four files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, with or without ``.gz``.

    Raises
    ------
    ConfigurationError
        If the folder or a file is absent, truncated or of another kind.
    ShapeError
        If images and labels differ in number, or training and test images in size.
    """
    if not folder.is_dir():
        raise ConfigurationError(
            "data.folder",
            f"there is no folder {str(folder)!r}. On Debian: apt-get install dataset-fashion-mnist; "
            "elsewhere set folder to one that holds the four original IDX files",
        )
    train_images, train_labels = _read_part(folder, "train")
    test_images, test_labels = _read_part(folder, "t10k")
    if train_images.shape[1:] != test_images.shape[1:]:
        raise ShapeError(
            f"{folder}: training images are {train_images.shape[1:]}, test images {test_images.shape[1:]}"
        )
    n_train, n_test = len(train_images), len(test_images)
    inputs = np.empty((n_train + n_test, train_images[0].size), np.float32)
    np.divide(train_images.reshape(n_train, -1), np.float32(255), out=inputs[:n_train])
    np.divide(test_images.reshape(n_test, -1), np.float32(255), out=inputs[n_train:])
    labels = np.concatenate([train_labels, test_labels]).astype(np.int64)
    return Dataset("fashion-mnist", inputs, labels, _N_CLASSES, n_test)


def _read_part(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images, shape (n, height, width), and labels, shape (n,), of the part "train" or "t10k"."""
    images = read_idx(_find(folder, f"{part}-images-idx3-ubyte"), n_dimensions=3)
    labels_file = _find(folder, f"{part}-labels-idx1-ubyte")
    labels = read_idx(labels_file, n_dimensions=1)
    if len(images) != len(labels):
        raise ShapeError(f"{folder}: {part} has {len(images)} images, but {len(labels)} labels")
    if images.size == 0:
        raise ConfigurationError("data.folder", f"{folder}: the {part} images are empty")
    if labels.max() >= _N_CLASSES:
        raise ConfigurationError(
            "data.folder", f"{labels_file}: labels must be from 0 to 9, found {labels.max()}"
        )
    return images, labels


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise ConfigurationError("data.folder", f"{str(folder)!r} holds neither {name} nor {name}.gz")
