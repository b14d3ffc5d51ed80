"""The learner: backpropagation through windows, the network's state going on between them (specs/tbptt.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch, State
from sc_core.errors import NumericalError, ShapeError
from sc_gradient import Loss, accuracy, as_batch, assemble
from sc_plugin_tbptt.options import TBPTTOptions
from sc_plugin_tbptt.windows import as_windows, cut


class TBPTTLearner:
    """Truncated backpropagation through time: gradients stay within windows, state crosses their borders.

    Parameters
    ----------
    network : sc_core.Network
        Trained in place. One that only offers the attributes of `sc_gradient.OneStepEngine` is trained by the
        one-step formula and plain gradient descent.
    loss_fn : str, mapping, Loss or callable
        As for `bptt`, on one window at a time: a name (``"cross_entropy"``, ``"mean_square"``...), a table of a name
        and options, a loss with a gradient, or a plain callable ``loss_fn(spikes, targets) -> float``, for which
        the error signal is ``(spikes - targets)`` divided by the window's length.
    lr : float
        Learning rate.
    k : int
        Steps of a window.
    **options
        The other fields of `TBPTTOptions`: ``update`` (``"window"``: after each window; ``"sequence"``: once, by the
        sum of the gradients), ``optimiser``, ``surrogate``, ``through_reset``, ``clip_norm``...

    Raises
    ------
    ConfigurationError, ValueError, TypeError
        If the network is no such one, or an option is not allowed.

    Notes
    -----
    Williams & Peng 1990. Equations: specs/tbptt.md. Memory: O(k · batch · neurons) and O(synapses).

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Input, Network, Population, Projection
    >>> from sc_plugin_tbptt import TBPTTLearner
    >>> source, readout = Population("source", 1, Input()), Population("readout", 1, LI(tau=2.0))
    >>> network = Network([source, readout], [Projection(source, readout, [[0.1]])])
    >>> learner = TBPTTLearner(network, loss_fn="mean_square", lr=0.02, k=10)
    >>> wave = np.sin(np.arange(200) / 10.0)[:, None]
    >>> losses = [learner.train_step(wave, 0.5 * wave) for _ in range(5)]
    >>> losses[-1] < losses[0]
    True

    A sequence that is never in memory as a whole:

    >>> windows = ((wave[t : t + 10], 0.5 * wave[t : t + 10]) for t in range(0, 200, 10))
    >>> learner.train_step(windows) < losses[-1]
    True
    """

    Options: ClassVar = TBPTTOptions
    consumes: ClassVar[type[Any]] = Batch

    def __init__(
        self,
        network: Any,
        loss_fn: str | Mapping[str, Any] | Loss | Callable[..., float] = "cross_entropy",
        lr: float = 1e-3,
        k: int = 50,
        **options: Any,
    ) -> None:
        self.options = TBPTTOptions(lr=lr, k=k, **options)
        self.network = network
        self.lr = lr
        self._engine, self._optimiser = assemble(network, loss_fn, self.options)
        self.loss = self._engine.loss

    @property
    def parameters(self) -> Sequence[NDArray[Any]]:
        """The arrays that `apply` updates: the `data` of every projection, then each learned parameter's."""
        return self._optimiser.parameters

    def train_step(
        self, inputs: ArrayLike | Iterable[tuple[ArrayLike, ArrayLike]], targets: ArrayLike | None = None
    ) -> float:
        """Reset the network and learn from sequences, window by window.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)
            Or, without `targets`, an iterable of windows: pairs (inputs, targets), each of any length. Each is
            one window, whatever `k` is. While it is consumed the learner must not be used otherwise.
        targets : array_like, optional
            One sequence: a label, or shape (n_steps, n_output). A batch: labels (batch,), or
            (n_steps, batch, n_output). Labels hold for every window.

        Returns
        -------
        float
            The loss summed over the windows, each before its update.

        Raises
        ------
        ShapeError, NumericalError
            If shapes do not fit, or the inputs, the loss or a gradient are not finite; the message names the
            window. With ``update="window"`` the updates of the windows before it stay.
        """
        if targets is None:
            return self._descend(as_windows(inputs))
        return self.learn(as_batch(cast(ArrayLike, inputs), targets))["loss"]

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Learn from a batch; returns ``{"loss": ...}``, summed over the windows, each before its update."""
        return {"loss": self._descend(self._windows_of(experience))}

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Sequence[NDArray[Any]]]:
        """Return the loss and its truncated gradient, both summed over the windows; the weights stay as they are.

        The gradient has one array for each of `parameters`.
        """
        return self._summed(self._windows_of(batch))

    def apply(self, gradients: Sequence[NDArray[Any]]) -> None:
        """Take one optimiser step along `gradients`, one array for each of `parameters`."""
        self._optimiser.update(gradients, self.lr)

    def evaluate(self, experience: Batch) -> Mapping[str, float]:
        """Return the loss summed over windows, and the accuracy on whole sequences where targets are labels."""
        loss, after, parts = 0.0, None, []
        for window in self._windows_of(experience):
            part, outputs = self._engine.loss_and_outputs(window, after=after)
            after = self._engine.n_runs
            loss += part
            parts.append(outputs.copy())
        share = accuracy(self.loss, np.concatenate(parts), experience.targets)
        return {"loss": loss} if share is None else {"loss": loss, "accuracy": share}

    def _windows_of(self, batch: Batch) -> Iterator[Batch]:
        # Checked as a whole first: a mistake in a late window must not leave a sequence half learnt.
        inputs = self._engine.checked_inputs(batch.inputs)
        return cut(Batch(inputs, batch.targets), self.options.k)

    def _gradients(self, windows: Iterable[Batch]) -> Iterator[tuple[float, list[NDArray[Any]]]]:
        """Yield the loss and gradient of one window after the other, the state going on between them."""
        after = None
        for number, window in enumerate(windows):
            try:
                loss_and_gradient = self._engine.loss_and_gradient(window, after=after)
            except (ShapeError, NumericalError) as error:
                raise type(error)(f"window {number}: {error}") from error
            after = self._engine.n_runs
            yield loss_and_gradient
        if after is None:
            raise ShapeError("there are no windows: a sequence has at least one")

    def _summed(self, windows: Iterable[Batch]) -> tuple[float, list[NDArray[Any]]]:
        total = 0.0
        sums: list[NDArray[Any]] = []
        for loss, gradients in self._gradients(windows):
            total += loss
            sums = [one + other for one, other in zip(sums, gradients, strict=True)] if sums else gradients
        return total, sums

    def _descend(self, windows: Iterable[Batch]) -> float:
        if self.options.update == "sequence":
            loss, gradients = self._summed(windows)
            self.apply(gradients)
            return loss
        loss = 0.0
        for part, gradients in self._gradients(windows):
            self.apply(gradients)
            loss += part
        return loss

    def state_dict(self) -> State:
        """Return the rate and the optimiser's state; the weights are the network's."""
        return {"lr": self.lr, "optimiser": self._optimiser.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.lr = float(state["lr"])
        self._optimiser.load_state_dict(state["optimiser"])
