"""Norse: `LIFBoxCell`, its LIF neuron without synaptic current, lifted over the sequence."""

from __future__ import annotations

import norse.torch
import torch
from norse.torch.functional.lif_box import LIFBoxParameters
from norse.torch.functional.reset import reset_subtract

from bptt_speed.contestants.torch_training import TorchContestant, TorchNeurons, prepare_with
from bptt_speed.task import Convention, Layered, Recurrent

# Method "super" has slope 1 whatever alpha is; the gradient passes through the reset.
CONVENTION = Convention(surrogate_slope=1.0, through_reset=True)
DISTRIBUTIONS = ("norse", "torch", "numpy")


def neurons(decay: float) -> TorchNeurons:
    """Return `LIFBoxCell` neurons with subtracting reset; they scale their input by 1 - decay."""
    parameters = LIFBoxParameters(
        tau_mem_inv=torch.tensor(1 - decay), method="super", reset_method=reset_subtract
    )
    cell = norse.torch.LIFBoxCell(parameters, dt=1.0)
    lifted = norse.torch.Lift(cell)
    return TorchNeurons(cell, lambda currents: lifted(currents)[0], input_factor=1 - decay)


def prepare(task: Layered | Recurrent) -> TorchContestant:
    """Return the contestant: dense layers, or masked dense recurrence."""
    return prepare_with(task, lambda: neurons(task.decay))
