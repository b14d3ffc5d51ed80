"""A window of steps at every synapse, compiled (specs/eprop.md, "Online").

What a synapse's eligibilities and sums gain in a window is linear in the eligibilities that it brings along and in
the spikes that arrive. The coefficients belong to the postsynaptic neuron. Reverse passes over the window give them:
one for each sum, and one for each eligibility at the window's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.model import Projection
from sc_core.simulation import Forward, NetworkArrays, native_view
from sc_gradient import Surrogate
from sc_plugin_eprop.feedback import FeedbackWeights
from sc_plugin_eprop.synapses import Synapses

if TYPE_CHECKING:
    from sc_native.eprop import EpropArrays

Array: TypeAlias = NDArray[Any]

_CARRY = {
    "synaptic_current": "synaptic_gradient",
    "membrane": "membrane_gradient",
    "adaptation": "adaptation_gradient",
}


class _ReversePass:
    """The derivative of one quantity of each neuron with respect to its input in every step of a window.

    Parameters
    ----------
    arrays : NetworkArrays
    synapses : sequence of (Projection, ndarray)
        Through which the derivative goes back to other populations.
    direct : ndarray, shape (n_steps,) or (1,), optional
        The quantity's derivative with respect to each spike: in every step, or the same in all.
    end : str, optional
        The state of a neuron, as `Synapses` names it, that the quantity is at the window's end.
    """

    def __init__(
        self,
        arrays: NetworkArrays,
        synapses: Sequence[tuple[Projection, Array]],
        direct: Array | None = None,
        end: str | None = None,
    ) -> None:
        self._responses = [
            None if population.current is None else np.empty_like(population.current)
            for population in arrays.populations
        ]
        self._carries: list[dict[str, Array]] = [
            {
                carry: np.zeros_like(population.state[name])
                for name, carry in _CARRY.items()
                if name in population.state
            }
            for population in arrays.populations
        ]
        self._end = _CARRY.get(end or "")
        self.gradients: list[dict[str, Array | None]] = [dict(carries) for carries in self._carries]
        if direct is not None:
            for population, gradient in zip(arrays.populations, self.gradients, strict=True):
                if population.coefficients.model not in ("Input", "LI"):
                    shape = (len(direct), arrays.batch, population.n)
                    every_neuron = np.broadcast_to(direct[:, None, None], shape)
                    gradient["output_gradient"] = every_neuron.astype(arrays.network.dtype, order="C")
        self._view = native_view(arrays, synapses, self._responses)

    def run(self, surrogate: Surrogate, through_reset: bool) -> None:
        """Go back through the window that the network ran."""
        for carries in self._carries:
            for name, carry in carries.items():
                carry[...] = name == self._end
        settings = (surrogate.name, surrogate.slope, surrogate.scale)
        self._view.backward(self.gradients, settings, through_reset, kernels.thread_count())

    def response(self, place: int) -> Array:
        """Return the derivative with respect to a population's input, shape (n_steps, batch, n); filled by a run."""
        response = self._responses[place]
        assert response is not None  # no projection targets an Input  # noqa: S101
        return response

    def at_beginning(self, place: int, state: str) -> Array | None:
        """Return the derivative with respect to a population's state before the window; filled by a run."""
        return self._carries[place].get(_CARRY.get(state, ""))


class NativeWindow:
    """Windows of one length through every synapse.

    Parameters
    ----------
    forward : Forward
        Its arrays record.
    synapses : sequence of Synapses
    surrogate : Surrogate
    through_reset : bool
    readout_decay : float
        kappa.
    feedback : FeedbackWeights
    """

    def __init__(
        self,
        forward: Forward,
        synapses: Sequence[Synapses],
        surrogate: Surrogate,
        through_reset: bool,
        readout_decay: float,
        feedback: FeedbackWeights,
    ) -> None:
        self.forward = forward
        arrays = forward.arrays
        self._surrogate, self._through_reset = surrogate, through_reset
        self._synapses = synapses
        self._readout = arrays.place[arrays.network.output_population.name]
        self._signal = _ReversePass(arrays, feedback())
        self._passes = {"signal_sum": self._signal}
        if any(each.trace_sum is not None for each in synapses):
            self._passes["trace_sum"] = _ReversePass(arrays, [], direct=np.ones(1))
        for name in sorted({name for each in synapses for name in each.states}):
            powers = readout_decay ** np.arange(arrays.n_steps - 1.0, -1.0, -1.0)
            direct = powers if name == "filtered" else None
            self._passes[name] = _ReversePass(arrays, [], direct=direct, end=name)
        # What a filtered eligibility at the beginning adds to the sum of signals, by the place of its population.
        self._signal_of_filtered = {
            place: np.zeros_like(arrays.populations[place].state["membrane"])
            for place in (arrays.place[projection.source.name] for projection, _ in feedback())
        }
        self._back = [
            (
                arrays.place[p.source.name],
                scipy.sparse.csr_array((w, p.indices, p.indptr), shape=p.weights.shape),
            )
            for p, w in feedback()
        ]
        self._left_of_filtered = readout_decay**arrays.n_steps
        self._at_synapses = [self._arrays_at(each) for each in synapses]

    def _arrays_at(self, synapses: Synapses) -> EpropArrays:
        from sc_native.eprop import EpropArrays  # exists only where the kernels were compiled

        arrays, projection = self.forward.arrays, synapses.projection
        place = arrays.place[projection.target.name]
        sums = ["signal_sum"] if synapses.trace_sum is None else ["signal_sum", "trace_sum"]
        results = [*sums, *synapses.states]
        return EpropArrays(
            arrays.network.dtype,
            (arrays.n_steps * arrays.batch, arrays.batch, projection.target.n, projection.n_synapses),
            [self._passes[result].response(place) for result in results],
            [[self._transition(place, result, state) for state in synapses.states] for result in results],
            list(synapses.states.values()),
            synapses.sums,
        )

    def _transition(self, place: int, result: str, state: str) -> Array | None:
        """Return what a unit of a state at the beginning adds to a result; filled by every run."""
        if state != "filtered":
            return self._passes[result].at_beginning(place, state)
        if result == "signal_sum":
            return self._signal_of_filtered[place]
        if result == "filtered":
            return np.full_like(self._signal_of_filtered[place], self._left_of_filtered)
        return None

    def advance(self, output_gradient: Array) -> None:
        """Take the window that `forward` ran into the synapses' eligibilities and sums.

        Parameters
        ----------
        output_gradient : ndarray, shape (n_steps, batch, n_output)
            Of the loss with respect to the readout.
        """
        self._signal.gradients[self._readout]["output_gradient"] = output_gradient
        for each in self._passes.values():
            each.run(self._surrogate, self._through_reset)
        self._set_signal_of_filtered()
        native, threads = self.forward.native(), kernels.thread_count()
        for synapses, at_synapses in zip(self._synapses, self._at_synapses, strict=True):
            native.eprop_window(synapses.index, at_synapses, threads)

    def _set_signal_of_filtered(self) -> None:
        carry = self._signal.at_beginning(self._readout, "membrane")
        assert carry is not None  # the readout has a membrane  # noqa: S101
        arriving = carry * self.forward.arrays.populations[self._readout].coefficients["input_gain"]
        for total in self._signal_of_filtered.values():
            total[...] = 0
        for place, weights in self._back:
            self._signal_of_filtered[place] += (weights @ arriving.T).T
