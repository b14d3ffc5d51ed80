"""Which samples train, validate and test: disjoint, complete, and stratified where targets are labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from sc_core.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sc_run.data.dataset import Dataset


@attrs.frozen(eq=False)
class Split:
    """Three disjoint sets of samples that together are all of a data set.

    Parameters
    ----------
    train, validation, test : ndarray, int64
        Indices of samples, ascending.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split(
    dataset: Dataset,
    rng: np.random.Generator,
    *,
    test_fraction: float = 0.25,
    validation_fraction: float = 0.15,
    fold: int | None = None,
    n_folds: int | None = None,
) -> Split:
    """Split a data set into training, validation and test samples.

    The test part is the official one where the data set has one; else fold number `fold` of `n_folds` where
    these are given; else `test_fraction` of the samples. Of all others, `validation_fraction` validate and
    the rest train. Where targets are labels, each class is divided in these proportions.

    Parameters
    ----------
    dataset : Dataset
    rng : numpy.random.Generator
        The same state gives the same split; the folds of one state are disjoint and cover the data set.
    test_fraction : float
        In [0, 1); of no effect where there is an official test part, or folds are given.
    validation_fraction : float
        In [0, 1), of the samples that are not for testing.
    fold, n_folds : int, optional
        For cross-validation: 0 <= fold < n_folds, n_folds >= 2.

    Returns
    -------
    Split

    Raises
    ------
    ConfigurationError
        If an argument is not allowed, or the data set is too small for it. The path is the key in a run's
        TOML, ``data.test_fraction`` for example.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_run.data import load, split
    >>> parts = split(load("digits"), np.random.default_rng(7))
    >>> parts.train.size, parts.validation.size, parts.test.size
    (1144, 203, 450)
    """
    for key, fraction in (("test_fraction", test_fraction), ("validation_fraction", validation_fraction)):
        if not 0.0 <= fraction < 1.0:
            raise ConfigurationError(f"data.{key}", f"must be at least 0 and less than 1, got {fraction!r}")
    everything = np.arange(dataset.n_samples)
    if (fold is None) != (n_folds is None):
        missing = "fold" if fold is None else "n_folds"
        raise ConfigurationError(
            f"data.{missing}", "is missing: cross-validation needs both fold and n_folds"
        )
    if fold is not None and n_folds is not None:
        if dataset.n_test:
            raise ConfigurationError(
                "data.fold", f"{dataset.name} has an official test part, so it has no folds"
            )
        if not 0 <= fold < n_folds:
            raise ConfigurationError(
                "data.fold", f"must be from 0 to n_folds - 1 = {n_folds - 1}, got {fold}"
            )
        test = _folds(dataset.targets, n_folds, rng)[fold]
        others = np.setdiff1d(everything, test)
    elif dataset.n_test:
        others, test = everything[: -dataset.n_test], everything[-dataset.n_test :]
    else:
        others, test = _take_fraction("data.test_fraction", dataset.targets, everything, test_fraction, rng)
    train, validation = _take_fraction(
        "data.validation_fraction", dataset.targets, others, validation_fraction, rng
    )
    return Split(train, validation, test)


def stratified_folds(
    labels: NDArray[np.generic], n_folds: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Divide samples into folds that hold the same share of every class, as nearly as can be.

    Parameters
    ----------
    labels : ndarray, shape (n_samples,)
        Class labels.
    n_folds : int
        At least 2; every class has at least so many samples.
    rng : numpy.random.Generator

    Returns
    -------
    list of ndarray, int64
        The samples of each fold, ascending: disjoint, together all of them.

    Raises
    ------
    ConfigurationError
        If `n_folds` is less than 2, or a class has fewer samples.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_run.data import stratified_folds
    >>> folds = stratified_folds(np.array([0, 0, 0, 1, 1, 1]), 3, np.random.default_rng(7))
    >>> [fold.size for fold in folds]
    [2, 2, 2]
    """
    if n_folds < 2:
        raise ConfigurationError("data.n_folds", f"must be at least 2, got {n_folds}")
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < n_folds:
        rarest = classes[counts.argmin()]
        raise ConfigurationError(
            "data.n_folds",
            f"must be at most {counts.min()}, the number of samples of class {rarest}, got {n_folds}",
        )
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(n_folds, shuffle=True, random_state=_seed(rng))
    return [fold for _, fold in folds.split(np.zeros(len(labels)), labels)]


def _folds(
    targets: NDArray[np.int64] | NDArray[np.float32], n_folds: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    if targets.ndim == 1:
        return stratified_folds(targets, n_folds, rng)
    if not 2 <= n_folds <= len(targets):
        raise ConfigurationError(
            "data.n_folds", f"must be from 2 to {len(targets)}, the number of samples, got {n_folds}"
        )
    return [np.sort(fold) for fold in np.array_split(rng.permutation(len(targets)), n_folds)]


def _take_fraction(
    key: str,
    targets: NDArray[np.int64] | NDArray[np.float32],
    samples: NDArray[np.int64],
    fraction: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide `samples` into the remaining ones and those taken, stratified where `targets` are labels."""
    if fraction == 0.0:
        return samples, samples[:0]
    from sklearn.model_selection import train_test_split

    try:
        remaining, taken = train_test_split(
            samples,
            test_size=fraction,
            random_state=_seed(rng),
            stratify=targets[samples] if targets.ndim == 1 else None,
        )
    except ValueError as failure:
        raise ConfigurationError(key, f"{len(samples)} samples cannot be divided so: {failure}") from failure
    return np.sort(remaining), np.sort(taken)


def _seed(rng: np.random.Generator) -> int:
    """Return a seed for scikit-learn, which takes no Generator."""
    return int(rng.integers(2**32, dtype=np.uint32))
