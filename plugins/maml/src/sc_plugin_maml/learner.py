"""The learner: weights from which a few gradient steps solve a task (specs/maml.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch, State, Task, TaskBatch
from sc_core.model import Network
from sc_gradient import GradientEngine, Loss, Optimiser, accuracy
from sc_plugin_maml.meta_gradient import descend, first_order, kept_weights, reptile, second_order
from sc_plugin_maml.options import MetaOptions
from sc_plugin_maml.tasks import TargetsLoss, as_task, as_task_batch

_AnyTask = Task | Batch | tuple[ArrayLike, ArrayLike]


class MetaLearner:
    """Model-agnostic meta-learning: exact (order 2), first-order, or Reptile.

    Parameters
    ----------
    network : sc_core.Network
        Meta-trained in place.
    inner_lr, outer_lr : float
        Rates of the gradient descent on a task and of the step between tasks.
    loss_fn : str, mapping, Loss or callable, optional
        As for `bptt`. Unless given: cross-entropy where targets are labels; where they are sequences, the error
        signal ``(outputs - targets) / n_steps``.
    **options
        The other fields of `MetaOptions`: ``inner_steps``, ``order`` (2 or 1), ``method`` ("maml" or "reptile"),
        ``optimiser`` of the outer step ("sgd" unless given), ``surrogate``, ``through_reset``, ``clip_norm``...

    Raises
    ------
    ConfigurationError, ValueError, TypeError
        If the network is no sc_core network or an option is not allowed.

    Notes
    -----
    Finn, Abbeel & Levine 2017; Nichol, Achiam & Schulman 2018. Equations: specs/maml.md. With
    ``method="reptile"`` and the default optimiser the outer step is
    ``data += outer_lr * mean over tasks (adapted - data)``.

    Examples
    --------
    Which of two inputs is stronger? The labels mean the opposite in every other task, so no fixed weights will do:

    >>> import numpy as np
    >>> from sc_core import LI, LIF, Input, Network, Population, Projection, topology
    >>> from sc_core.contracts import Batch, Task
    >>> from sc_plugin_maml import MetaLearner
    >>> rng = np.random.default_rng(7)
    >>> source, hidden, readout = Population("s", 2, Input()), Population("h", 20, LIF()), Population("r", 2, LI())
    >>> network = Network([source, hidden, readout], [
    ...     Projection(source, hidden, topology.dense(2, 20, gain=4.0, rng=rng)),
    ...     Projection(hidden, readout, topology.dense(20, 2, rng=rng)),
    ... ])
    >>> def task():
    ...     inputs = rng.random((1, 10, 2)).repeat(15, axis=0)
    ...     labels = (inputs[0, :, 0] < inputs[0, :, 1]) ^ rng.integers(2)
    ...     return Task(Batch(inputs[:, :5], labels[:5]), Batch(inputs[:, 5:], labels[5:]))
    >>> learner = MetaLearner(network, inner_lr=3.0, outer_lr=0.05, inner_steps=1, optimiser="adam")
    >>> losses = [learner.outer_step([task() for _ in range(4)]) for _ in range(40)]
    >>> sum(losses[-20:]) < sum(losses[:20])
    True
    """

    Options: ClassVar = MetaOptions
    consumes: ClassVar[type[Any]] = TaskBatch

    def __init__(
        self,
        network: Network,
        inner_lr: float = 0.01,
        outer_lr: float = 0.001,
        loss_fn: str | Mapping[str, Any] | Loss | Callable[..., float] | None = None,
        **options: Any,
    ) -> None:
        self.options = MetaOptions(inner_lr=inner_lr, outer_lr=outer_lr, **options)
        self.network = network
        self.lr = outer_lr
        self._engine = GradientEngine(
            network,
            TargetsLoss() if loss_fn is None else loss_fn,
            self.options.surrogate_derivative(),
            through_reset=self.options.through_reset,
            rate_penalties=self.options.rate_penalties,
        )
        self.loss = self._engine.loss
        self._optimiser = Optimiser(network, self.options)

    def inner_loop(self, task: _AnyTask, n_steps: int = 5) -> list[float]:
        """Adapt the network to one task, in place.

        Parameters
        ----------
        task : Task, Batch or (inputs, targets)
            Of a Task its support set. A pair as `BPTTLearner.train_step` takes it.
        n_steps : int
            Gradient steps at the rate `inner_lr`.

        Returns
        -------
        list of float
            The loss before each step.

        Raises
        ------
        ShapeError, NumericalError
            If shapes do not fit, or the inputs, the loss or a gradient are not finite.
        """
        return descend(self._engine, as_task(task).support, self.options.inner_lr, n_steps)

    def outer_step(self, tasks: TaskBatch | Iterable[_AnyTask]) -> float:
        """Adapt to each task from the same weights, put them back, and take one step with the meta-gradient.

        Parameters
        ----------
        tasks : TaskBatch, or iterable of what `inner_loop` takes

        Returns
        -------
        float
            The loss on the query sets after the inner loops, averaged over tasks.

        Raises
        ------
        ShapeError, NumericalError
            As in `inner_loop`; the weights are then those before the call.
        """
        loss, gradients = self.meta_gradient(tasks)
        self._optimiser.update(gradients, self.lr)
        return loss

    def meta_gradient(self, tasks: TaskBatch | Iterable[_AnyTask]) -> tuple[float, Sequence[NDArray[Any]]]:
        """Return the mean query loss after the inner loops, and the mean meta-gradient; the weights stay.

        The gradient has one array per projection, in the order of its `data`.
        """
        chosen = self.options
        method = reptile if chosen.method == "reptile" else first_order if chosen.order == 1 else second_order
        batch = as_task_batch(tasks)
        total = 0.0
        sums: list[NDArray[Any]] = [np.zeros_like(p.data) for p in self.network.projections]
        for task in batch.tasks:
            loss, gradients = method(self._engine, task, chosen.inner_lr, chosen.inner_steps)
            total += loss
            for mine, gradient in zip(sums, gradients, strict=True):
                mine += gradient
        for mine in sums:
            mine /= len(batch.tasks)
        return total / len(batch.tasks), sums

    def learn(self, experience: TaskBatch) -> Mapping[str, float]:
        """Take one outer step; returns ``{"loss": ...}``, the mean query loss after the inner loops."""
        return {"loss": self.outer_step(experience)}

    def evaluate(self, experience: TaskBatch) -> Mapping[str, float]:
        """Adapt to each task, without an outer step, and return means over tasks.

        Returns
        -------
        mapping of str to float
            ``loss`` and, where targets are labels, ``accuracy`` on the query sets after the inner loop;
            ``loss_before`` and ``accuracy_before`` without it.
        """
        sums: dict[str, float] = {}
        for task in experience.tasks:
            with kept_weights(self.network):
                before = self._score(task.query)
                self.inner_loop(task, self.options.inner_steps)
                after = self._score(task.query)
            for name in after:
                sums[name] = sums.get(name, 0.0) + after[name]
                sums[f"{name}_before"] = sums.get(f"{name}_before", 0.0) + before[name]
        return {name: total / len(experience.tasks) for name, total in sums.items()}

    def _score(self, batch: Batch) -> dict[str, float]:
        loss, outputs = self._engine.loss_and_outputs(batch)
        share = accuracy(self.loss, outputs, batch.targets)
        return {"loss": loss} if share is None else {"loss": loss, "accuracy": share}

    def state_dict(self) -> State:
        """Return the outer rate and the optimiser's state; the weights are the network's."""
        return {"lr": self.lr, "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.lr = float(state["lr"])
        self._optimiser.load_state_dict(state["optimiser"])
