"""sc-plugin-bptt as its users call it."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from bptt_speed.task import Convention, Layered, Recurrent
from sc_core import LIF, Batch, Input, Network, Population, Projection
from sc_gradient import Loss
from sc_plugin_bptt import BPTTLearner

CONVENTION = Convention()
DISTRIBUTIONS = ("sc-plugin-bptt", "sc-gradient", "sc-core", "sc-native", "numpy", "scipy")


def _neurons(decay: float, convention: Convention) -> LIF:
    tau = -1 / math.log(decay)
    # With r = 1 / (1 - decay) a current adds to the membrane as it is: u = decay v + current.
    distance = 1.0 if convention.reset_before_decay else 1 / decay
    return LIF(tau=tau, r=1 / (1 - decay), v_reset=1 - distance)


def build(task: Layered | Recurrent, convention: Convention) -> Network:
    """Return the network of a task under a convention."""
    late = int(convention.spikes_one_step_late)
    if isinstance(task, Layered):
        n_input, n_hidden = task.hidden_weights.shape
        inputs = Population("inputs", n_input, Input())
        hidden = Population("hidden", n_hidden, _neurons(task.decay, convention))
        output = Population("output", task.output_weights.shape[1], _neurons(task.decay, convention))
        return Network(
            [inputs, hidden, output],
            [
                Projection(inputs, hidden, task.hidden_weights),
                Projection(hidden, output, task.output_weights, delay=late),
            ],
        )
    n = task.indptr.size - 1
    inputs = Population("inputs", n, Input())
    neurons = Population("neurons", n, _neurons(task.decay, convention))
    one_to_one = scipy.sparse.diags_array(np.full(n, task.input_gain, np.float32), format="csr")
    weights = scipy.sparse.csr_array((task.data, task.indices, task.indptr), shape=(n, n))
    return Network(
        [inputs, neurons],
        [
            Projection(inputs, neurons, one_to_one, trainable=False),
            Projection(neurons, neurons, weights, delay=1),
        ],
    )


class Ours:
    """The learner, driven by the server.

    Parameters
    ----------
    task : Layered or Recurrent
    convention : Convention
    loss_fn : str or Loss
    """

    def __init__(
        self,
        task: Layered | Recurrent,
        convention: Convention = CONVENTION,
        loss_fn: str | Loss = "cross_entropy",
    ) -> None:
        self.network = build(task, convention)
        self.learner = BPTTLearner(
            self.network,
            loss_fn=loss_fn,
            lr=task.lr,
            surrogate="fast_sigmoid",
            surrogate_slope=convention.surrogate_slope,
            surrogate_scale=convention.surrogate_scale,
            through_reset=convention.through_reset,
        )

    def check(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Return the loss and the norm of each trained projection's gradient."""
        loss, gradients = self.learner.loss_and_gradient(Batch(spikes, labels))
        return loss, [
            float(np.linalg.norm(gradient))
            for projection, gradient in zip(self.network.projections, gradients, strict=True)
            if projection.trainable
        ]

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Take one training step."""
        return self.learner.train_step(spikes, labels)


def prepare(task: Layered | Recurrent) -> Ours:
    """Return the contestant."""
    return Ours(task)
