"""Sequences as a user hands them to a learner, made a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sc_core.contracts import Batch
from sc_core.errors import ShapeError


def as_batch(inputs: ArrayLike, targets: ArrayLike) -> Batch:
    """Return a batch; a single sequence gets its batch axis.

    Parameters
    ----------
    inputs : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
    targets : array_like
        One sequence: a label, or shape (n_steps, n_output). A batch: as in `sc_core.Batch`.

    Returns
    -------
    sc_core.Batch

    Raises
    ------
    ShapeError
        If the inputs are one sequence and the targets are not those of one.

    Examples
    --------
    >>> import numpy as np
    >>> as_batch(np.zeros((10, 4)), 2).targets
    array([2])
    """
    inputs, targets = np.asarray(inputs), np.asarray(targets)
    if inputs.ndim != 2:
        return Batch(inputs, targets)
    if targets.ndim == 0:
        return Batch(inputs[:, None], targets[None])
    if targets.ndim == 2:
        return Batch(inputs[:, None], targets[:, None])
    raise ShapeError(
        f"targets of one sequence are a label or have shape (n_steps, n_output), got shape {targets.shape}"
    )
