"""Torch without a spiking library: an LIF step and its surrogate written by hand."""

from __future__ import annotations

from typing import Any

import torch

from bptt_speed.contestants.torch_training import Tensor, TorchContestant, TorchNeurons, prepare_with
from bptt_speed.task import Convention, Layered, Recurrent, Task

CONVENTION = Convention()
DISTRIBUTIONS = ("torch", "numpy")


class FastSigmoidSpike(torch.autograd.Function):  # type: ignore[misc]  # mypy has no torch
    """Heaviside step whose derivative is 1 / (1 + slope |x|)²."""

    @staticmethod
    def forward(context: Any, distance: Tensor) -> Tensor:
        """Return 1 where the membrane has reached the threshold."""
        context.save_for_backward(distance)
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to the distance."""
        (distance,) = context.saved_tensors
        return gradient / (1 + Task.surrogate_slope * distance.abs()).square()


def neurons(decay: float) -> TorchNeurons:
    """Return LIF neurons."""

    def step(current: Tensor, membrane: Tensor | None) -> tuple[Tensor, Tensor]:
        charged = current if membrane is None else decay * membrane + current
        spike = FastSigmoidSpike.apply(charged - 1)
        return spike, charged - spike.detach()

    return TorchNeurons(step)


def prepare(task: Layered | Recurrent) -> TorchContestant:
    """Return the contestant: dense layers, or masked dense recurrence."""
    return prepare_with(task, lambda: neurons(task.decay))
