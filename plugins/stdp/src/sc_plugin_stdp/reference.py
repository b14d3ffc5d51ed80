"""The rule in NumPy, for any delays (specs/stdp.md): the reference that the kernel must agree with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_plugin_stdp.options import STDPOptions

Array = NDArray[np.float64]


class _Neurons:
    """Spikes and traces of one side's neurons in the last steps, the traces before the spikes of their step."""

    def __init__(self, n: int, depth: int, decays: tuple[float, float], nearest: bool) -> None:
        self.spikes = np.zeros((depth, n), bool)
        self.traces = np.zeros((depth, 2, n))
        self._decays, self._nearest = np.array(decays)[:, None], nearest

    def advance(self, t: int, spikes: NDArray[np.bool_]) -> None:
        depth = len(self.spikes)
        before, fired = self.traces[(t - 1) % depth], self.spikes[(t - 1) % depth]
        after = np.where(fired, 1.0 if self._nearest else before + 1.0, before)
        self.traces[t % depth] = self._decays * after
        self.spikes[t % depth] = spikes

    def seen(self, t: int, lag: Any, neuron: NDArray[Any]) -> tuple[NDArray[np.bool_], Array, Array]:
        """Return spikes and both traces of `neuron` as they were `lag` steps ago."""
        row = (t - lag) % len(self.spikes)
        return self.spikes[row, neuron], self.traces[row, 0, neuron], self.traces[row, 1, neuron]


class Reference:
    """The state of one projection's rule.

    Parameters
    ----------
    options : STDPOptions
    projection : Projection
    dt : float
    lags : (pre, post)
        By how many steps spikes reach the synapses after they are given: numbers, or functions that return an array
        (n_synapses,).
    longest : int
        The longest of these.
    """

    def __init__(
        self, options: STDPOptions, projection: Any, dt: float, lags: tuple[Any, Any], longest: int
    ) -> None:
        self._options, self._projection, self._lags = options, projection, lags
        o, nearest = options, options.pairing == "nearest"
        self._pre = _Neurons(
            projection.source.n, longest + 2, (np.exp(-dt / o.tau_plus), np.exp(-dt / o.tau_x)), nearest
        )
        self._post = _Neurons(
            projection.target.n, longest + 2, (np.exp(-dt / o.tau_minus), np.exp(-dt / o.tau_y)), nearest
        )

    def step(self, t: int, pre: Array, post: Array) -> None:
        """Change the weights by what met in step `t`."""
        projection, o = self._projection, self._options
        self._pre.advance(t, pre > 0)
        self._post.advance(t, post > 0)
        source = np.repeat(np.arange(projection.source.n), np.diff(projection.indptr))
        pre_lag, post_lag = (lag() if callable(lag) else lag for lag in self._lags)
        pre_now, r1, r2 = self._pre.seen(t, pre_lag, source)
        post_now, o1, o2 = self._post.seen(t, post_lag, projection.indices)
        span = o.w_max - o.w_min
        p = (np.asarray(projection.data, dtype=np.float64) - o.w_min) / span
        up = np.clip(1 - p, 0, None) ** o.mu_plus * r1 * (o.a_plus + o.a3_plus * o2)
        p = np.where(post_now, np.minimum(1, p + up), p)
        down = np.clip(p, 0, None) ** o.mu_minus * o1 * (o.a_minus + o.a3_minus * r2)
        p = np.where(pre_now, np.maximum(0, p - down), p)
        met = pre_now | post_now
        projection.data[met] = np.clip(o.w_min + span * p[met], o.w_min, o.w_max)

    def state_dict(self) -> dict[str, Any]:
        """Return spikes and traces."""
        return {
            "pre_spikes": self._pre.spikes,
            "pre_traces": self._pre.traces,
            "post_spikes": self._post.spikes,
            "post_traces": self._post.traces,
        }

    def load_state_dict(self, state: Any) -> None:
        """Take over what `state_dict` returned."""
        for name, array in self.state_dict().items():
            array[...] = state[name]
