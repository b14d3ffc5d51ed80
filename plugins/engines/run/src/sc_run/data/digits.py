"""The data set `digits`: handwritten digits of 8 x 8 pixels, shipped inside scikit-learn."""

from __future__ import annotations

import numpy as np

from sc_run.data.dataset import Dataset, dataset_from_arrays


def load_digits() -> Dataset:
    """Load 1797 handwritten digits, 64 pixels in [0, 1] each, 10 classes.

    It is the test set of Alpaydin & Kaynak's *Optical Recognition of Handwritten Digits* (UCI, 1998), as
    ``sklearn.datasets.load_digits`` has it; its values 0 ... 16 are divided by 16.

    Examples
    --------
    >>> from sc_run.data import load
    >>> load("digits").inputs.shape
    (1797, 64)
    """
    from sklearn.datasets import load_digits as load_from_sklearn

    pixels, labels = load_from_sklearn(return_X_y=True)
    return dataset_from_arrays("digits", (pixels / 16.0).astype(np.float32), labels.astype(np.int64))
