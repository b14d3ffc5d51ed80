"""e-prop in torch without autograd: a loop over the steps for the network, matrix products for the gradients."""

from __future__ import annotations

import math
import os
from typing import Any, TypeAlias

import numpy as np
import torch
from bptt_speed.task import Convention
from numpy.typing import NDArray
from torch.nn import functional

from eprop_speed.task import SURROGATE_SCALE, TAU, Task

CONVENTION = Convention()
DISTRIBUTIONS = ("torch", "numpy")
DECAY = math.exp(-1 / TAU)
Tensor: TypeAlias = Any

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def filtered(values: Tensor) -> Tensor:
    """Return trace[t] = decay · trace[t - 1] + values[t] over the first axis: a product for every 128 steps."""
    length = 128
    steps = torch.arange(length + 1)
    powers = DECAY ** (steps[:-1, None] - steps[None, :-1]).clamp(min=0).float()
    within, left = powers.tril(), (DECAY ** steps[1:].float())[:, None]
    result, last = torch.empty_like(values), torch.zeros_like(values[0])
    for begin in range(0, len(values), length):
        n = min(length, len(values) - begin)
        result[begin : begin + n] = within[:n, :n] @ values[begin : begin + n] + left[:n] * last
        last = result[begin + n - 1]
    return result


class TorchEprop:
    """The three matrices under training by gradient descent."""

    def __init__(self, task: Task) -> None:
        self.weights = [
            torch.tensor(weights)
            for weights in (task.input_weights, task.recurrent_weights, task.output_weights)
        ]

    def _gradients(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[Tensor]]:
        """Return the loss and the gradient of each matrix.

        The sum over time of a signal times a filtered trace is that of the signal filtered backwards times the trace.
        """
        of_input, of_recurrent, of_output = self.weights
        inputs = torch.from_numpy(spikes[:, 0]).float()
        n_steps, n = len(inputs), of_recurrent.shape[0]
        arriving = inputs @ of_input
        fired, membranes = torch.zeros(n_steps + 1, n), torch.empty(n_steps, n)
        v, z = torch.zeros(n), torch.zeros(n)
        for t in range(n_steps):
            membranes[t] = u = DECAY * v + arriving[t] + z @ of_recurrent
            fired[t + 1] = z = (u >= 1).float()
            v = u - z
        traces = filtered(fired)
        outputs = (1 - DECAY) * traces[1:] @ of_output
        labels_of_steps = torch.full((n_steps,), int(labels[0]))
        loss = functional.cross_entropy(outputs, labels_of_steps)
        errors = (outputs.softmax(1) - functional.one_hot(labels_of_steps, outputs.shape[1])) / n_steps
        back = (1 - DECAY) * filtered(errors.flip(0)).flip(0)
        slope = SURROGATE_SCALE * (1 - (membranes - 1).abs()).clamp(min=0)
        signals = back @ of_output.T * slope
        return loss.item(), [
            filtered(inputs).T @ signals,
            traces[:-1].T @ signals,
            (1 - DECAY) * traces[1:].T @ errors,
        ]

    def check(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Return the loss and the norm of each matrix's gradient."""
        loss, gradients = self._gradients(spikes, labels)
        return loss, [gradient.norm().item() for gradient in gradients]

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Take one training step."""
        loss, gradients = self._gradients(spikes, labels)
        for weights, gradient in zip(self.weights, gradients, strict=True):
            weights -= 1e-6 * gradient
        return loss


def prepare(task: Task) -> TorchEprop:
    """Return the contestant."""
    return TorchEprop(task)
