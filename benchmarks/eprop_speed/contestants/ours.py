"""sc-plugin-eprop as its users call it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from bptt_speed.task import Convention
from numpy.typing import NDArray

from eprop_speed.task import SURROGATE_SCALE, TAU, Task
from sc_core import LI, LIF, Batch, Input, Network, Population, Projection
from sc_plugin_eprop import EpropLearner

CONVENTION = Convention()
DISTRIBUTIONS = ("sc-plugin-eprop", "sc-gradient", "sc-core", "sc-native", "numpy", "scipy")


def build(task: Task) -> Network:
    """Return the network of a task."""
    n_input, n = task.input_weights.shape
    gain = 1 / (1 - math.exp(-1 / TAU))
    source = Population("source", n_input, Input())
    recurrent = Population("recurrent", n, LIF(tau=TAU, r=gain))
    readout = Population("readout", task.output_weights.shape[1], LI(tau=TAU))
    return Network(
        [source, recurrent, readout],
        [
            Projection(source, recurrent, task.input_weights),
            Projection(recurrent, recurrent, task.recurrent_weights, delay=1),
            Projection(recurrent, readout, task.output_weights),
        ],
    )


class Ours:
    """The learner, driven by the server.

    Parameters
    ----------
    task : Task
    mode : {"online", "stored"}
    """

    def __init__(self, task: Task, mode: Literal["online", "stored"]) -> None:
        self.learner = EpropLearner(build(task), lr=1e-6, mode=mode, surrogate_scale=SURROGATE_SCALE)

    def check(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Return the loss and the norm of each projection's gradient."""
        loss, gradients = self.learner.loss_and_gradient(Batch(spikes, labels))
        return loss, [float(np.linalg.norm(gradient)) for gradient in gradients]

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Take one training step."""
        return self.learner.train_step(spikes, labels)
