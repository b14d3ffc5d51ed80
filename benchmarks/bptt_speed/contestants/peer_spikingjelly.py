"""SpikingJelly: `LIFNode`, over the whole sequence where there is no recurrence."""

from __future__ import annotations

from spikingjelly.activation_based import functional, neuron, surrogate

from bptt_speed.contestants.torch_training import Tensor, TorchContestant, TorchNeurons, prepare_with
from bptt_speed.task import Convention, Layered, Recurrent, Task

# `SoftSign(alpha)` is the fast sigmoid of slope alpha, alpha / 2 high; `SuperSpike` has slope 1 whatever alpha is.
CONVENTION = Convention(surrogate_scale=Task.surrogate_slope / 2)
DISTRIBUTIONS = ("spikingjelly", "torch", "numpy")


def neurons(decay: float) -> TorchNeurons:
    """Return `LIFNode` neurons with soft reset."""

    def node(step_mode: str) -> Tensor:
        return neuron.LIFNode(
            tau=1 / (1 - decay),
            decay_input=False,
            v_threshold=1.0,
            v_reset=None,
            surrogate_function=surrogate.SoftSign(alpha=Task.surrogate_slope),
            detach_reset=True,
            step_mode=step_mode,
        )

    single, multiple = node("s"), node("m")

    def step(current: Tensor, started: bool | None) -> tuple[Tensor, bool]:
        if started is None:
            functional.reset_net(single)
        return single(current), True

    def sequence(currents: Tensor) -> Tensor:
        functional.reset_net(multiple)
        return multiple(currents)

    return TorchNeurons(step, sequence)


def prepare(task: Layered | Recurrent) -> TorchContestant:
    """Return the contestant: dense layers, or masked dense recurrence."""
    return prepare_with(task, lambda: neurons(task.decay))
