"""The eligibility trace of the users' documentation: a decaying outer product (specs/eprop.md)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError, NumericalError, ShapeError


class EligibilityTrace:
    """A decaying record of which pre- and postsynaptic neurons spiked together, times an error.

    This is not e-prop, which is `EpropLearner`: it looks at spikes only, and at no neuron's state.

    Parameters
    ----------
    tau_e : float
        Time constant of the trace, ms.
    dt : float
        Length of a step, ms.

    Attributes
    ----------
    decay : float
        ``exp(-dt / tau_e)``.
    trace : ndarray, shape (n_pre, n_post), or None
        None before the first `update`.

    Raises
    ------
    ConfigurationError
        If `tau_e` or `dt` is not a positive number.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_plugin_eprop import EligibilityTrace
    >>> traces = EligibilityTrace(tau_e=20.0, dt=1.0)
    >>> traces.update([1, 0], [1, 1], error_signal=[0.5, -1.0])
    array([[ 0.5, -1. ],
           [ 0. , -0. ]])
    >>> traces.update([0, 0], [0, 0], error_signal=[1.0, 1.0]).round(3)
    array([[0.951, 0.951],
           [0.   , 0.   ]])
    """

    def __init__(self, tau_e: float = 20.0, dt: float = 1.0) -> None:
        for name, value in (("tau_e", tau_e), ("dt", dt)):
            if not np.isfinite(value) or value <= 0:
                raise ConfigurationError(name, f"must be > 0 (ms), got {value!r}")
        self.tau_e, self.dt = float(tau_e), float(dt)
        self.decay = math.exp(-self.dt / self.tau_e)
        self.trace: NDArray[np.float64] | None = None

    def update(
        self, pre_spike: ArrayLike, post_spike: ArrayLike, error_signal: ArrayLike
    ) -> NDArray[np.float64]:
        """Advance the trace by one step and weigh it by the error of each postsynaptic neuron.

        Parameters
        ----------
        pre_spike : array_like, shape (n_pre,)
            0 or 1.
        post_spike : array_like, shape (n_post,)
            0 or 1.
        error_signal : array_like, shape (n_post,)

        Returns
        -------
        ndarray, shape (n_pre, n_post)
            ``trace * error_signal``, where ``trace = decay * trace + outer(pre_spike, post_spike)``.

        Raises
        ------
        ShapeError, NumericalError
            If shapes do not fit each other or those before, spikes are not 0 or 1, or an error is not finite.
        """
        pre, post = _spikes("pre_spike", pre_spike), _spikes("post_spike", post_spike)
        error = np.asarray(error_signal, dtype=np.float64)
        if error.shape != post.shape:
            raise ShapeError(
                f"error_signal has shape {error.shape}, expected that of post_spike, {post.shape}"
            )
        if not np.isfinite(error).all():
            raise NumericalError("error_signal contains NaN or infinity")
        if self.trace is None:
            self.trace = np.zeros((pre.size, post.size))
        if self.trace.shape != (pre.size, post.size):
            raise ShapeError(
                f"pre_spike and post_spike have {pre.size} and {post.size} neurons, but the trace is of "
                f"{self.trace.shape[0]} and {self.trace.shape[1]}"
            )
        self.trace *= self.decay
        self.trace += np.outer(pre, post)
        return self.trace * error


def _spikes(name: str, values: ArrayLike) -> NDArray[np.float64]:
    spikes = np.asarray(values, dtype=np.float64)
    if spikes.ndim != 1:
        raise ShapeError(f"{name} must have one value per neuron, got shape {spikes.shape}")
    if not np.isin(spikes, (0.0, 1.0)).all():
        raise NumericalError(f"{name} must be 0 or 1 for every neuron")
    return spikes
