"""The learner: eligibility traces and learning signals (specs/eprop.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch, State
from sc_core.model import Network
from sc_gradient import GradientEngine, Loss, Optimiser, accuracy, as_batch, find_learned_parameters
from sc_plugin_eprop.feedback import FeedbackWeights
from sc_plugin_eprop.online import OnlineGradient
from sc_plugin_eprop.options import EpropOptions
from sc_plugin_eprop.requirements import check_network, check_online


class EpropLearner:
    """e-prop: each synapse's eligibility trace times a learning signal from the readout.

    Parameters
    ----------
    network : sc_core.Network
        Trained in place. Its output is an LI population, to which every spiking population that learns projects.
    loss_fn : str, mapping, Loss or callable
        As for `bptt`; learning online takes ``"mean_square"``, ``"cross_entropy_steps"`` and
        ``{"name": "cross_entropy_steps", "last": 150}``.
    lr : float
        Learning rate.
    **options
        The other fields of `EpropOptions`: ``mode`` ("online": memory does not depend on the length of a sequence;
        "stored": fast, the whole sequence is kept), ``update_every`` (steps), ``feedback`` ("symmetric", "random",
        "adaptive"), ``optimiser``, ``rate_penalties``, ``clip_norm``...

    Raises
    ------
    ConfigurationError, ValueError, TypeError
        If the network or the loss is not one that e-prop can learn, or an option is not allowed.

    Notes
    -----
    Bellec et al. 2020, Nature Communications 11:3625. Equations, order and deviations: specs/eprop.md.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, LIF, Input, Network, Population, Projection, topology
    >>> from sc_plugin_eprop import EpropLearner
    >>> rng = np.random.default_rng(7)
    >>> source, hidden, readout = Population("s", 4, Input()), Population("h", 20, LIF()), Population("r", 2, LI())
    >>> network = Network([source, hidden, readout], [
    ...     Projection(source, hidden, topology.dense(4, 20, rng=rng)),
    ...     Projection(hidden, hidden, topology.random(20, 20, density=0.2, rng=rng), delay=1),
    ...     Projection(hidden, readout, topology.dense(20, 2, rng=rng)),
    ... ])
    >>> learner = EpropLearner(network, lr=0.02, feedback="random", optimiser="adam")
    >>> inputs = np.zeros((50, 2, 4))
    >>> inputs[:, 0, :2] = inputs[:, 1, 2:] = 1.0
    >>> losses = [learner.train_step(inputs, np.array([0, 1])) for _ in range(20)]
    >>> losses[-1] < losses[0]
    True
    """

    Options: ClassVar = EpropOptions
    consumes: ClassVar[type[Any]] = Batch

    def __init__(
        self,
        network: Network,
        loss_fn: str | Mapping[str, Any] | Loss | Callable[..., float] = "cross_entropy_steps",
        lr: float = 1e-3,
        **options: Any,
    ) -> None:
        self.options = EpropOptions(lr=lr, **options)
        self.network = network
        self.lr = lr
        surrogate, through_reset = self.options.surrogate_derivative(), self.options.through_reset
        penalties = self.options.rate_penalties
        learned = find_learned_parameters(network, self.options.learned_parameters)
        # The engine refuses what is no network; its own backward pass is that of the stored mode.
        self._engine = GradientEngine(
            network,
            loss_fn,
            surrogate,
            through_reset=through_reset,
            rate_penalties=penalties,
            learned=learned,
            feedback=self._back,
        )
        self.loss = self._engine.loss
        check_network(network)
        if self.options.mode == "online":
            check_online(network, self.loss)
        self._feedback = FeedbackWeights(network, self.options)
        self._optimiser = Optimiser(network, self.options, learned)
        if self.options.mode == "online":
            self._online = OnlineGradient(
                network, self.loss, surrogate, through_reset, penalties, self._feedback
            )

    def _back(self) -> Any:
        return self._feedback()

    @property
    def parameters(self) -> Sequence[NDArray[Any]]:
        """The arrays that `apply` updates: the `data` of every projection, then each learned parameter's."""
        return self._optimiser.parameters

    def train_step(self, inputs: ArrayLike, targets: ArrayLike) -> float:
        """Reset the network and learn from sequences.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
        targets : array_like
            One sequence: a label, or shape (n_steps, n_output). A batch: labels (batch,), or
            (n_steps, batch, n_output).

        Returns
        -------
        float
            The loss, each step's before the update that follows it.

        Raises
        ------
        ShapeError, NumericalError
            If shapes do not fit, or the inputs, the loss or a gradient are not finite.
        """
        return self.learn(as_batch(inputs, targets))["loss"]

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Learn from a batch; returns ``{"loss": ...}``, each step's before the update that follows it."""
        if self.options.update_every is None:
            loss, gradients = self.loss_and_gradient(experience)
            self.apply(gradients)
            return {"loss": loss}
        loss = 0.0
        for part, stretch in self._online.updates(experience, self.options.update_every):
            loss += part
            if stretch is not None:
                self.apply(stretch)
        return {"loss": loss}

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Sequence[NDArray[Any]]]:
        """Return the loss and e-prop's gradient of it, one array for each of `parameters`, without learning."""
        if self.options.mode == "stored":
            return self._engine.loss_and_gradient(batch)
        ((loss, gradients),) = self._online.updates(batch)
        assert gradients is not None  # a whole sequence has a loss  # noqa: S101
        return loss, gradients

    def apply(self, gradients: Sequence[NDArray[Any]]) -> None:
        """Take one optimiser step along `gradients`, one array for each of `parameters`."""
        before = self._feedback.readout_weights()
        self._optimiser.update(gradients, self.lr)
        self._feedback.follow(before, self.lr)

    def evaluate(self, experience: Batch) -> Mapping[str, float]:
        """Return the loss, and the accuracy where targets are labels, without learning."""
        loss, outputs = self._engine.loss_and_outputs(experience)
        share = accuracy(self.loss, outputs, experience.targets)
        return {"loss": loss} if share is None else {"loss": loss, "accuracy": share}

    def state_dict(self) -> State:
        """Return the rate, the optimiser's state and feedback weights; the weights are the network's."""
        return {
            "lr": self.lr,
            "optimiser": self._optimiser.state_dict(),
            "feedback": self._feedback.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.lr = float(state["lr"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._feedback.load_state_dict(state["feedback"])
