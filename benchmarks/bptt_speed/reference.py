"""What each contestant must compute in its first step: ours, under the contestant's convention, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bptt_speed.contestants.ours import Ours
from bptt_speed.task import Convention, Layered, Recurrent
from sc_gradient import find_loss


class WithoutLastStep:
    """Cross-entropy of outputs whose last step comes too late to be counted."""

    def __init__(self) -> None:
        self._loss = find_loss("cross_entropy")

    def loss_and_gradient(
        self, outputs: NDArray[np.floating[Any]], targets: NDArray[Any]
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Return the loss of the other steps, and its gradient, 0 in the last step."""
        gradient = np.zeros_like(outputs)
        loss, gradient[:-1] = self._loss.loss_and_gradient(outputs[:-1], targets)
        return loss, gradient


def first_step(task: Layered | Recurrent, convention: Convention) -> tuple[float, list[float]]:
    """Return the loss and the gradient norms of the first batch under `convention`."""
    loss = WithoutLastStep() if convention.spikes_one_step_late else "cross_entropy"
    return Ours(task, convention, loss).check(*task.batch(0))
