"""Splits: disjoint, complete, stratified, seeded, and the test part stays out of everything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_core.errors import ConfigurationError
from sc_run.data import dataset_from_arrays, load, split, stratified_folds


def generator(seed=7):
    return np.random.default_rng(seed)


def labelled(counts, n_test=0):
    labels = generator(1).permutation(np.repeat(np.arange(len(counts)), counts))
    inputs = np.arange(labels.size, dtype=np.float32)[:, np.newaxis]
    if not n_test:
        return dataset_from_arrays("labelled", inputs, labels)
    return dataset_from_arrays(
        "labelled", inputs[:-n_test], labels[:-n_test], inputs[-n_test:], labels[-n_test:]
    )


def sequences(n):
    return dataset_from_arrays("sequences", np.zeros((n, 4, 2)), np.zeros((n, 4, 1)))


def assert_disjoint_and_complete(parts, n_samples):
    together = np.concatenate([parts.train, parts.validation, parts.test])
    np.testing.assert_array_equal(np.sort(together), np.arange(n_samples))
    for part in (parts.train, parts.validation, parts.test):
        assert (np.diff(part) > 0).all()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    test_fraction=st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    validation_fraction=st.sampled_from([0.0, 0.1, 0.2, 0.5]),
    counts=st.lists(st.integers(20, 60), min_size=2, max_size=5),
)
def test_every_split_is_disjoint_complete_and_stratified(seed, test_fraction, validation_fraction, counts):
    dataset = labelled(counts)
    parts = split(
        dataset, generator(seed), test_fraction=test_fraction, validation_fraction=validation_fraction
    )
    assert_disjoint_and_complete(parts, sum(counts))
    for label, count in enumerate(counts):
        in_test, in_validation = (
            (dataset.targets[part] == label).sum() for part in (parts.test, parts.validation)
        )
        assert abs(in_test - test_fraction * count) <= 1
        assert abs(in_validation - validation_fraction * (count - in_test)) <= 1


def test_digits_are_split_as_the_readme_says():
    digits = load("digits")
    parts = split(digits, generator())
    assert_disjoint_and_complete(parts, 1797)
    assert parts.test.size == 450  # the held-out quarter
    assert parts.validation.size == 203
    share = np.bincount(digits.targets) / 1797
    for part in (parts.train, parts.validation, parts.test):
        assert abs(np.bincount(digits.targets[part], minlength=10) / part.size - share).max() < 0.005


def test_digits_hold_no_sample_twice_so_that_none_leaks_across_a_split():
    digits = load("digits")
    assert len(np.unique(digits.inputs, axis=0)) == digits.n_samples


def test_the_seed_decides():
    digits = load("digits")
    first, again, other = (split(digits, generator(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.validation, again.validation)
    assert not np.array_equal(first.test, other.test)


def test_an_official_test_part_is_the_test_part_whatever_the_fraction():
    dataset = labelled([40, 60], n_test=30)
    for fraction in (0.0, 0.1, 0.5):
        parts = split(dataset, generator(), test_fraction=fraction, validation_fraction=0.2)
        assert_disjoint_and_complete(parts, 100)
        np.testing.assert_array_equal(parts.test, np.arange(70, 100))
        assert parts.validation.size == 14


def test_the_folds_of_a_seed_are_disjoint_and_cover_the_data():
    dataset = labelled([35, 50, 15])
    folds = [split(dataset, generator(), fold=fold, n_folds=5, validation_fraction=0.2) for fold in range(5)]
    for parts in folds:
        assert_disjoint_and_complete(parts, 100)
        np.testing.assert_array_equal(np.bincount(dataset.targets[parts.test]), [7, 10, 3])
        assert parts.validation.size == 16
    np.testing.assert_array_equal(np.sort(np.concatenate([parts.test for parts in folds])), np.arange(100))
    for parts, fold in zip(folds, stratified_folds(dataset.targets, 5, generator()), strict=True):
        np.testing.assert_array_equal(parts.test, fold)


def test_samples_of_sequences_are_split_at_random():
    parts = split(sequences(50), generator(), test_fraction=0.2, validation_fraction=0.25)
    assert_disjoint_and_complete(parts, 50)
    assert (parts.test.size, parts.validation.size) == (10, 10)
    tests = [split(sequences(50), generator(), fold=fold, n_folds=7).test for fold in range(7)]
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(50))
    assert {len(test) for test in tests} == {7, 8}


REFUSED = [
    ("data.test_fraction", labelled([9, 9]), {"test_fraction": 1.0}),
    ("data.test_fraction", labelled([9, 9]), {"test_fraction": -0.1}),
    ("data.test_fraction", labelled([9, 9]), {"test_fraction": float("nan")}),
    ("data.test_fraction", labelled([9, 1]), {}),
    ("data.validation_fraction", labelled([9, 9]), {"validation_fraction": 1.5}),
    ("data.validation_fraction", labelled([9, 9]), {"test_fraction": 0.0, "validation_fraction": 0.01}),
    ("data.n_folds", labelled([9, 9]), {"fold": 0}),
    ("data.fold", labelled([9, 9]), {"n_folds": 3}),
    ("data.fold", labelled([9, 9]), {"fold": 3, "n_folds": 3}),
    ("data.fold", labelled([9, 9]), {"fold": -1, "n_folds": 3}),
    ("data.fold", labelled([9, 9], n_test=4), {"fold": 0, "n_folds": 3}),
    ("data.n_folds", labelled([9, 3]), {"fold": 0, "n_folds": 4}),
    ("data.n_folds", labelled([9, 9]), {"fold": 0, "n_folds": 1}),
    ("data.n_folds", sequences(5), {"fold": 0, "n_folds": 6}),
]


@pytest.mark.parametrize(("path", "dataset", "arguments"), REFUSED)
def test_impossible_splits_are_refused_by_name(path, dataset, arguments):
    with pytest.raises(ConfigurationError) as caught:
        split(dataset, generator(), **arguments)
    assert caught.value.path == path
