"""The windows of a sequence: cut from arrays, or taken one by one from an iterable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sc_core.contracts import Batch
from sc_core.errors import ShapeError
from sc_gradient import as_batch


def cut(batch: Batch, k: int) -> Iterator[Batch]:
    """Return the windows of `k` steps of a batch, views; the last one may be shorter.

    Parameters
    ----------
    batch : sc_core.Batch
        Targets with three axes are sequences and are cut, too; all others hold for every window.
    k : int
        At least 1.

    Raises
    ------
    ShapeError
        If target sequences have another length than the inputs.

    Examples
    --------
    >>> import numpy as np
    >>> [len(window.inputs) for window in cut(Batch(np.zeros((120, 1, 4)), np.array([2])), 50)]
    [50, 50, 20]
    """
    n_steps, targets = len(batch.inputs), batch.targets
    sequences = np.ndim(targets) == 3
    if sequences and len(targets) != n_steps:
        raise ShapeError(f"targets have {len(targets)} steps, the inputs {n_steps}")
    return (
        Batch(batch.inputs[begin : begin + k], targets[begin : begin + k] if sequences else targets)
        for begin in range(0, n_steps, k)
    )


def as_windows(pairs: object) -> Iterator[Batch]:
    """Yield each pair (inputs, targets) of an iterable as a batch.

    Raises
    ------
    ShapeError
        If `pairs` is an array or no iterable, or one of its items is no such pair.
    """
    if isinstance(pairs, np.ndarray) or not isinstance(pairs, Iterable):
        raise ShapeError(
            "targets are missing: give inputs and targets, or an iterable of windows (inputs, targets)"
        )
    for number, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            kind = (
                f"{type(pair).__name__} of {len(pair)}"
                if isinstance(pair, tuple | list)
                else type(pair).__name__
            )
            raise ShapeError(f"window {number} must be a pair (inputs, targets), got a {kind}")
        yield as_batch(*pair)
