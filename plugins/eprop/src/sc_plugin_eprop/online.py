"""Learning online: window by window through a sequence, in memory that does not depend on its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.contracts import Batch
from sc_core.errors import NumericalError, ShapeError
from sc_core.model import LI, Network
from sc_core.simulation import Forward, NetworkArrays, checked_inputs
from sc_gradient import Loss, RatePenalty, Surrogate
from sc_gradient.losses import refuse_non_finite
from sc_plugin_eprop.feedback import FeedbackWeights
from sc_plugin_eprop.native_window import NativeWindow
from sc_plugin_eprop.reference_window import ReferenceWindow
from sc_plugin_eprop.stepwise_loss import first_counted, loss_sum_and_gradient
from sc_plugin_eprop.synapses import Synapses, learning_synapses

Array: TypeAlias = NDArray[Any]

WINDOW = 512
"""Most steps that are taken at once: enough that a window's fixed costs do not show, few enough for the cache."""

_KEPT_LENGTHS = 3  # of a window within a sequence, of its last one, and of the last one of other sequences


class OnlineGradient:
    """Learning signals times eligibility traces, for sequences of any length.

    Parameters
    ----------
    network : sc_core.Network
    loss : Loss
        A stepwise one.
    surrogate : Surrogate
    through_reset : bool
    rate_penalties : sequence of RatePenalty
    feedback : FeedbackWeights
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        surrogate: Surrogate,
        through_reset: bool,
        rate_penalties: Sequence[RatePenalty],
        feedback: FeedbackWeights,
    ) -> None:
        self.network, self.loss = network, loss
        self.rate_penalties = tuple(rate_penalties)
        self._surrogate, self._through_reset, self._feedback = surrogate, through_reset, feedback
        readout = network.output_population.neuron
        assert isinstance(readout, LI)  # checked before  # noqa: S101
        self._readout_decay = float(np.exp(-network.dt / np.max(readout.tau)))
        self._built_for: tuple[Any, ...] = ()
        self._synapses: list[Synapses] = []
        self._windows: dict[int, NativeWindow | ReferenceWindow] = {}
        self._previous: NetworkArrays | None = None
        self._spike_counts: dict[str, NDArray[np.float64]] = {}

    def updates(self, batch: Batch, every: int | None = None) -> Iterator[tuple[float, list[Array] | None]]:
        """Go through sequences and yield what each stretch of steps teaches; weights may change in between.

        Parameters
        ----------
        batch : sc_core.Batch
        every : int, optional
            Steps of a stretch: the whole sequence unless given.

        Yields
        ------
        float
            The stretch's part in the loss of the sequence.
        list of ndarray, or None
            The gradient of the stretch's mean loss, one array per projection; None where it has no loss.

        Raises
        ------
        ShapeError, NumericalError
            If the batch does not fit, or the loss or a gradient is not finite.
        """
        inputs = _checked(self.network, batch)
        n_steps = len(inputs)
        self._prepare(inputs.shape[1])
        first = first_counted(self.loss, n_steps)
        for begin in range(0, n_steps, every or n_steps):
            end = min(begin + (every or n_steps), n_steps)
            counted = max(0, end - max(begin, first))
            loss = self._go_through(inputs, batch.targets, range(begin, end), first) / (n_steps - first)
            gradients = self._gradients(max(counted, 1))
            penalty = self._penalise(gradients, range(begin, end), inputs.shape[1])
            loss = refuse_non_finite(loss + penalty * (end - begin) / n_steps)
            self._refuse_non_finite_gradients(gradients)
            yield loss, gradients if counted or self.rate_penalties else None

    def _prepare(self, batch: int) -> None:
        """Begin sequences: with no traces, and no window behind them."""
        patterns = [projection.indices for projection in self.network.projections]
        weights = [weights for _, weights in self._feedback()]
        key = (batch, kernels.native(), *patterns, *weights)
        if len(key) != len(self._built_for) or any(
            mine is not now for mine, now in zip(self._built_for, key, strict=True)
        ):
            self._windows.clear()
            self._synapses = learning_synapses(self.network, batch, self.rate_penalties)
            self._built_for = key
        for synapses in self._synapses:
            synapses.clear_sums()
            for state in synapses.states.values():
                state[...] = 0
        self._previous = None
        self._spike_counts = {
            penalty.population: np.zeros(self._size(penalty.population)) for penalty in self.rate_penalties
        }

    def _size(self, name: str) -> int:
        return next(population.n for population in self.network.populations if population.name == name)

    def _window(self, n_steps: int, batch: int) -> NativeWindow | ReferenceWindow:
        if n_steps not in self._windows:
            if len(self._windows) == _KEPT_LENGTHS:
                self._windows.pop(next(iter(self._windows)))
            kind = NativeWindow if kernels.native() else ReferenceWindow
            self._windows[n_steps] = kind(
                Forward(NetworkArrays(self.network, n_steps, batch, record=True)),
                self._synapses,
                self._surrogate,
                self._through_reset,
                self._readout_decay,
                self._feedback,
            )
        return self._windows[n_steps]

    def _go_through(self, inputs: Array, targets: Array, steps: range, first: int) -> float:
        """Take a stretch of steps into the synapses' sums; return its loss, summed over the steps that count."""
        loss = 0.0
        for begin in range(steps.start, steps.stop, WINDOW):
            end = min(begin + WINDOW, steps.stop)
            window = self._window(end - begin, inputs.shape[1])
            arrays = window.forward.arrays
            if self._previous is None:
                arrays.reset()
            else:
                arrays.continue_from(self._previous)
            self._previous = arrays
            window.forward.run(inputs[begin:end])
            outputs = arrays.output(self.network.output_population.name)
            aimed_at = targets[begin:end] if targets.ndim == 3 else targets
            part, gradient = loss_sum_and_gradient(self.loss, outputs, aimed_at, max(0, first - begin))
            loss += part
            window.advance(gradient)
            for name, counts in self._spike_counts.items():
                counts += arrays.output(name).sum(axis=(0, 1), dtype=np.float64)
        return loss

    def _gradients(self, counted: int) -> list[Array]:
        """Return the gradient of the mean loss of a stretch, zero where a projection does not learn."""
        gradients = [np.zeros_like(projection.data) for projection in self.network.projections]
        for synapses in self._synapses:
            gradients[synapses.index] += synapses.signal_sum / synapses.signal_sum.dtype.type(counted)
        return gradients

    def _penalise(self, gradients: list[Array], steps: range, batch: int) -> float:
        """Return the rate penalties so far and add their gradient for a stretch (eq. 12)."""
        total = 0.0
        for penalty in self.rate_penalties:
            rows = steps.stop * batch
            counts = self._spike_counts[penalty.population]
            value, slope = penalty.of_counts(counts, rows, self.network.dt)
            total += value
            slope *= rows / (len(steps) * batch)
            for synapses in self._synapses:
                if synapses.projection.target.name == penalty.population:
                    assert synapses.trace_sum is not None  # its target is penalised  # noqa: S101
                    factor = slope.astype(synapses.trace_sum.dtype)[synapses.projection.indices]
                    gradients[synapses.index] += factor * synapses.trace_sum
        for synapses in self._synapses:
            synapses.clear_sums()
        return total

    def _refuse_non_finite_gradients(self, gradients: list[Array]) -> None:
        for projection, gradient in zip(self.network.projections, gradients, strict=True):
            if not np.isfinite(gradient).all():
                raise NumericalError(f"the gradient of projection {projection.name!r} is not finite")


def _checked(network: Network, batch: Batch) -> Array:
    """Return the inputs with a batch axis; they are checked in parts, so that no large array is made of them."""
    inputs = np.asarray(batch.inputs)
    if inputs.ndim == 0 or len(inputs) == 0:
        return checked_inputs(network, inputs)  # which refuses them
    try:
        for begin in range(0, len(inputs), WINDOW):
            checked_inputs(network, inputs[begin : begin + WINDOW])
    except NumericalError:
        checked_inputs(network, inputs)  # names the step of the whole sequence
    if inputs.ndim == 2:
        inputs = inputs[:, None]
    if batch.targets.ndim == 3 and len(batch.targets) != len(inputs):
        raise ShapeError(f"targets have {len(batch.targets)} steps, the inputs {len(inputs)}")
    return inputs
