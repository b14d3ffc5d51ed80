"""What a loss is, and how its targets are checked."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import NumericalError, ShapeError

Array: TypeAlias = NDArray[np.floating[Any]]


@runtime_checkable
class Loss(Protocol):
    """A loss with a gradient. One that needs the length of a step has it as an attribute `dt` (ms)."""

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the loss and dL/d outputs.

        Parameters
        ----------
        outputs : ndarray, shape (n_steps, batch, n_output)
        targets : ndarray
            What the loss compares with: labels (batch,) or sequences (n_steps, batch, n_output).

        Returns
        -------
        float, ndarray of the shape and dtype of `outputs`

        Raises
        ------
        ShapeError
            If `targets` do not fit `outputs`.
        """
        ...


@runtime_checkable
class TwiceDifferentiable(Loss, Protocol):
    """A loss whose gradient has a derivative, too (specs/hessian-vector-product.md)."""

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of dL/d outputs along `direction`.

        Parameters
        ----------
        outputs, targets : ndarray
            As in `loss_and_gradient`.
        direction : ndarray, shape (n_steps, batch, n_output)
            How the outputs change.

        Returns
        -------
        ndarray of the shape and dtype of `outputs`
        """
        ...


def target_sequences(outputs: Array, targets: NDArray[Any]) -> Array:
    """Return target sequences in the dtype of `outputs`, or raise `ShapeError` where they have another shape."""
    if targets.shape != outputs.shape:
        raise ShapeError(f"targets have shape {targets.shape}, expected that of the outputs, {outputs.shape}")
    return targets.astype(outputs.dtype)


def refuse_non_finite(loss: float) -> float:
    """Return `loss`, or raise `NumericalError` where it is NaN or infinite."""
    if not np.isfinite(loss):
        raise NumericalError(f"the loss is {loss}")
    return loss
