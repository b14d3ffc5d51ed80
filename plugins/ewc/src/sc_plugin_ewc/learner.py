"""The learner: a gradient learner's steps, and springs that hold what earlier tasks need (specs/ewc.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sc_core import registry
from sc_core.choice import choose_plugin
from sc_core.contracts import Batch, GradientLearner, State
from sc_core.errors import ConfigurationError
from sc_core.model import Network
from sc_gradient import CrossEntropy
from sc_plugin_ewc.fisher import empirical_fisher, exact_fisher
from sc_plugin_ewc.options import EWCOptions
from sc_plugin_ewc.springs import Springs


class EWCLearner:
    """Elastic weight consolidation: learns tasks one after the other with any gradient learner.

    Parameters
    ----------
    network : sc_core.Network
        Trained in place.
    learner : str or mapping
        A gradient learner by name, or a table with its name and options.
    ewc_lambda : float
        Strength of the penalty.
    **options
        The other fields of `EWCOptions`: ``fisher`` (``"exact"`` or ``"empirical"``), ``variant``
        (``"per_task"`` or ``"online"``), ``gamma``.

    Attributes
    ----------
    lr : float
        The wrapped learner's rate.

    Raises
    ------
    ConfigurationError, ValueError, TypeError
        If an option is not allowed, or the wrapped learner does not offer what it needs.
    PluginError
        If the wrapped learner is not installed.

    Notes
    -----
    Kirkpatrick et al. 2017; Schwarz et al. 2018. Equations: specs/ewc.md. It is a gradient learner itself.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Batch, Input, Network, Population, Projection
    >>> from sc_plugin_ewc import EWCLearner
    >>> source, readout = Population("source", 3, Input()), Population("readout", 2, LI(tau=2.0))
    >>> network = Network([source, readout], [Projection(source, readout, np.full((3, 2), 0.1))])
    >>> learner = EWCLearner(network, {"name": "bptt", "lr": 0.1}, ewc_lambda=100.0)
    >>> first = Batch(np.full((5, 1, 3), [1.0, 0.0, 0.0]), np.array([0]))
    >>> second = Batch(np.full((5, 1, 3), [1.0, 1.0, 0.0]), np.array([1]))
    >>> for _ in range(10):
    ...     metrics = learner.learn(first)
    >>> learner.consolidate([first])
    >>> for _ in range(30):
    ...     metrics = learner.learn(second)
    >>> [learner.evaluate(task)["accuracy"] for task in (first, second)]  # the first input's weights are held
    [1.0, 1.0]
    """

    Options: ClassVar = EWCOptions
    consumes: ClassVar[type[Any]] = Batch

    def __init__(
        self,
        network: Network,
        learner: str | Mapping[str, Any] = "bptt",
        ewc_lambda: float = 100.0,
        **options: Any,
    ) -> None:
        self.options = EWCOptions(learner=learner, ewc_lambda=ewc_lambda, **options)
        self.network = network
        chosen = choose_plugin("learner", self.options.learner, "learner")
        self._learner: GradientLearner = registry.create("learner", chosen.name, network, **chosen.keywords())
        if isinstance(self._learner, EWCLearner):
            raise ConfigurationError("learner.name", "is ewc itself; one is enough")
        self.loss = getattr(self._learner, "loss", None)
        if self.options.fisher == "exact" and not isinstance(self.loss, CrossEntropy):
            raise ConfigurationError(
                "fisher",
                f"'exact' needs classes, a learner with a cross-entropy as its loss; {chosen.name!r} has "
                f'{self.loss!r}; choose fisher = "empirical"',
            )
        evaluate = getattr(self._learner, "evaluate", None)
        if evaluate is not None:  # not every learner has it, and a run asks whether this one does
            self.evaluate = evaluate
        self._springs = Springs(network, self._learner)

    @property
    def lr(self) -> float:
        """The wrapped learner's rate."""
        return self._learner.lr

    @lr.setter
    def lr(self, rate: float) -> None:
        self._learner.lr = rate

    @property
    def parameters(self) -> Sequence[NDArray[Any]]:
        """The arrays that `apply` updates, live: the wrapped learner's."""
        return self._learner.parameters

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Take one step on a batch; returns ``"loss"`` and ``"penalty"``, both before it."""
        loss, gradients = self.loss_and_gradient(experience)
        penalty = 0.5 * self.options.ewc_lambda * self._springs.energy()
        self.apply(gradients)
        return {"loss": loss, "penalty": penalty}

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Sequence[NDArray[Any]]]:
        """Return the loss without the penalty, and its gradient: the wrapped learner's."""
        return self._learner.loss_and_gradient(batch)

    def apply(self, gradients: Sequence[NDArray[Any]]) -> None:
        """Take the wrapped learner's step along `gradients`, then the penalty's implicit one (eq. 8)."""
        self._learner.apply(gradients)
        self._springs.pull(self.lr * self.options.ewc_lambda)

    def consolidate(self, batches: Iterable[Batch]) -> None:
        """End a task: from now on hold what it needs (eq. 2, 3, 6, 7).

        Parameters
        ----------
        batches : iterable of Batch
            The task's training samples.

        Raises
        ------
        ShapeError
            If there are no samples, or they do not fit the network.
        """
        if self.options.fisher == "exact":
            fisher = exact_fisher(self._learner, batches, self._alternatives)
        else:
            fisher = empirical_fisher(self._learner, batches)
        if self.options.variant == "online":
            self._springs.move(fisher, self.options.gamma)
        else:
            self._springs.add(fisher)

    def _alternatives(self, labels: NDArray[Any]) -> NDArray[np.intp]:
        assert isinstance(self.loss, CrossEntropy)  # noqa: S101  checked for when the learner was made
        return self.loss.alternatives(labels, self.network.output_population.n)

    def state_dict(self) -> State:
        """Return the wrapped learner's state, and what the tasks before are worth."""
        return {"learner": self._learner.state_dict(), "springs": self._springs.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self._learner.load_state_dict(state["learner"])
        self._springs.load_state_dict(state["springs"])
