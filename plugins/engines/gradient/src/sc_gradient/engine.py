"""The gradient engine: loss, outputs and weight gradients of one batch, for every gradient learner."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch
from sc_core.errors import ConfigurationError, NumericalError, SCError
from sc_core.model import Network
from sc_core.simulation import Forward, NetworkArrays, checked_inputs
from sc_gradient.backward import Backward, Feedback
from sc_gradient.learned_parameters import LearnedParameter
from sc_gradient.losses import (
    CrossEntropy,
    Loss,
    RatePenalty,
    TwiceDifferentiable,
    find_loss,
    refuse_non_finite,
)
from sc_gradient.surrogates import Surrogate
from sc_gradient.tangent import Tangent, checked_direction

_KEPT_SHAPES = 3  # a run has full batches, a last short one, and those of the evaluation


class GradientEngine:
    """Loss and gradient of a network by backpropagation through time.

    Parameters
    ----------
    network : sc_core.Network
    loss : str, mapping, Loss or callable
        As `find_loss` takes it.
    surrogate : Surrogate
    through_reset : bool
        Whether the gradient passes through the reset.
    rate_penalties : sequence of RatePenalty
        Added to the loss.
    learned : sequence of LearnedParameter
        Parameters of neurons whose gradient is wanted, as `find_learned_parameters` returns them.
    feedback : callable, optional
        Returns the projections through which dL/dx goes back to their sources, and the weights that it meets there:
        pairs (Projection, ndarray of shape (n_synapses,)), without a loop. Unless given, all with their own weights,
        which is the gradient.

    Attributes
    ----------
    n_runs : int
        How many sequences or windows it has run: names the last one, for the window after it.

    Notes
    -----
    The arrays of the last shapes are kept, since touching fresh memory costs more than computing on it.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Batch, Input, Network, Population, Projection
    >>> from sc_gradient import GradientEngine, Surrogate
    >>> source, readout = Population("source", 1, Input()), Population("readout", 2, LI())
    >>> network = Network([source, readout], [Projection(source, readout, [[1.0, 1.0]])])
    >>> engine = GradientEngine(network, "cross_entropy_last", Surrogate(), through_reset=False)
    >>> loss, gradients = engine.loss_and_gradient(Batch(np.ones((1, 1, 1)), np.array([0])))
    >>> round(loss, 4), gradients[0].round(4)
    (0.6931, array([-0.0244,  0.0244]))
    """

    def __init__(
        self,
        network: Network,
        loss: str | Mapping[str, Any] | Loss | Callable[..., float],
        surrogate: Surrogate,
        *,
        through_reset: bool,
        rate_penalties: Sequence[RatePenalty] = (),
        learned: Sequence[LearnedParameter] = (),
        feedback: Feedback | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise ConfigurationError(
                "network",
                f"must be a sc_core.Network, got {type(network).__name__}: gradients through time need its "
                "neuron models",
            )
        self.network = network
        self.loss = _loss_for(network, loss)
        for penalty in rate_penalties:
            penalty.check(network)
        self.rate_penalties = tuple(rate_penalties)
        self.surrogate = surrogate
        self.through_reset = through_reset
        self.learned = tuple(learned)
        self.feedback = feedback
        self.n_runs = 0
        self._last: NetworkArrays | None = None
        self._tangent: Tangent | None = None
        self._kept: OrderedDict[tuple[int, int], Backward] = OrderedDict()

    def _backward(self, n_steps: int, batch: int) -> Backward:
        shape = (n_steps, batch)
        if shape not in self._kept:
            arrays = NetworkArrays(self.network, n_steps, batch, record=True)
            self._kept[shape] = Backward(
                Forward(arrays), self.surrogate, self.through_reset, self.learned, self.feedback
            )
            if len(self._kept) > _KEPT_SHAPES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(shape)
        return self._kept[shape]

    def checked_inputs(self, inputs: ArrayLike) -> NDArray[Any]:
        """Return `inputs` as (n_steps, batch, n_input), or refuse them as `outputs` does."""
        return checked_inputs(self.network, inputs)

    def outputs(self, inputs: ArrayLike, *, after: int | None = None) -> NDArray[Any]:
        """Run sequences from the reset state, or the next window of sequences.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, batch, n_input) or (n_steps, n_input)
        after : int, optional
            `n_runs` as it was after the window before: the state goes on from there.

        Returns
        -------
        ndarray, shape (n_steps, batch, n_output)
            A view that the next call overwrites.

        Raises
        ------
        ShapeError, NumericalError
            If the inputs do not fit the network or the window before, or are not finite.
        SCError
            If the engine has run something else since the window before, whose state is lost.
        """
        return self._run(inputs, after).output(self.network.output_population.name)

    def _run(self, inputs: ArrayLike, after: int | None) -> NetworkArrays:
        array = self.checked_inputs(inputs)
        if after is not None and after != self.n_runs:
            raise SCError(
                "the state of the window before is lost: between two windows of a sequence the learner must "
                "not be used for another one"
            )
        previous = None if after is None else self._last
        backward = self._backward(*array.shape[:2])
        arrays = backward.forward.arrays
        if previous is None:
            arrays.reset()
        else:
            arrays.continue_from(previous)
        self.n_runs += 1
        self._last = arrays
        backward.forward.run(array)
        return arrays

    def loss_and_outputs(self, batch: Batch, *, after: int | None = None) -> tuple[float, NDArray[Any]]:
        """Return the loss, and the outputs as `outputs` does."""
        outputs = self.outputs(batch.inputs, after=after)
        return self.loss.loss_and_gradient(outputs, batch.targets)[0], outputs

    def loss_and_gradient(
        self, batch: Batch, *, after: int | None = None
    ) -> tuple[float, list[NDArray[Any]]]:
        """Return the loss and dL/d weights and learned parameters.

        Parameters
        ----------
        batch : sc_core.Batch
        after : int, optional
            As in `outputs`. The gradient goes no further back than the window.

        Returns
        -------
        float, list of ndarray
            One array per projection, in the order of its `data`, zeros where it is frozen; then one, (n,), per
            learned parameter.

        Raises
        ------
        ShapeError, NumericalError
            If the batch does not fit, or the loss or a gradient is not finite.
        """
        arrays = self._run(batch.inputs, after)
        loss, output_gradients = self._loss_and_output_gradients(arrays, batch.targets)
        refuse_non_finite(loss)
        gradients = self._backward(arrays.n_steps, arrays.batch).run(output_gradients)
        for place, gradient in enumerate(gradients):
            # A sum of squares is fast; one that overflows says nothing yet.
            if not math.isfinite(np.vdot(gradient, gradient)) and not np.isfinite(gradient).all():
                raise NumericalError(self._what_exploded(place, arrays))
        return loss, gradients

    def fisher_information(self, batch: Batch, *, exact: bool) -> list[NDArray[np.float64]] | None:
        """Return the sum over sequences of squared gradients, in one pass of the batch (specs/ewc.md, eq. 2-4).

        Parameters
        ----------
        batch : sc_core.Batch
        exact : bool
            Expected over the classes that the network predicts, without what does not depend on the label, or of
            each sequence's own loss.

        Returns
        -------
        list of ndarray, float64, or None
            Of the shapes of what `loss_and_gradient` returns. None where the loss is no `CrossEntropy`, or a
            penalty makes it depend on several sequences at once.

        Raises
        ------
        ShapeError, NumericalError
            As `loss_and_gradient`.
        """
        if not isinstance(self.loss, CrossEntropy) or (self.rate_penalties and not exact):
            return None
        arrays = self._run(batch.inputs, None)
        name = self.network.output_population.name
        outputs = arrays.output(name)
        backward = self._backward(arrays.n_steps, arrays.batch)
        shapes = [projection.data.shape for projection in self.network.projections]
        sums = [np.zeros(shape) for shape in shapes + [parameter.values.shape for parameter in self.learned]]
        of_labels = batch.targets[:, None]
        if exact:
            of_labels = self.loss.alternatives(batch.targets, outputs.shape[2])
        for labels in of_labels.T:
            losses, gradient = self.loss.of_each(outputs, labels)
            share = np.exp(-losses) if exact else np.ones_like(losses)
            backward.add_squares({name: gradient}, share, sums)
        for place, total in enumerate(sums):
            if not np.isfinite(total).all():
                raise NumericalError(self._what_exploded(place, arrays))
        return sums

    def _what_exploded(self, place: int, arrays: NetworkArrays) -> str:
        """Say which gradient is not finite, and since which step of the backward pass."""
        projections = self.network.projections
        if place < len(projections):
            projection = projections[place]
            what, population = f"projection {projection.name!r}", projection.target
        else:
            parameter = self.learned[place - len(projections)]
            what, population = (
                f"{parameter.name} of population {parameter.population.name!r}",
                parameter.population,
            )
        through = arrays[population.name].current
        assert through is not None  # an Input has neither  # noqa: S101
        steps = np.flatnonzero(~np.isfinite(through).all(axis=(1, 2)))
        if not steps.size:
            return f"the gradient of {what} is not finite: its sum over the steps overflowed"
        return f"the gradient of {what} is not finite, going backward first in step {steps[-1]} of {arrays.n_steps}"

    def hessian_vector_product(
        self, batch: Batch, direction: Sequence[NDArray[Any]]
    ) -> tuple[float, list[NDArray[Any]], list[NDArray[Any]]]:
        """Return the loss, its gradient, and the gradient's derivative along a direction of the weights.

        Parameters
        ----------
        batch : sc_core.Batch
        direction : sequence of ndarray, shape (n_synapses,), one per projection
            Of what is frozen it counts as 0.

        Returns
        -------
        float, list of ndarray, list of ndarray
            The gradient and its derivative as `loss_and_gradient` returns the gradient.

        Raises
        ------
        ShapeError, NumericalError
            If batch or direction do not fit, or the loss or a result is not finite.
        ConfigurationError
            If the gradient of the loss has no derivative, or parameters of neurons are learned.

        Notes
        -----
        Pearlmutter 1994; equations and the meaning of a spike's second derivative:
        specs/hessian-vector-product.md.

        Examples
        --------
        >>> import numpy as np
        >>> from sc_core import LI, Batch, Input, Network, Population, Projection
        >>> from sc_gradient import GradientEngine, Surrogate
        >>> source, readout = Population("source", 1, Input()), Population("readout", 1, LI())
        >>> network = Network([source, readout], [Projection(source, readout, [[1.0]])])
        >>> engine = GradientEngine(network, "mean_square", Surrogate(), through_reset=False)
        >>> batch = Batch(np.ones((1, 1, 1)), np.zeros((1, 1, 1)))  # the loss is (0.0488 w)²
        >>> loss, gradients, products = engine.hessian_vector_product(batch, [np.array([3.0])])
        >>> gradients[0].round(5), products[0].round(5)
        (array([0.00476]), array([0.01427]))
        """
        if self.learned:
            raise ConfigurationError("learned_parameters", "have no second order: only weights do")
        if self.feedback is not None:
            raise ConfigurationError("feedback", "has no second order: only the gradient itself does")
        if not isinstance(self.loss, TwiceDifferentiable):
            raise ConfigurationError(
                "loss_fn",
                f"{type(self.loss).__name__} has no method gradient_derivative, which second order needs",
            )
        direction = checked_direction(self.network, direction)
        arrays = self._run(batch.inputs, None)
        loss, output_gradients = self._loss_and_output_gradients(arrays, batch.targets)
        refuse_non_finite(loss)
        backward = self._backward(arrays.n_steps, arrays.batch)
        if self._tangent is None or self._tangent.backward is not backward:
            self._tangent = Tangent(backward)
        tangent = self._tangent
        tangent.forward(direction)
        derivatives = self._output_gradient_derivatives(self.loss, tangent, batch.targets)
        gradients, products = tangent.backward_pass(output_gradients, derivatives)
        for projection, gradient, product in zip(self.network.projections, gradients, products, strict=True):
            if not (np.isfinite(gradient).all() and np.isfinite(product).all()):
                raise NumericalError(
                    f"the gradient of projection {projection.name!r} or its derivative is not finite"
                )
        return loss, gradients, products

    def _output_gradient_derivatives(
        self, loss: TwiceDifferentiable, tangent: Tangent, targets: NDArray[Any]
    ) -> dict[str, NDArray[Any]]:
        """Return the derivative of each dL/d output along that of the output."""
        name = self.network.output_population.name
        derivatives = {
            name: loss.gradient_derivative(tangent.arrays.output(name), targets, tangent.output(name))
        }
        for penalty in self.rate_penalties:
            outputs, direction = tangent.arrays.output(penalty.population), tangent.output(penalty.population)
            slope = penalty.gradient_derivative(outputs, self.network.dt, direction)
            seen = derivatives.get(penalty.population)
            derivatives[penalty.population] = slope if seen is None else seen + slope
        return derivatives

    def _loss_and_output_gradients(
        self, arrays: NetworkArrays, targets: NDArray[Any]
    ) -> tuple[float, dict[str, NDArray[Any]]]:
        """Return the loss with its penalties, and dL/d output of the populations that they look at."""
        name = self.network.output_population.name
        loss, gradient = self.loss.loss_and_gradient(arrays.output(name), targets)
        gradients = {name: gradient}
        for penalty in self.rate_penalties:
            value, slope = penalty.loss_and_gradient(arrays.output(penalty.population), self.network.dt)
            loss += value
            seen = gradients.get(penalty.population)
            gradients[penalty.population] = slope if seen is None else seen + slope
        return loss, gradients


def _loss_for(network: Network, loss: str | Mapping[str, Any] | Loss | Callable[..., float]) -> Loss:
    found = find_loss(loss, network.dt)
    dt = getattr(found, "dt", network.dt)
    if dt != network.dt:
        raise ConfigurationError("loss_fn.dt", f"must be that of the network, {network.dt} ms, got {dt}")
    return found
