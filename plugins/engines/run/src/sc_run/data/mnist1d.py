"""The data set `mnist1d`: digits as one-dimensional signals in time, made by the package of that name."""

from __future__ import annotations

import importlib
import random

import numpy as np

from sc_core.errors import MissingDependency
from sc_run.data.dataset import Dataset, dataset_from_arrays


def load_mnist1d() -> Dataset:
    """Generate MNIST-1D: 4000 samples and 1000 official test samples of 40 steps x 1 channel, 10 classes.

    S. Greydanus, D. Kobak (2024), *Scaling down deep learning with MNIST-1D* (ICML). The package's own
    generator makes it, offline, with its default arguments; values have mean 0 and standard deviation 1.

    Raises
    ------
    MissingDependency
        If the package ``mnist1d`` is not installed.
    """
    try:
        generator = importlib.import_module("mnist1d.data")
    except ModuleNotFoundError as absent:
        raise MissingDependency(
            f"the data set 'mnist1d' needs the package {absent.name!r}: pip install 'sc-run[mnist1d]'"
        ) from absent
    # The package seeds and uses the global generators; whoever else uses them must not notice.
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        made = generator.make_dataset(generator.get_dataset_args())
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
    return dataset_from_arrays(
        "mnist1d", made["x"][..., np.newaxis], made["y"], made["x_test"][..., np.newaxis], made["y_test"]
    )
