"""What a data set is, and the checks that arrays pass before they are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from sc_core.errors import ConfigurationError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Dataset:
    """Samples and what is to be learned of them. Make one from arrays with `dataset_from_arrays`.

    Parameters
    ----------
    name : str
        For messages.
    inputs : ndarray, shape (n_samples, n_features) or (n_samples, n_steps, n_channels)
        Static or temporal values, float32.
    targets : ndarray
        Class labels, shape (n_samples,), int64; or target sequences, shape (n_samples, n_steps, n_output),
        float32.
    n_classes : int or None
        Number of classes; None where targets are sequences.
    n_test : int
        How many samples at the end are the data set's own, official test part; 0 where it has none.

    Raises
    ------
    ConfigurationError
        If a type is another, a value is not finite, or a label or `n_test` is out of range.
    ShapeError
        If a shape is another, or the numbers of samples differ.
    """

    name: str
    inputs: NDArray[np.float32]
    targets: NDArray[np.int64] | NDArray[np.float32]
    n_classes: int | None
    n_test: int = 0

    def __attrs_post_init__(self) -> None:
        _check_inputs_shape(self.name, "inputs", self.inputs)
        _check_targets_shape(self.name, "targets", self.targets)
        _check_match(self.name, "inputs", self.inputs.shape[:1], "targets", self.targets.shape[:1])
        _check_finite(self.name, "inputs", self.inputs)
        _check_finite(self.name, "targets", self.targets)
        if self.inputs.dtype != np.float32:
            raise ConfigurationError(
                "data.name", f"{self.name}: inputs must be float32, not {self.inputs.dtype}"
            )
        is_labels = self.targets.ndim == 1
        if self.targets.dtype != (np.int64 if is_labels else np.float32):
            raise ConfigurationError(
                "data.name",
                f"{self.name}: labels must be int64, target sequences float32, not {self.targets.dtype}",
            )
        if is_labels != (self.n_classes is not None):
            raise ConfigurationError(
                "data.name", f"{self.name}: n_classes belongs to labels, and only to them"
            )
        if self.n_classes is not None and not 0 <= self.targets.min() <= self.targets.max() < self.n_classes:
            raise ConfigurationError(
                "data.name", f"{self.name}: labels must be from 0 to {self.n_classes - 1}"
            )
        if not 0 <= self.n_test < self.n_samples:
            raise ConfigurationError(
                "data.name",
                f"{self.name}: n_test must be less than {self.n_samples} samples, got {self.n_test}",
            )

    @property
    def n_samples(self) -> int:
        """Number of samples, those of the official test part included."""
        return len(self.inputs)

    @property
    def is_temporal(self) -> bool:
        """Whether the inputs have a time axis of their own."""
        return self.inputs.ndim == 3


def dataset_from_arrays(
    name: str,
    inputs: NDArray[Any],
    targets: NDArray[Any],
    test_inputs: NDArray[Any] | None = None,
    test_targets: NDArray[Any] | None = None,
) -> Dataset:
    """Check arrays and make a data set of them.

    Parameters
    ----------
    name : str
        For messages: where the arrays are from.
    inputs : ndarray, shape (n_samples, n_features) or (n_samples, n_steps, n_channels)
        Real numbers; they are stored as float32, without any scaling.
    targets : ndarray
        Class labels from 0, shape (n_samples,), integers; the largest one says how many classes there are. Or
        target sequences, shape (n_samples, n_steps, n_output), real numbers.
    test_inputs, test_targets : ndarray, optional
        The official test part, of the same form.

    Returns
    -------
    Dataset

    Raises
    ------
    ConfigurationError
        If an array has a wrong type or holds NaN or infinity, or a label is negative.
    ShapeError
        If an array is empty, or shapes are wrong or do not match; the message names both.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_run.data import dataset_from_arrays
    >>> dataset = dataset_from_arrays("mine", np.zeros((4, 3)), np.array([0, 1, 1, 0]))
    >>> dataset.inputs.dtype.name, dataset.n_classes
    ('float32', 2)
    """
    all_inputs = _inputs(name, "inputs", inputs)
    all_targets = _targets(name, "targets", targets)
    _check_match(name, "inputs", all_inputs.shape[:1], "targets", all_targets.shape[:1])
    n_test = 0
    if (test_inputs is None) != (test_targets is None):
        missing = "test_inputs" if test_inputs is None else "test_targets"
        raise ConfigurationError(
            "data.name", f"{name}: {missing} is missing: a test part needs both inputs and targets"
        )
    if test_inputs is not None and test_targets is not None:
        more_inputs = _inputs(name, "test_inputs", test_inputs)
        more_targets = _targets(name, "test_targets", test_targets)
        _check_match(name, "test_inputs", more_inputs.shape[:1], "test_targets", more_targets.shape[:1])
        _check_match(name, "inputs", all_inputs.shape[1:], "test_inputs", more_inputs.shape[1:])
        _check_match(name, "targets", all_targets.shape[1:], "test_targets", more_targets.shape[1:])
        n_test = len(more_inputs)
        all_inputs = np.concatenate([all_inputs, more_inputs])
        all_targets = np.concatenate([all_targets, more_targets])
    n_classes = int(all_targets.max()) + 1 if all_targets.ndim == 1 else None
    return Dataset(name, all_inputs, all_targets, n_classes, n_test)


def _inputs(name: str, what: str, values: NDArray[Any]) -> NDArray[np.float32]:
    array = np.asarray(values)
    _check_inputs_shape(name, what, array)
    return _real_numbers(name, what, array)


def _targets(name: str, what: str, values: NDArray[Any]) -> NDArray[np.int64] | NDArray[np.float32]:
    array = np.asarray(values)
    _check_targets_shape(name, what, array)
    if array.ndim == 3:
        return _real_numbers(name, what, array)
    if array.dtype.kind not in "iu":
        raise ConfigurationError(
            "data.name", f"{name}: {what} of shape {array.shape} are labels: integers, not {array.dtype}"
        )
    if array.min() < 0:
        raise ConfigurationError("data.name", f"{name}: {what} must be labels from 0 on, found {array.min()}")
    return array.astype(np.int64, copy=False)


def _real_numbers(name: str, what: str, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind not in "biuf":
        raise ConfigurationError("data.name", f"{name}: {what} must hold real numbers, not {array.dtype}")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinity, which is refused below
        numbers = array.astype(np.float32, copy=False)
    _check_finite(name, what, numbers)
    return np.ascontiguousarray(numbers)


def _check_inputs_shape(name: str, what: str, array: NDArray[Any]) -> None:
    if array.ndim not in (2, 3):
        raise ShapeError(
            f"{name}: {what} must have the shape (n_samples, n_features) "
            f"or (n_samples, n_steps, n_channels), not {array.shape}"
        )
    _check_not_empty(name, what, array)


def _check_targets_shape(name: str, what: str, array: NDArray[Any]) -> None:
    if array.ndim not in (1, 3):
        raise ShapeError(
            f"{name}: {what} must be labels of the shape (n_samples,) or sequences of the shape "
            f"(n_samples, n_steps, n_output), not {array.shape}"
        )
    _check_not_empty(name, what, array)


def _check_finite(name: str, what: str, numbers: NDArray[Any]) -> None:
    if not np.isfinite(numbers).all():
        sample = int(np.flatnonzero(~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1))[0])
        raise ConfigurationError(
            "data.name", f"{name}: {what} hold NaN or infinity, first in sample {sample}"
        )


def _check_not_empty(name: str, what: str, array: NDArray[Any]) -> None:
    if array.size == 0:
        raise ShapeError(f"{name}: {what} of shape {array.shape} are empty")


def _check_match(
    name: str, first: str, first_shape: tuple[int, ...], second: str, second_shape: tuple[int, ...]
) -> None:
    if first_shape != second_shape:
        raise ShapeError(
            f"{name}: {first} and {second} do not match: their shapes must agree in "
            f"{first_shape} and {second_shape}"
        )
