"""snnTorch: `Leaky` with its fast sigmoid."""

from __future__ import annotations

import snntorch
from snntorch import surrogate

from bptt_speed.contestants.torch_training import Tensor, TorchContestant, TorchNeurons, prepare_with
from bptt_speed.task import Convention, Layered, Recurrent, Task

# `Leaky` subtracts the threshold one step after the spike, when the membrane has decayed.
CONVENTION = Convention(reset_before_decay=False)
DISTRIBUTIONS = ("snntorch", "torch", "numpy")


def neurons(decay: float) -> TorchNeurons:
    """Return `Leaky` neurons."""
    leaky = snntorch.Leaky(beta=decay, threshold=1.0, spike_grad=surrogate.fast_sigmoid(Task.surrogate_slope))

    def step(current: Tensor, membrane: Tensor | None) -> tuple[Tensor, Tensor]:
        spike, membrane = leaky(current, leaky.reset_mem() if membrane is None else membrane)
        return spike, membrane

    return TorchNeurons(step)


def prepare(task: Layered | Recurrent) -> TorchContestant:
    """Return the contestant: dense layers, or masked dense recurrence."""
    return prepare_with(task, lambda: neurons(task.decay))
