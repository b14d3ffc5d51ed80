"""Spyx: `LIF` layers and `RLIF`, compiled by JAX, forward, backward and update in one function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import spyx.axn
import spyx.nn
from flax import nnx
from numpy.typing import NDArray

from bptt_speed.task import Convention, Layered, Recurrent, Task

# `LIF` fires on the membrane of the step before, subtracts the threshold after the decay, and passes the gradient on.
CONVENTION = Convention(through_reset=True, reset_before_decay=False, spikes_one_step_late=True)
DISTRIBUTIONS = ("spyx", "jax", "jaxlib", "flax", "numpy")

Array: TypeAlias = Any
Weights: TypeAlias = list[Array]


def _neuron(kind: Callable[..., Any], n: int, decay: float) -> Any:
    activation = spyx.axn.superspike(Task.surrogate_slope)
    return kind((n,), beta=decay, threshold=1.0, activation=activation, rngs=nnx.Rngs(0))


def _layered(task: Layered) -> tuple[Callable[[Weights, Array], Array], Weights]:
    hidden = _neuron(spyx.nn.LIF, task.hidden_weights.shape[1], task.decay)
    output = _neuron(spyx.nn.LIF, task.output_weights.shape[1], task.decay)

    def outputs(weights: Weights, spikes: Array) -> Array:
        fired, _ = spyx.nn.run(hidden, spikes @ weights[0])
        fired, _ = spyx.nn.run(output, fired @ weights[1])
        return fired

    return outputs, [jnp.asarray(task.hidden_weights), jnp.asarray(task.output_weights)]


def _recurrent(task: Recurrent) -> tuple[Callable[[Weights, Array], Array], Weights]:
    dense, mask = task.dense()
    existing = jnp.asarray(mask)
    template = nnx.split(_neuron(spyx.nn.RLIF, dense.shape[0], task.decay))

    def outputs(weights: Weights, spikes: Array) -> Array:
        neurons = nnx.merge(*template)
        neurons.recurrent_w = nnx.Param(weights[0] * existing)
        fired, _ = spyx.nn.run(neurons, spikes * task.input_gain)
        return fired

    return outputs, [jnp.asarray(dense)]


class Spyx:
    """A Spyx network under training.

    Parameters
    ----------
    task : Layered or Recurrent
    """

    def __init__(self, task: Layered | Recurrent) -> None:
        outputs, self.weights = _layered(task) if isinstance(task, Layered) else _recurrent(task)

        def loss_of(weights: Weights, spikes: Array, labels: Array) -> Array:
            scores = outputs(weights, spikes.astype(jnp.float32)).sum(0)
            log_probability = jax.nn.log_softmax(scores)
            return -jnp.take_along_axis(log_probability, labels[:, None], axis=1).mean()

        self._loss_and_gradient = jax.value_and_grad(loss_of)

        def update(weights: Weights, spikes: Array, labels: Array) -> tuple[Array, Weights]:
            loss, gradients = self._loss_and_gradient(weights, spikes, labels)
            return loss, [
                weight - task.lr * gradient for weight, gradient in zip(weights, gradients, strict=True)
            ]

        # The old weights' memory is given to the new ones, as an update in place would.
        self._update = jax.jit(update, donate_argnums=0)

    def check(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Return the loss and the norm of each weight matrix's gradient."""
        loss, gradients = jax.jit(self._loss_and_gradient)(self.weights, spikes, labels.astype(np.int32))
        return float(loss), [float(jnp.linalg.norm(gradient)) for gradient in gradients]

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Take one training step, and wait for it."""
        loss, self.weights = self._update(self.weights, spikes, labels.astype(np.int32))
        jax.block_until_ready(self.weights)
        return float(loss)


def prepare(task: Layered | Recurrent) -> Spyx:
    """Return the contestant."""
    return Spyx(task)
