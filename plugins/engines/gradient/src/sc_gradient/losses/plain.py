"""A plain callable as a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ShapeError
from sc_gradient.losses.loss import Array


@attrs.frozen
class PlainLoss:
    """A callable that only returns a float; the error signal is (spikes - targets) / n_steps."""

    function: Callable[[Array, NDArray[Any]], float]

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return ``function(outputs, targets)`` and the documented error signal.

        A batch of one sequence is handed to the function without its batch axis, as its author sees it.
        """
        if targets.shape != outputs.shape:
            raise ShapeError(
                f"targets have shape {targets.shape}; a loss without a gradient needs that of the outputs, "
                f"{outputs.shape}"
            )
        single = outputs.shape[1] == 1
        seen = (outputs[:, 0], targets[:, 0]) if single else (outputs, targets)
        loss = float(self.function(*seen))
        steps_and_sequences = outputs.dtype.type(outputs.shape[0] * outputs.shape[1])
        return loss, (outputs - targets.astype(outputs.dtype)) / steps_and_sequences

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the error signal along `direction`."""
        return np.asarray(direction / outputs.dtype.type(outputs.shape[0] * outputs.shape[1]))
