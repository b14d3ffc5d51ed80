"""A window of steps at every synapse in NumPy: the equations of specs/eprop.md one step after the other.

The compiled `NativeWindow` must agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core.simulation import Forward
from sc_gradient import Surrogate, spike_derivative
from sc_plugin_eprop.feedback import FeedbackWeights
from sc_plugin_eprop.synapses import Synapses

Array: TypeAlias = NDArray[Any]


class ReferenceWindow:
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
        self._synapses, self._surrogate, self._through_reset = synapses, surrogate, through_reset
        self._readout_decay, self._feedback = readout_decay, feedback
        self._presynaptic = [
            np.repeat(np.arange(each.projection.source.n), np.diff(each.projection.indptr))
            for each in synapses
        ]

    def advance(self, output_gradient: Array) -> None:
        """Take the window that `forward` ran into the synapses' eligibilities and sums.

        Parameters
        ----------
        output_gradient : ndarray, shape (n_steps, batch, n_output)
            Of the loss with respect to the readout.
        """
        arrays = self.forward.arrays
        readout = arrays.network.output_population
        signals = self._learning_signals(output_gradient)
        for t in range(arrays.n_steps):
            for synapses, presynaptic in zip(self._synapses, self._presynaptic, strict=True):
                projection = synapses.projection
                source = arrays[projection.source.name]
                arriving = source.output[arrays.history + t - projection.delay][:, presynaptic]
                if projection.target is readout:
                    self._step_readout(synapses, arriving, output_gradient[t])
                else:
                    self._step_spiking(synapses, arriving, signals[projection.target.name][t], t)

    def _learning_signals(self, output_gradient: Array) -> dict[str, Array]:
        """Return L_j[t] by population (eq. 8)."""
        arrays = self.forward.arrays
        readout = arrays[arrays.network.output_population.name]
        arriving = (output_gradient * readout.coefficients["input_gain"]).reshape(-1, readout.n)
        signals: dict[str, Array] = {}
        for p, weights in self._feedback():
            matrix = scipy.sparse.csr_array((weights, p.indices, p.indptr), shape=p.weights.shape)
            signal = (arriving @ matrix.T).reshape(*output_gradient.shape[:2], p.source.n)
            signals[p.source.name] = signals.get(p.source.name, 0) + signal
        return signals

    def _step_readout(self, synapses: Synapses, arriving: Array, output_gradient: Array) -> None:
        """Eq. 10."""
        c = self.forward.arrays[synapses.projection.target.name].coefficients
        post, trace = synapses.projection.indices, synapses.states["membrane"]
        trace *= c["decay_membrane"][post]
        trace += c["input_gain"][post] * arriving
        synapses.signal_sum[...] += (output_gradient[:, post] * trace).sum(axis=0)

    def _step_spiking(self, synapses: Synapses, arriving: Array, signal: Array, t: int) -> None:
        """Eq. 2-7 and 1."""
        arrays, post = self.forward.arrays, synapses.projection.indices
        place = arrays.place[synapses.projection.target.name]
        population = arrays.populations[place]
        c, states = population.coefficients, synapses.states
        psi, held = (each[:, post] for each in spike_derivative(arrays, place, t, self._surrogate))
        if "synaptic_current" in states:
            states["synaptic_current"] *= c["decay_synapse"][post]
            states["synaptic_current"] += c["input_weight"][post] * arriving
            arriving = states["synaptic_current"]
        eps_v = states["membrane"]
        eps_u = np.where(held, eps_v, c["decay_membrane"][post] * eps_v + c["input_gain"][post] * arriving)
        trace = psi * eps_u
        if "adaptation" in states:
            eps_a, rho = states["adaptation"], c["decay_adaptation"][post]
            trace = psi * (eps_u - c["adaptation_strength"][post] * eps_a)
            eps_a *= rho
            eps_a += (1 - rho) * trace
        eps_v[...] = eps_u
        if c.reset_to_value:
            eps_v *= 1 - population.output[arrays.history + t][:, post]
        if self._through_reset:
            assert population.membrane_record is not None  # the arrays record  # noqa: S101
            jump = population.membrane_record[t] if c.reset_to_value else c["threshold"]
            eps_v -= (jump - c["reset_value"] + np.zeros_like(population.membrane_record[t]))[:, post] * trace
        states["filtered"] *= self._readout_decay
        states["filtered"] += trace
        synapses.signal_sum[...] += (signal[:, post] * states["filtered"]).sum(axis=0)
        if synapses.trace_sum is not None:
            synapses.trace_sum[...] += trace.sum(axis=0)
