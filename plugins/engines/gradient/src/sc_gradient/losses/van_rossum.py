"""The van Rossum distance between spike trains."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_gradient.losses.exponential_filter import decay_of, trace, trace_backward
from sc_gradient.losses.loss import Array, target_sequences


@attrs.frozen
class VanRossum:
    """Squared van Rossum distance from target spike trains, summed over outputs (specs/bptt.md, eq. 11).

    A missing spike costs 1/2; a spike moved by s costs 1 - exp(-s/tau).

    Parameters
    ----------
    tau : float
        Time constant of the traces, ms: the precision with which spike times count.
    dt : float
        Length of a step, ms: the network's.

    Notes
    -----
    van Rossum 2001, Neural Computation 13:751. The integral is exact for spikes on the grid of the steps, and
    goes on after the last step until the traces have decayed.

    Examples
    --------
    >>> import numpy as np
    >>> spikes, target = np.zeros((10, 1, 1)), np.zeros((10, 1, 1))
    >>> spikes[3] = 1.0
    >>> loss, _ = VanRossum(tau=5.0).loss_and_gradient(spikes, target)
    >>> round(loss, 12)
    0.5
    """

    tau: float = attrs.field(default=20.0, validator=attrs.validators.gt(0))
    dt: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))

    def loss_and_gradient(self, outputs: Array, targets: NDArray[Any]) -> tuple[float, Array]:
        """Return the mean of the batch and its gradient; `targets` have the shape of `outputs`.

        Raises
        ------
        ShapeError
            If the shapes differ.
        """
        decay = decay_of(self.tau, self.dt)
        difference = trace(outputs - target_sequences(outputs, targets), decay)
        weighted = difference * outputs.dtype.type(1 - decay**2)
        weighted[-1] = difference[-1]
        batch = outputs.shape[1]
        loss = float(np.sum(weighted * difference, dtype=np.float64)) / (2 * batch)
        return loss, trace_backward(weighted / outputs.dtype.type(batch), decay)

    def gradient_derivative(self, outputs: Array, targets: NDArray[Any], direction: Array) -> Array:
        """Return the derivative of the gradient along `direction` (specs/hessian-vector-product.md, eq. 20)."""
        return self.loss_and_gradient(direction, np.zeros_like(direction))[1]
