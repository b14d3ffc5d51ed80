"""Losses with their gradients, on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi
from sc_native.buffers import Buffers, check, kernel

_LABEL = np.dtype(np.int64)


def stepwise_cross_entropy(scores: NDArray[Any], labels: NDArray[np.int64], gradient: NDArray[Any]) -> float:
    """Return the mean over steps and sequences of the cross-entropy of the scores' softmax; write its gradient.

    Parameters
    ----------
    scores : ndarray, shape (n_steps, batch, n), C-contiguous, float32 or float64
    labels : ndarray, shape (batch,)
        Each < n.
    gradient : ndarray
        Of the shape and dtype of `scores`.
    """
    buffers, loss = Buffers(), ffi.new("double *")
    code = kernel("sc_stepwise_cross_entropy", scores.dtype)(
        buffers.pointer(scores, scores.dtype, scores.size, "scores"),
        buffers.pointer(labels, _LABEL, scores.shape[1], "labels"),
        *scores.shape,
        loss,
        buffers.pointer(gradient, scores.dtype, scores.size, "gradient"),
    )
    check(code, "sc_stepwise_cross_entropy")
    return float(loss[0])
