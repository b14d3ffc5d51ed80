"""What every contestant computes: the same weights, inputs and labels, read from one .npz file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TAU = 20.0
SURROGATE_SCALE = 0.3


@dataclass(frozen=True)
class Task:
    """W4. Membrane: u = decay · v + current; spike where u reaches 1; then v = u - 1. No refractory steps.

    The readout is y = decay · y + (1 - decay) · current. The loss is the cross-entropy of the softmax of y in every
    step, averaged; the surrogate derivative 0.3 · max(0, 1 - |u - 1|). decay = exp(-1 / 20) everywhere.

    Parameters
    ----------
    spikes : ndarray, shape (n_sequences, n_steps, 1, n_input), uint8
    labels : ndarray, shape (n_sequences, 1), int64
    input_weights : ndarray, shape (n_input, n), float32
    recurrent_weights : ndarray, shape (n, n), float32
        Delay 1.
    output_weights : ndarray, shape (n, n_output), float32
    """

    spikes: NDArray[np.uint8]
    labels: NDArray[np.int64]
    input_weights: NDArray[np.float32]
    recurrent_weights: NDArray[np.float32]
    output_weights: NDArray[np.float32]

    def batch(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return spikes and labels of one sequence; they repeat after the last."""
        place = number % len(self.spikes)
        return self.spikes[place], self.labels[place]

    def save(self, path: Path) -> None:
        """Write everything to an .npz file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})


def load(path: Path) -> Task:
    """Read what `Task.save` wrote."""
    with np.load(path) as archive:
        return Task(**{name: archive[name] for name in archive.files})


def w4(seed: int = 0) -> Task:
    """Return 40 inputs, 100 recurrent neurons all to all, 2 readouts, four sequences of 2250 steps."""
    rng = np.random.default_rng(seed)

    def normal(n_source: int, n_target: int, deviation: float) -> NDArray[np.float32]:
        return rng.normal(0.0, deviation, (n_source, n_target)).astype(np.float32)

    return Task(
        spikes=(rng.random((4, 2250, 1, 40)) < 0.02).astype(np.uint8),
        labels=rng.integers(0, 2, (4, 1)),
        input_weights=normal(40, 100, 0.27),
        recurrent_weights=normal(100, 100, 0.05),
        output_weights=normal(100, 2, 0.1),
    )
