"""The inner loop, and the meta-gradient of one task by each method (specs/maml.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from numpy.typing import NDArray

from sc_core.contracts import Batch, Task
from sc_core.model import Network
from sc_gradient import GradientEngine
from sc_plugin_maml.tasks import joined

Weights: TypeAlias = list[NDArray[Any]]
"""One array per projection."""


def copy_weights(network: Network) -> Weights:
    """Return a copy of every projection's weights."""
    return [projection.data.copy() for projection in network.projections]


def set_weights(network: Network, weights: Sequence[NDArray[Any]]) -> None:
    """Write weights into the network."""
    for projection, values in zip(network.projections, weights, strict=True):
        projection.data[...] = values


@contextmanager
def kept_weights(network: Network) -> Iterator[Weights]:
    """Put the weights back at the end, whatever happens in between; yields them."""
    before = copy_weights(network)
    try:
        yield before
    finally:
        set_weights(network, before)


def descend(engine: GradientEngine, batch: Batch, rate: float, n_steps: int) -> list[float]:
    """Take steps of plain gradient descent in place (eq. 1) and return the loss before each.

    The gradient of a frozen projection is 0.
    """
    losses = []
    for _ in range(n_steps):
        loss, gradients = engine.loss_and_gradient(batch)
        for projection, gradient in zip(engine.network.projections, gradients, strict=True):
            projection.data -= gradient.dtype.type(rate) * gradient
        losses.append(loss)
    return losses


def first_order(engine: GradientEngine, task: Task, rate: float, n_steps: int) -> tuple[float, Weights]:
    """Return the query loss after the inner loop and its gradient there (eq. 4)."""
    with kept_weights(engine.network):
        descend(engine, task.support, rate, n_steps)
        return engine.loss_and_gradient(task.query)


def second_order(engine: GradientEngine, task: Task, rate: float, n_steps: int) -> tuple[float, Weights]:
    """Return the query loss after the inner loop and its derivative by the first weights (eq. 6)."""
    network = engine.network
    with kept_weights(network):
        path = []
        for _ in range(n_steps):
            path.append(copy_weights(network))
            descend(engine, task.support, rate, 1)
        loss, meta = engine.loss_and_gradient(task.query)
        for weights in reversed(path):
            set_weights(network, weights)
            products = engine.hessian_vector_product(task.support, meta)[2]
            for values, product in zip(meta, products, strict=True):
                values -= values.dtype.type(rate) * product
        return loss, meta


def reptile(engine: GradientEngine, task: Task, rate: float, n_steps: int) -> tuple[float, Weights]:
    """Return the query loss after an inner loop on both sets, and by how much the weights moved, negated (eq. 5)."""
    with kept_weights(engine.network) as before:
        descend(engine, joined(task), rate, n_steps)
        loss = engine.loss_and_outputs(task.query)[0]
        after = [projection.data for projection in engine.network.projections]
        return loss, [old - new for old, new in zip(before, after, strict=True)]
