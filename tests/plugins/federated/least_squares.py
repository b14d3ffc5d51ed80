"""A gradient learner to wrap whose gradients have a closed form, so that these tests need no other plugin."""

import attrs
import numpy as np

from sc_core import LI, Batch, Input, Network, Population, Projection


class LeastSquares:
    """The loss is the mean over samples of 1/2 |x W + b - y|², x the input of the first step; with momentum.

    W is the first projection's weights; a second projection is there and stays as it is. b has a double's precision.
    """

    @attrs.frozen
    class Options:
        lr: float = 0.1
        momentum: float = 0.0

    consumes = Batch

    def __init__(self, network, lr=0.1, momentum=0.0):
        self.network, self.lr, self.momentum = network, lr, momentum
        self.bias = np.full(3, 0.1)
        self.velocity = [np.zeros_like(parameter) for parameter in self.parameters]

    @property
    def parameters(self):
        return [*(projection.data for projection in self.network.projections), self.bias]

    def error(self, batch):
        weights = self.network.projections[0].data.reshape(4, 3)
        return batch.inputs[0] @ weights + self.bias - batch.targets[0]

    def loss_and_gradient(self, batch):
        error = self.error(batch)
        gradient = batch.inputs[0].T @ error / len(error)
        frozen = np.zeros_like(self.network.projections[1].data)
        of_weights = gradient.ravel().astype(self.parameters[0].dtype)
        return float(np.mean(np.sum(error**2, axis=1)) / 2), [of_weights, frozen, error.mean(axis=0)]

    def learn(self, batch):
        loss, gradients = self.loss_and_gradient(batch)
        self.apply(gradients)
        return {"loss": loss}

    def apply(self, gradients):
        for parameter, velocity, gradient in zip(self.parameters, self.velocity, gradients, strict=True):
            assert gradient.dtype == parameter.dtype
            velocity *= self.momentum
            velocity += gradient
            parameter -= self.lr * velocity

    def state_dict(self):
        return {"lr": self.lr, "velocity": list(self.velocity), "bias": self.bias}

    def load_state_dict(self, state):
        self.lr = state["lr"]
        for velocity, saved in zip(self.velocity, state["velocity"], strict=True):
            velocity[...] = saved
        self.bias[...] = state["bias"]


def network(seed=0):
    rng = np.random.default_rng(seed)
    source, readout = Population("source", 4, Input()), Population("readout", 3, LI())
    return Network(
        [source, readout],
        [
            Projection(source, readout, rng.normal(size=(4, 3))),
            Projection(source, readout, rng.normal(size=(4, 3)), name="frozen", trainable=False),
        ],
    )


def batch(n_samples, seed=0):
    rng = np.random.default_rng(seed)
    return Batch(rng.normal(size=(1, n_samples, 4)), rng.normal(size=(1, n_samples, 3)))
