"""The penalty: springs that hold parameters near what earlier tasks made of them (specs/ewc.md, eq. 5-8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import GradientLearner, State
from sc_core.model import Network

Array = NDArray[np.floating[Any]]

_IMPORTANCE, _CENTRE = "ewc_importance", "ewc_centre"


class Springs:
    """A quadratic penalty on each of a learner's parameters, the sum of those of all tasks before.

    Parameters
    ----------
    network : sc_core.Network
    learner : GradientLearner
        Of this network.

    Attributes
    ----------
    residual : float
        What remains of the sum of squares where the penalty is lowest: the tasks' disagreement.
    """

    def __init__(self, network: Network, learner: GradientLearner) -> None:
        self.residual = 0.0
        self._network = network
        self._learner = learner
        for projection in network.projections:
            for name in (_IMPORTANCE, _CENTRE):
                if name in projection.synapse_state:
                    projection.unregister(name)  # of a learner before this one
                projection.register(name)
        # Parameters of neurons stand behind the projections' weights.
        self._of_neurons = [
            (np.zeros_like(parameter), np.zeros_like(parameter))
            for parameter in learner.parameters[len(network.projections) :]
        ]

    def _importance_and_centre(self) -> list[tuple[Array, Array]]:
        of_synapses = [
            (projection.synapse_state[_IMPORTANCE], projection.synapse_state[_CENTRE])
            for projection in self._network.projections
        ]
        return of_synapses + self._of_neurons

    def _each(self) -> Iterator[tuple[Array, Array, Array]]:
        for parameter, (importance, centre) in zip(
            self._learner.parameters, self._importance_and_centre(), strict=True
        ):
            yield parameter, importance, centre

    def add(self, fisher: Sequence[Array]) -> None:
        """Add a task that ends with the present parameters (eq. 6)."""
        for (parameter, importance, centre), information in zip(self._each(), fisher, strict=True):
            total = importance + information
            share = np.divide(information, total, out=np.ones_like(total), where=total > 0)
            difference = parameter - centre
            self.residual += float(np.sum(importance * share * np.square(difference), dtype=np.float64))
            centre += share * difference
            importance[...] = total

    def move(self, fisher: Sequence[Array], gamma: float) -> None:
        """Fade what earlier tasks are worth, add a task, and hang all on the present parameters (eq. 7)."""
        for (parameter, importance, centre), information in zip(self._each(), fisher, strict=True):
            importance *= gamma
            importance += information
            centre[...] = parameter

    def pull(self, step: float) -> None:
        """Take the implicit step of length `step` (the rate times lambda) in place (eq. 8)."""
        for parameter, importance, centre in self._each():
            stretch = parameter.dtype.type(step) * importance
            parameter += stretch / (1 + stretch) * (centre - parameter)

    def energy(self) -> float:
        """Return the sum of importance times squared distance, over parameters and tasks."""
        distances = (
            float(np.sum(importance * np.square(parameter - centre), dtype=np.float64))
            for parameter, importance, centre in self._each()
        )
        return sum(distances) + self.residual

    def state_dict(self) -> State:
        """Return importance and centre of every parameter."""
        pairs = self._importance_and_centre()
        return {
            "residual": self.residual,
            "importance": [importance for importance, _ in pairs],
            "centre": [centre for _, centre in pairs],
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.residual = float(state["residual"])
        saved = zip(state["importance"], state["centre"], strict=True)
        for mine, its in zip(self._importance_and_centre(), saved, strict=True):
            for array, values in zip(mine, its, strict=True):
                array[...] = values
