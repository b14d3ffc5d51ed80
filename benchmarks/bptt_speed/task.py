"""What every contestant computes: the same weights, inputs and labels, read from one .npz file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Convention:
    """How a contestant's neurons differ from those of the task (specs/neurons.md, specs/bptt.md).

    The reference is computed with the same differences, so every contestant can be checked.

    Parameters
    ----------
    surrogate_slope, surrogate_scale : float
        The surrogate derivative is scale / (1 + slope |u - threshold|)².
    through_reset : bool
        Whether the gradient passes through the reset.
    reset_before_decay : bool
        True, as in sc-core: the threshold is subtracted from the membrane, which then decays. False: the membrane
        decays, and then the whole threshold is subtracted.
    spikes_one_step_late : bool
        Whether a neuron emits in step t + 1 the spike of the membrane of step t.
    """

    surrogate_slope: float = 10.0
    surrogate_scale: float = 1.0
    through_reset: bool = False
    reset_before_decay: bool = True
    spikes_one_step_late: bool = False


@dataclass(frozen=True)
class Task:
    """One workload. Membrane: u = decay · v + current; spike where u reaches 1; then v = u - 1.

    The loss is the cross-entropy of the output spikes summed over the steps, averaged over the batch.

    Parameters
    ----------
    spikes : ndarray, shape (n_batches, n_steps, batch, n_input), uint8
    labels : ndarray, shape (n_batches, batch), int64
    decay : float
        exp(-dt / tau).
    lr : float
        Rate of the gradient step.
    """

    spikes: NDArray[np.uint8]
    labels: NDArray[np.int64]
    decay: float
    lr: float

    surrogate_slope: ClassVar[float] = 10.0

    def batch(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return spikes and labels of a batch; they repeat after the last."""
        place = number % len(self.spikes)
        return self.spikes[place], self.labels[place]

    def save(self, path: Path) -> None:
        """Write everything to an .npz file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True)
class Layered(Task):
    """Dense layers: input -> hidden -> output, both of LIF neurons.

    Parameters
    ----------
    hidden_weights : ndarray, shape (n_input, n_hidden), float32
    output_weights : ndarray, shape (n_hidden, n_output), float32
    """

    hidden_weights: NDArray[np.float32]
    output_weights: NDArray[np.float32]


@dataclass(frozen=True)
class Recurrent(Task):
    """Sparse recurrence of delay 1; neuron i also receives `input_gain` from input i. All neurons are outputs.

    Parameters
    ----------
    indptr, indices, data : ndarray
        CSR matrix, rows = presynaptic: (n + 1,) and (n_synapses,) int32, (n_synapses,) float32.
    input_gain : float
        Current of an input spike; not trained.
    """

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]
    input_gain: float

    @property
    def presynaptic(self) -> NDArray[np.int64]:
        """Row of each synapse, shape (n_synapses,)."""
        return np.repeat(np.arange(self.indptr.size - 1), np.diff(self.indptr))

    def dense(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the weights and the mask of existing synapses, both (n, n)."""
        n = self.indptr.size - 1
        weights, mask = np.zeros((n, n), np.float32), np.zeros((n, n), np.float32)
        weights[self.presynaptic, self.indices] = self.data
        mask[self.presynaptic, self.indices] = 1
        return weights, mask


def load(path: Path) -> Layered | Recurrent:
    """Read what `Task.save` wrote."""
    with np.load(path) as archive:
        values: dict[str, Any] = {
            name: archive[name].item() if archive[name].ndim == 0 else archive[name] for name in archive.files
        }
    return Layered(**values) if "hidden_weights" in values else Recurrent(**values)


class Batches(Protocol):
    """A task of any benchmark that `bptt_speed.serve` serves."""

    def batch(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return spikes and labels of a batch."""
        ...

    def save(self, path: Path) -> None:
        """Write everything to an .npz file."""
        ...


class Contestant(Protocol):
    """What `bptt_speed.serve` drives."""

    def check(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Return the loss and the norm of each trained matrix's gradient, in the task's units; no update.

        The one of an `Entry` that is not checked is never called.
        """
        ...

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Take one training step; return its loss when everything is computed."""
        ...
