"""The gradient engine: loss, outputs and weight gradients of one batch, for every gradient learner."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch
from sc_core.errors import ConfigurationError, NumericalError
from sc_core.model import Network
from sc_core.simulation import Forward, NetworkArrays, checked_inputs
from sc_gradient.backward import Backward
from sc_gradient.losses import Loss, refuse_non_finite
from sc_gradient.surrogates import Surrogate

_KEPT_SHAPES = 3  # a run has full batches, a last short one, and those of the evaluation


class GradientEngine:
    """Loss and gradient of a network by backpropagation through time.

    Parameters
    ----------
    network : sc_core.Network
    loss : Loss
    surrogate : Surrogate
    through_reset : bool
        Whether the gradient passes through the reset.

    Notes
    -----
    The arrays of the last shapes are kept, since touching fresh memory costs more than computing on it.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Batch, Input, Network, Population, Projection
    >>> from sc_gradient import GradientEngine, Surrogate, find_loss
    >>> source, readout = Population("source", 1, Input()), Population("readout", 2, LI())
    >>> network = Network([source, readout], [Projection(source, readout, [[1.0, 1.0]])])
    >>> engine = GradientEngine(network, find_loss("cross_entropy_last"), Surrogate(), through_reset=False)
    >>> loss, gradients = engine.loss_and_gradient(Batch(np.ones((1, 1, 1)), np.array([0])))
    >>> round(loss, 4), gradients[0].round(4)
    (0.6931, array([-0.0244,  0.0244]))
    """

    def __init__(self, network: Network, loss: Loss, surrogate: Surrogate, *, through_reset: bool) -> None:
        if not isinstance(network, Network):
            raise ConfigurationError(
                "network",
                f"must be a sc_core.Network, got {type(network).__name__}: gradients through time need its "
                "neuron models",
            )
        self.network = network
        self.loss = loss
        self.surrogate = surrogate
        self.through_reset = through_reset
        self._kept: OrderedDict[tuple[int, int], Backward] = OrderedDict()

    def _backward(self, n_steps: int, batch: int) -> Backward:
        shape = (n_steps, batch)
        if shape not in self._kept:
            arrays = NetworkArrays(self.network, n_steps, batch, record=True)
            self._kept[shape] = Backward(Forward(arrays), self.surrogate, self.through_reset)
            if len(self._kept) > _KEPT_SHAPES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(shape)
        return self._kept[shape]

    def outputs(self, inputs: ArrayLike) -> NDArray[Any]:
        """Run sequences from the reset state.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, batch, n_input) or (n_steps, n_input)

        Returns
        -------
        ndarray, shape (n_steps, batch, n_output)
            A view that the next call overwrites.
        """
        array = checked_inputs(self.network, inputs)
        backward = self._backward(*array.shape[:2])
        arrays = backward.forward.arrays
        arrays.reset()
        backward.forward.run(array)
        return arrays.output(self.network.output_population.name)

    def loss_and_gradient(self, batch: Batch) -> tuple[float, list[NDArray[Any]]]:
        """Return the loss and dL/d weights.

        Parameters
        ----------
        batch : sc_core.Batch

        Returns
        -------
        float, list of ndarray
            One array per projection, in the order of its `data`; zeros where it is frozen.

        Raises
        ------
        ShapeError, NumericalError
            If the batch does not fit, or the loss or a gradient is not finite.
        """
        outputs = self.outputs(batch.inputs)
        loss, output_gradient = self.loss.loss_and_gradient(outputs, batch.targets)
        refuse_non_finite(loss)
        gradients = self._backward(*outputs.shape[:2]).run(output_gradient)
        for projection, gradient in zip(self.network.projections, gradients, strict=True):
            if not np.isfinite(gradient).all():
                raise NumericalError(f"the gradient of projection {projection.name!r} is not finite")
        return loss, gradients
