"""What the contestants that use torch share: the two networks around their neurons, the loss and the update."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bptt_speed.task import Layered, Recurrent, Task

Tensor: TypeAlias = Any
Step: TypeAlias = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""(currents (batch, n), state or None) -> (spikes (batch, n), state)."""

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@dataclass(frozen=True)
class TorchNeurons:
    """A library's neurons.

    Parameters
    ----------
    step : callable
        One step: (currents (batch, n), state or None) -> (spikes, state).
    sequence : callable, optional
        All steps: currents (n_steps, batch, n) -> spikes. By default `step` in a loop.
    input_factor : float
        What the neurons multiply their currents with: the weights are divided by it.
    """

    step: Step
    sequence: Callable[[Tensor], Tensor] | None = None
    input_factor: float = 1.0

    def run(self, currents: Tensor) -> Tensor:
        """Return the spikes for currents (n_steps, batch, n)."""
        if self.sequence is not None:
            return self.sequence(currents)
        state, spikes = None, []
        for current in currents:
            spike, state = self.step(current, state)
            spikes.append(spike)
        return torch.stack(spikes)


class TorchContestant:
    """A torch network under training.

    Parameters
    ----------
    outputs : callable
        Spikes of the input (n_steps, batch, n_input), float32 -> spikes of the output.
    weights : sequence of torch.Tensor
        What is trained.
    task : Task
    input_factor : float
        Of the neurons: gradients and the learning rate are converted, so that the update is the task's.
    """

    def __init__(
        self,
        outputs: Callable[[Tensor], Tensor],
        weights: Sequence[Tensor],
        task: Task,
        input_factor: float = 1.0,
    ) -> None:
        self.outputs, self.weights, self.input_factor = outputs, weights, input_factor
        self.optimiser = torch.optim.SGD(weights, lr=task.lr / input_factor**2)

    def _backward(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> Tensor:
        self.optimiser.zero_grad()
        scores = self.outputs(torch.from_numpy(spikes).float()).sum(0)
        loss = functional.cross_entropy(scores, torch.from_numpy(labels))
        loss.backward()
        return loss

    def check(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Return the loss and the norm of each weight matrix's gradient."""
        loss = self._backward(spikes, labels).item()
        return loss, [weight.grad.norm().item() / self.input_factor for weight in self.weights]

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Take one training step."""
        loss = self._backward(spikes, labels)
        self.optimiser.step()
        return float(loss.item())


def trained(array: NDArray[np.float32], neurons: TorchNeurons) -> Tensor:
    """Return weights as a tensor that gets gradients, in the neurons' units."""
    return torch.tensor(array / np.float32(neurons.input_factor), requires_grad=True)


def layered(task: Layered, neurons: Callable[[], TorchNeurons]) -> TorchContestant:
    """Return two dense layers; a layer multiplies all steps at once, which is faster than step by step."""
    hidden, output = neurons(), neurons()
    weights = [trained(task.hidden_weights, hidden), trained(task.output_weights, output)]

    def outputs(spikes: Tensor) -> Tensor:
        return output.run(hidden.run(spikes @ weights[0]) @ weights[1])

    return TorchContestant(outputs, weights, task, hidden.input_factor)


def recurrent(
    task: Recurrent,
    neurons: TorchNeurons,
    weight: Tensor,
    delivery: Callable[[], Callable[[Tensor], Tensor]],
) -> TorchContestant:
    """Return a recurrent population.

    Parameters
    ----------
    task : Recurrent
    neurons : TorchNeurons
    weight : torch.Tensor
        What is trained.
    delivery : callable
        Called once for each sequence; returns how spikes (batch, n) become recurrent currents (batch, n).
    """
    gain = task.input_gain / neurons.input_factor

    def outputs(spikes: Tensor) -> Tensor:
        deliver = delivery()
        state, spike, fired = None, torch.zeros_like(spikes[0]), []
        for drive in spikes * gain:
            spike, state = neurons.step(drive + deliver(spike), state)
            fired.append(spike)
        return torch.stack(fired)

    return TorchContestant(outputs, [weight], task, neurons.input_factor)


def masked(task: Recurrent, neurons: TorchNeurons) -> TorchContestant:
    """Return a recurrent population whose matrix is dense, times a mask of the synapses that exist."""
    dense, mask = task.dense()
    weight, existing = trained(dense, neurons), torch.from_numpy(mask)

    def delivery() -> Callable[[Tensor], Tensor]:
        matrix = weight * existing
        return lambda spike: spike @ matrix

    return recurrent(task, neurons, weight, delivery)


def prepare_with(task: Layered | Recurrent, neurons: Callable[[], TorchNeurons]) -> TorchContestant:
    """Return the contestant for either workload, its recurrence a masked dense matrix."""
    return layered(task, neurons) if isinstance(task, Layered) else masked(task, neurons())
