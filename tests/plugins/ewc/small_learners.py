"""Gradient learners to wrap, so that these tests need no other plugin."""

import attrs
import numpy as np

from sc_core import LI, Batch, Input, Network, Population, Projection
from sc_gradient import GradientEngine, GradientOptions, Optimiser, find_learned_parameters


class Descent:
    """Backpropagation through time with the options that the tests need."""

    Options = GradientOptions
    consumes = Batch

    def __init__(self, network, **options):
        self.options = GradientOptions(**options)
        self.lr = self.options.lr
        learned = find_learned_parameters(network, self.options.learned_parameters)
        self.engine = GradientEngine(
            network,
            self.options.loss_fn,
            self.options.surrogate_derivative(),
            through_reset=False,
            rate_penalties=self.options.rate_penalties,
            learned=learned,
        )
        self.loss = self.engine.loss
        self.optimiser = Optimiser(network, self.options, learned)

    @property
    def parameters(self):
        return self.optimiser.parameters

    def learn(self, batch):
        loss, gradients = self.loss_and_gradient(batch)
        self.apply(gradients)
        return {"loss": loss}

    def loss_and_gradient(self, batch):
        return self.engine.loss_and_gradient(batch)

    def apply(self, gradients):
        self.optimiser.update(gradients, self.lr)

    def state_dict(self):
        return {"lr": self.lr, "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state):
        self.lr = state["lr"]
        self.optimiser.load_state_dict(state["optimiser"])


class Informed(Descent):
    """It takes the sequences of a batch at once, and counts how often it was asked for a gradient instead."""

    asked = 0

    def loss_and_gradient(self, batch):
        self.asked += 1
        return super().loss_and_gradient(batch)

    def fisher_information(self, batch, *, exact):
        return self.engine.fisher_information(batch, exact=exact)


class Parabola:
    """The loss is the mean over samples of 1/2 Σ h (w - y)², for the weights w and two parameters of neurons.

    y is the sample's label in every component: all that EWC does to this learner has a closed form.
    """

    @attrs.frozen
    class Options:
        lr: float = 0.1

    consumes = Batch
    curvature = (np.array([1.0, 2.0, 0.5, 3.0]), np.array([0.7, 0.0]))

    def __init__(self, network, lr=0.1):
        self.lr = lr
        self.network = network
        self.of_neurons = np.array([0.5, -0.5])

    @property
    def parameters(self):
        return [self.network.projections[0].data, self.of_neurons]

    def loss_and_gradient(self, batch):
        loss, gradients = 0.0, []
        for w, h in zip(self.parameters, self.curvature, strict=True):
            distance = w[:, None] - batch.targets[None, :]
            loss += float(np.mean(np.sum(0.5 * h[:, None] * distance**2, axis=0)))
            gradients.append(np.mean(h[:, None] * distance, axis=1))
        return loss, gradients

    def learn(self, batch):
        raise AssertionError("EWC takes the gradient and the step, each by itself")

    def apply(self, gradients):
        for w, g in zip(self.parameters, gradients, strict=True):
            w -= self.lr * g

    def state_dict(self):
        return {"lr": self.lr, "of_neurons": self.of_neurons}

    def load_state_dict(self, state):
        self.lr = state["lr"]
        self.of_neurons[...] = state["of_neurons"]


def two_by_two():
    """A network with four weights, for `Parabola`."""
    source, readout = Population("source", 2, Input()), Population("readout", 2, LI())
    return Network([source, readout], [Projection(source, readout, [[1.0, -2.0], [0.3, 0.9]])])


def labelled(*labels):
    """Sequences of no importance, with labels."""
    return Batch(np.ones((3, len(labels), 2)), np.array(labels))
