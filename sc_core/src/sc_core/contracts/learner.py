"""The learner: something that improves a network from experience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts.experience import Batch
from sc_core.contracts.state import Stateful


@runtime_checkable
class Learner(Stateful, Protocol):
    """Improves a network in place.

    It is constructed as ``cls(network, **options)``. A class attribute ``Options`` (a frozen attrs class whose
    fields are those keywords) lets a run check options before it starts; without options it needs none.

    Attributes
    ----------
    consumes : type
        The kind of experience that `learn` takes, for example `sc_core.Batch`.
    lr : float
        The learning rate; a scheduler sets it before each call of `learn`.
    """

    consumes: ClassVar[type[Any]]
    lr: float

    def learn(self, experience: Any) -> Mapping[str, float]:
        """Learn from one experience.

        Parameters
        ----------
        experience : object of the type `consumes`

        Returns
        -------
        mapping of str to float
            Metrics of this experience; ``"loss"`` where the learner has one.

        Notes
        -----
        A learner may also offer ``evaluate(experience)``: the same metrics (and ``"accuracy"``) without learning.
        Where it does not, a run simulates the network and scores the summed output.

        It may offer ``consolidate(batches)``: where a run learns several tasks in sequence, it is called when one has
        ended and another follows, with the training samples of the one that ended (an iterable of `Batch`).
        """
        ...


@runtime_checkable
class GradientLearner(Learner, Protocol):
    """A learner that hands out its gradient, so that others can wrap it (lifelong, federated learning)."""

    @property
    def parameters(self) -> Sequence[NDArray[np.floating[Any]]]:
        """The arrays that `apply` updates, live: writing into them changes the network.

        First the `data` of every projection in the network's order, frozen ones included; then one array (n,) for
        each parameter of neurons that the learner learns. A rewired projection has a new array: ask again.
        """
        ...

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Sequence[NDArray[np.floating[Any]]]]:
        """Return the loss and its gradient: one array for each of `parameters`, of its shape."""
        ...

    def apply(self, gradients: Sequence[NDArray[np.floating[Any]]]) -> None:
        """Take one optimiser step along `gradients`, one array for each of `parameters`."""
        ...
