"""Losses that are a mean over steps, taken on the part of a sequence that is at hand."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_gradient import Loss, MeanSquare, StepwiseCrossEntropy

Array: TypeAlias = NDArray[Any]


def is_stepwise(loss: Loss) -> bool:
    """Whether a loss is the mean over steps of a loss of each single step."""
    return isinstance(loss, MeanSquare | StepwiseCrossEntropy)


def first_counted(loss: Loss, n_steps: int) -> int:
    """Return the first step of a sequence that a stepwise loss counts; it counts all from there on."""
    last = getattr(loss, "last", None)
    return 0 if last is None else max(0, n_steps - last)


def loss_sum_and_gradient(loss: Loss, outputs: Array, targets: Array, uncounted: int) -> tuple[float, Array]:
    """Return the sum of a stepwise loss over the steps that count, and the sum's gradient.

    Parameters
    ----------
    loss : Loss
        A stepwise one.
    outputs : ndarray, shape (n_steps, batch, n_output)
        Of some steps in the middle of a sequence.
    targets : ndarray
        Labels (batch,), or those of the same steps.
    uncounted : int
        How many of these steps, at their beginning, do not count.

    Returns
    -------
    float, ndarray of the shape of `outputs`
    """
    if uncounted >= len(outputs):
        return 0.0, np.zeros_like(outputs)
    counted = outputs[uncounted:]
    if targets.ndim == outputs.ndim:
        targets = targets[uncounted:]
    of_these = attrs.evolve(loss, last=None) if isinstance(loss, StepwiseCrossEntropy) else loss
    value, gradient = of_these.loss_and_gradient(counted, targets)
    whole = np.zeros_like(outputs)
    whole[uncounted:] = gradient * outputs.dtype.type(len(counted))
    return value * len(counted), whole
