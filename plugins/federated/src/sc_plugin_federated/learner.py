"""The learner: rounds of clients, each with a gradient learner of its own kind (specs/federated.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from sc_core import registry
from sc_core.choice import choose_plugin
from sc_core.contracts import ClientBatches, ClientRound, GradientLearner, State
from sc_core.model import Network
from sc_plugin_federated.averaging import Arrays, secure_weighted_sum, weighted_mean, weighted_sum
from sc_plugin_federated.options import FederatedOptions


class FederatedLearner:
    """Federated learning with any gradient learner, all clients in one process.

    Parameters
    ----------
    network : sc_core.Network
        The server's; trained in place.
    learner : str or mapping
        A gradient learner by name, or a table with its name and options.
    method : {"fedsgd", "fedavg", "sign_majority"}
        What clients send, and what the server makes of it.
    **options
        The other fields of `FederatedOptions`: ``weights``, ``secure_sum``, ``fractional_bits``, ``sign_flipping``.

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
    McMahan et al. 2017 (FedSGD, FedAvg); Bernstein et al. 2019 (the vote). Equations: specs/federated.md.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Batch, Input, Network, Population, Projection
    >>> from sc_core.contracts import ClientBatches, ClientRound
    >>> from sc_plugin_federated import FederatedLearner
    >>> source, readout = Population("source", 2, Input()), Population("readout", 2, LI(tau=2.0))
    >>> network = Network([source, readout], [Projection(source, readout, np.full((2, 2), 0.1))])
    >>> learner = FederatedLearner(network, {"name": "bptt", "lr": 0.5}, method="sign_majority")
    >>> inputs = np.zeros((5, 2, 2))
    >>> inputs[:, 0, 0] = inputs[:, 1, 1] = 1.0
    >>> own = Batch(inputs, np.array([0, 1]))
    >>> for _ in range(5):
    ...     metrics = learner.learn(ClientRound(ClientBatches(number, [own]) for number in range(3)))
    >>> learner.evaluate(own)["accuracy"]
    1.0
    """

    Options: ClassVar = FederatedOptions
    consumes: ClassVar[type[Any]] = ClientRound

    def __init__(
        self,
        network: Network,
        learner: str | Mapping[str, Any] = "bptt",
        method: Literal["fedsgd", "fedavg", "sign_majority"] = "fedsgd",
        **options: Any,
    ) -> None:
        self.options = FederatedOptions(learner=learner, method=method, **options)
        self.network = network
        chosen = choose_plugin("learner", self.options.learner, "learner")
        self._learner: GradientLearner = registry.create("learner", chosen.name, network, **chosen.keywords())
        evaluate = getattr(self._learner, "evaluate", None)
        if evaluate is not None:  # not every learner has it, and a run asks whether this one does
            self.evaluate = evaluate
        self._beginning = _copied(self._learner.state_dict())
        self._of_clients: dict[str, State] = {}

    @property
    def lr(self) -> float:
        """The wrapped learner's rate."""
        return self._learner.lr

    @lr.setter
    def lr(self, rate: float) -> None:
        self._learner.lr = rate

    def learn(self, experience: ClientRound) -> Mapping[str, float]:
        """Go through one round; returns ``"loss"``, the mean over its samples of what the clients saw.

        Parameters
        ----------
        experience : ClientRound

        Returns
        -------
        mapping of str to float
        """
        clients = sorted(experience.clients, key=lambda client: client.client)
        samples = [client.n_samples for client in clients]
        weights = samples if self.options.weights == "samples" else [1] * len(clients)
        step = self._average_parameters if self.options.method == "fedavg" else self._follow_gradients
        losses = step(clients, weights)
        return {"loss": _mean_loss(losses, samples)}

    def _follow_gradients(self, clients: Sequence[ClientBatches], weights: Sequence[int]) -> list[float]:
        losses, updates = [], []
        for client in clients:
            loss, gradients = self._local_gradient(client)
            if self.options.method == "sign_majority":
                gradients = [np.sign(gradient) for gradient in gradients]
            losses.append(loss)
            updates.append([-gradient for gradient in gradients] if self._flips(client) else gradients)
        if self.options.method == "sign_majority":
            sums, _ = self._sum(updates, weights)
            self._apply([np.sign(total) for total in sums])
        elif self.options.secure_sum:
            sums, count = self._sum(updates, weights)
            self._apply([total / count for total in sums])
        else:
            self._apply(weighted_mean(updates, weights))
        return losses

    def _average_parameters(self, clients: Sequence[ClientBatches], weights: Sequence[int]) -> list[float]:
        start = [parameter.copy() for parameter in self._learner.parameters]
        rate = self.lr
        losses, ends = [], []
        for client in clients:
            loss, end = self._local_steps(client, start, rate)
            losses.append(loss)
            ends.append([2 * a - b for a, b in zip(start, end, strict=True)] if self._flips(client) else end)
        if self.options.secure_sum:
            sums, count = self._sum(
                [[b.astype(np.float64) - a for a, b in zip(start, end, strict=True)] for end in ends], weights
            )
            self._set_parameters([a + total / count for a, total in zip(start, sums, strict=True)])
        else:
            self._set_parameters(weighted_mean(ends, weights))
        return losses

    def _local_gradient(self, client: ClientBatches) -> tuple[float, Arrays]:
        answers = [self._learner.loss_and_gradient(batch) for batch in client.batches]
        samples = [int(batch.inputs.shape[1]) for batch in client.batches]
        gradients = weighted_mean([gradients for _, gradients in answers], samples)
        return _mean_loss([loss for loss, _ in answers], samples), gradients

    def _local_steps(self, client: ClientBatches, start: Arrays, rate: float) -> tuple[float, Arrays]:
        """Take a client's own steps from the server's parameters; return its mean loss and where it ended."""
        self._learner.load_state_dict(self._of_clients.get(str(client.client), self._beginning))
        self._set_parameters(start)  # after the state: some learners have parameters in it
        self.lr = rate
        losses = []
        for batch in client.batches:
            loss, gradients = self._learner.loss_and_gradient(batch)
            self._learner.apply(gradients)
            losses.append(loss)
        self._of_clients[str(client.client)] = _copied(self._learner.state_dict())
        samples = [int(batch.inputs.shape[1]) for batch in client.batches]
        return _mean_loss(losses, samples), [parameter.copy() for parameter in self._learner.parameters]

    def _sum(
        self, updates: Sequence[Arrays], weights: Sequence[int]
    ) -> tuple[list[NDArray[np.float64]], int]:
        if self.options.secure_sum:
            return secure_weighted_sum(updates, weights, self.options.fractional_bits)
        return weighted_sum(updates, weights), sum(weights)

    def _flips(self, client: ClientBatches) -> bool:
        return client.client < self.options.sign_flipping

    def _apply(self, gradients: Arrays) -> None:
        parameters = self._learner.parameters
        self._learner.apply(
            [gradient.astype(p.dtype) for gradient, p in zip(gradients, parameters, strict=True)]
        )

    def _set_parameters(self, values: Arrays) -> None:
        for parameter, its_values in zip(self._learner.parameters, values, strict=True):
            parameter[...] = its_values

    def state_dict(self) -> State:
        """Return the wrapped learner's state, and with FedAvg those of all clients that took part."""
        return {"learner": self._learner.state_dict(), "clients": dict(self._of_clients)}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self._learner.load_state_dict(state["learner"])
        self._of_clients = {number: _copied(its_state) for number, its_state in state["clients"].items()}


def _mean_loss(losses: Sequence[float], samples: Sequence[int]) -> float:
    (mean,) = weighted_mean([[np.array(loss)] for loss in losses], samples)
    return float(mean)


def _copied(state: Any) -> Any:
    """Return a state whose arrays are its own: those that learners return are views."""
    if isinstance(state, Mapping):
        return {key: _copied(value) for key, value in state.items()}
    if isinstance(state, list):
        return [_copied(value) for value in state]
    return state.copy() if isinstance(state, np.ndarray) else state
