"""The exponential filter that turns spikes into traces, and its transpose for gradients."""

from __future__ import annotations

import math

import numpy as np

from sc_gradient.losses.loss import Array


def decay_of(tau: float, dt: float) -> float:
    """Return what is left of a trace with time constant `tau` after a step of length `dt` (both ms)."""
    return math.exp(-dt / tau)


def trace(signal: Array, decay: float) -> Array:
    """Return ``trace[t] = decay * trace[t-1] + signal[t]`` along the first axis, from 0.

    Parameters
    ----------
    signal : ndarray, shape (n_steps, ...)
    decay : float

    Returns
    -------
    ndarray, of the shape and dtype of `signal`
    """
    from scipy.signal import lfilter  # only losses with a filter need it, and it imports slowly

    kind = signal.dtype.type
    return np.asarray(lfilter([kind(1)], [kind(1), kind(-decay)], signal, axis=0))


def trace_backward(trace_gradient: Array, decay: float) -> Array:
    """Return dL/d signal from dL/d trace: the same filter, run from the last step to the first."""
    return trace(trace_gradient[::-1], decay)[::-1]
