"""Mean squared difference from a target sequence, of the output itself or of its filtered spikes."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_gradient.losses.exponential_filter import decay_of, trace, trace_backward
from sc_gradient.losses.loss import Array, target_sequences


@attrs.frozen
class MeanSquare:
    """Mean over steps, sequences and outputs of the squared difference from a target sequence."""

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the loss and its gradient; `targets` have the shape of `outputs`.

        Raises
        ------
        ShapeError
            If the shapes differ.
        """
        difference = outputs - target_sequences(outputs, targets)
        loss = float(np.mean(np.square(difference), dtype=np.float64))
        return loss, difference * outputs.dtype.type(2.0 / outputs.size)

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the gradient along `direction` (specs/hessian-vector-product.md, eq. 19)."""
        return direction * outputs.dtype.type(2.0 / outputs.size)


@attrs.frozen
class FilteredMeanSquare:
    """Mean squared difference of the exponentially filtered output from a target sequence.

    The target is a smooth sequence and is not filtered; for target spikes see `VanRossum`.

    Parameters
    ----------
    tau : float
        Time constant of the filter, ms. The filtered output is a weighted mean of the past: that of a neuron that
        fires in every step tends to 1.
    dt : float
        Length of a step, ms: the network's.

    Examples
    --------
    >>> import numpy as np
    >>> spikes, target = np.zeros((100, 1, 1)), np.full((100, 1, 1), 0.5)
    >>> spikes[::2] = 1.0
    >>> loss, _ = FilteredMeanSquare(tau=5.0).loss_and_gradient(spikes, target)
    >>> round(loss, 4)
    0.0064
    """

    tau: float = attrs.field(default=20.0, validator=attrs.validators.gt(0))
    dt: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the loss and its gradient; `targets` have the shape of `outputs`.

        Raises
        ------
        ShapeError
            If the shapes differ.
        """
        target = target_sequences(outputs, targets)
        decay = decay_of(self.tau, self.dt)
        gain = outputs.dtype.type(1 - decay)
        difference = gain * trace(outputs, decay) - target
        loss = float(np.mean(np.square(difference), dtype=np.float64))
        return loss, trace_backward(difference * (gain * outputs.dtype.type(2.0 / outputs.size)), decay)

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the gradient along `direction` (specs/hessian-vector-product.md, eq. 20)."""
        return self.loss_and_gradient(direction, np.zeros_like(direction))[1]
