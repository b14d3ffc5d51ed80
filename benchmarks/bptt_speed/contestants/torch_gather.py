"""Torch without a spiking library, its recurrence over a list of synapses: gather, multiply, add up."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bptt_speed.contestants.plain_torch import CONVENTION, DISTRIBUTIONS, neurons
from bptt_speed.contestants.torch_training import Tensor, TorchContestant, recurrent, trained
from bptt_speed.task import Recurrent

__all__ = ["CONVENTION", "DISTRIBUTIONS", "prepare"]


def prepare(task: Recurrent) -> TorchContestant:
    """Return the contestant."""
    lif = neurons(task.decay)
    weight = trained(task.data, lif)
    presynaptic = torch.from_numpy(task.presynaptic)
    postsynaptic = torch.from_numpy(task.indices).long()

    def deliver(spike: Tensor) -> Tensor:
        arriving = spike[:, presynaptic] * weight
        return torch.zeros_like(spike).index_add(1, postsynaptic, arriving)

    def delivery() -> Callable[[Tensor], Tensor]:
        return deliver

    return recurrent(task, lif, weight, delivery)
