"""The learner: one gradient step through whole sequences per call (specs/bptt.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch, State
from sc_gradient import GradientEngine, GradientOptions, Loss, accuracy, as_batch, assemble


class BPTTLearner:
    """Full backpropagation through time, through all populations, delays and recurrence.

    Parameters
    ----------
    network : sc_core.Network
        Trained in place. One that only offers the attributes of `sc_gradient.OneStepEngine` is trained by the
        one-step formula and plain gradient descent.
    loss_fn : str, mapping, Loss or callable
        A name (``"cross_entropy"``, ``"cross_entropy_max"``, ``"cross_entropy_last"``, ``"mean_square"``,
        ``"mean_square_filtered"``, ``"van_rossum"``), a table of a name and options
        (``{"name": "van_rossum", "tau": 10.0}``), a loss with a gradient, or a plain callable
        ``loss_fn(spikes, targets) -> float``, for which the error signal is ``(spikes - targets) / n_steps``.
    lr : float
        Learning rate.
    **options
        The other fields of `sc_gradient.GradientOptions`: ``optimiser`` ("sgd" unless given), ``surrogate``,
        ``surrogate_slope``, ``through_reset``, ``clip_norm``, ``rate_penalties``, ``keep_sign``...

    Raises
    ------
    ConfigurationError, ValueError
        If the network is no such one, or an option is not allowed.

    Notes
    -----
    Werbos 1990; Zenke & Ganguli 2018; Neftci, Mostafa & Zenke 2019. Equations: specs/bptt.md.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, LIF, Input, Network, Population, Projection, topology
    >>> from sc_plugin_bptt import BPTTLearner
    >>> rng = np.random.default_rng(7)
    >>> pixels, hidden = Population("pixels", 4, Input()), Population("hidden", 16, LIF())
    >>> digit = Population("digit", 2, LI())
    >>> network = Network([pixels, hidden, digit], [
    ...     Projection(pixels, hidden, topology.dense(4, 16, rng=rng)),
    ...     Projection(hidden, digit, topology.dense(16, 2, rng=rng)),
    ... ])
    >>> learner = BPTTLearner(network, loss_fn="cross_entropy", lr=0.05, optimiser="adam")
    >>> inputs = np.zeros((20, 2, 4))
    >>> inputs[:, 0, :2] = inputs[:, 1, 2:] = 1.0
    >>> losses = [learner.train_step(inputs, np.array([0, 1])) for _ in range(20)]
    >>> losses[-1] < losses[0]
    True
    """

    Options: ClassVar = GradientOptions
    consumes: ClassVar[type[Any]] = Batch

    def __init__(
        self,
        network: Any,
        loss_fn: str | Mapping[str, Any] | Loss | Callable[..., float] = "cross_entropy",
        lr: float = 1e-3,
        **options: Any,
    ) -> None:
        self.options = GradientOptions(lr=lr, **options)
        self.network = network
        self.lr = lr
        self._engine, self._optimiser = assemble(network, loss_fn, self.options)
        self.loss = self._engine.loss

    @property
    def parameters(self) -> Sequence[NDArray[Any]]:
        """The arrays that `apply` updates: the `data` of every projection, then each learned parameter's."""
        return self._optimiser.parameters

    def train_step(self, inputs: ArrayLike, targets: ArrayLike) -> float:
        """Reset the network, run the sequences, and take one step down the gradient.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
        targets : array_like
            One sequence: a label, or shape (n_steps, n_output). A batch: labels (batch,), or
            (n_steps, batch, n_output).

        Returns
        -------
        float
            The loss before the step.

        Raises
        ------
        ShapeError, NumericalError
            If shapes do not fit, or the inputs, the loss or a gradient are not finite.
        """
        return self.learn(as_batch(inputs, targets))["loss"]

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Take one step on a batch; returns ``{"loss": ...}``, the loss before it."""
        loss, gradients = self.loss_and_gradient(experience)
        self.apply(gradients)
        return {"loss": loss}

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Sequence[NDArray[Any]]]:
        """Return the loss and its gradient, one array for each of `parameters`."""
        return self._engine.loss_and_gradient(batch)

    def fisher_information(self, batch: Batch, *, exact: bool) -> Sequence[NDArray[np.float64]] | None:
        """Return the sum over sequences of their squared gradients, as `GradientEngine.fisher_information` does.

        None for a network of somebody else's making, too.
        """
        engine = self._engine
        return engine.fisher_information(batch, exact=exact) if isinstance(engine, GradientEngine) else None

    def apply(self, gradients: Sequence[NDArray[Any]]) -> None:
        """Take one optimiser step along `gradients`, one array for each of `parameters`."""
        self._optimiser.update(gradients, self.lr)

    def evaluate(self, experience: Batch) -> Mapping[str, float]:
        """Return the loss, and the accuracy where targets are labels, without learning."""
        loss, outputs = self._engine.loss_and_outputs(experience)
        share = accuracy(self.loss, outputs, experience.targets)
        return {"loss": loss} if share is None else {"loss": loss, "accuracy": share}

    def state_dict(self) -> State:
        """Return the rate and the optimiser's state; the weights are the network's."""
        return {"lr": self.lr, "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.lr = float(state["lr"])
        self._optimiser.load_state_dict(state["optimiser"])
