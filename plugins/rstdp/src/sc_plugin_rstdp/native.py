"""The rule in C, for projections with one delay: arrays in the layout of the kernel (csrc/rstdp.cdef).

It is imported only where the kernels were compiled.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import CompiledStep
from sc_core.errors import CheckpointError
from sc_core.simulation import columns_of
from sc_native.rstdp import GLOBALS, RSTDPArrays
from sc_plugin_rstdp.eligibility import Eligibility
from sc_plugin_rstdp.options import RewardModulatedSTDPOptions, follow_baseline, gain

Array = NDArray[np.float64]
_BEFORE_RENORMALISATION = 30.0  # time constants: the stored traces stay far from overflow
_BEFORE_BEGINNING_ANEW = 3.0  # of the eligibility: u = |w| - E K loses no more than a digit to cancellation


class Native:
    """The state of one projection's rule.

    Parameters
    ----------
    options : RewardModulatedSTDPOptions
    projection : Projection
    dt : float
    bounds : (w_min, w_max)
        As a weight can have them.
    """

    def __init__(
        self, options: RewardModulatedSTDPOptions, projection: Any, dt: float, bounds: tuple[Any, Any]
    ) -> None:
        o = options
        self._projection, self._eligibility = projection, Eligibility(projection)
        taus = np.array([o.tau_plus, o.tau_minus, o.tau_eligibility])
        kept = np.array([_BEFORE_RENORMALISATION, _BEFORE_RENORMALISATION, _BEFORE_BEGINNING_ANEW])
        self._rate, self._period = dt / taus, np.ceil(kept * taus / dt).astype(np.int64)
        self._parameters = {
            "w_min": float(bounds[0]),
            "w_max": float(bounds[1]),
            "a_plus": o.a_plus,
            "a_minus": o.a_minus,
            "gain": gain(o, dt),
            "decay_reward": math.exp(-dt / o.tau_reward),
            "follow_baseline": follow_baseline(o, dt),
            "rate": self._rate.tolist(),
            "period": self._period.tolist(),
        }
        self._traces = {"r": np.zeros((1, projection.source.n)), "o": np.zeros(projection.target.n)}
        self._global = np.zeros((1, len(GLOBALS)))
        self._state = np.zeros((0, 2))
        self._arrays: Any = None
        self._pattern: Any = None  # the projection's indices that `_state` is of
        self._seen: tuple[Any, Any, Any, int] = (None, None, None, 0)

    @property
    def reward(self) -> float:
        """The reward trace R."""
        return float(self._global[0, 0])

    @property
    def baseline(self) -> float:
        """The running mean b of the modulator."""
        return float(self._global[0, 1])

    def _view(self, t: int, n_parts: int) -> Any:
        """Return the kernel's arrays, made anew when the projection was rewired or is cut into other parts."""
        projection, eligibility = self._projection, self._eligibility.values
        if self._pattern is not projection.indices:
            self._begin(t)
        now = (projection.data, self._pattern, eligibility, n_parts)
        if self._arrays is None or any(
            mine is not other for mine, other in zip(self._seen, now, strict=True)
        ):
            self._traces["r"] = np.repeat(self._traces["r"][:1], n_parts, axis=0)
            self._global = np.repeat(self._global[:1], n_parts, axis=0)
            arrays = {
                "eligibility": eligibility,
                "state": self._state,
                "global": self._global,
                **self._traces,
            }
            sizes = (projection.source.n, projection.target.n)
            self._arrays = RSTDPArrays(
                sizes, projection.data, columns_of(projection), arrays, self._parameters
            )
            self._seen = now
        return self._arrays

    def _begin(self, t: int) -> None:
        """Take weights and eligibilities from the projection: its synapses are new."""
        grown = math.exp((max(t - 1, 0) % self._period[2]) * self._rate[2])
        stored = self._eligibility.values * grown
        reached = self._global[0, GLOBALS.index("reached")]
        size = np.abs(np.asarray(self._projection.data, np.float64))
        self._state = np.stack([size - stored * reached, stored], axis=1)
        self._pattern, self._arrays = self._projection.indices, None

    def compiled(self, t: int, n_steps: int, n_parts: int) -> CompiledStep:
        """Return the step in C for a window of `n_steps` that begins with step `t`."""
        view = self._view(t, n_parts)
        view.begin(t, n_steps)
        return CompiledStep(*view.rule)

    def step(self, t: int, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Change weights and eligibilities by step `t`."""
        spikes = (np.flatnonzero(np.asarray(z) > 0).astype(np.int32) for z in (pre, post))
        self._view(t, 1).step(t, *spikes, modulator)

    def state_dict(self) -> dict[str, Any]:
        """Return traces, eligibilities, reward trace, baseline, and what the kernel keeps of each synapse."""
        return {
            "global": dict(zip(GLOBALS, self._global[0].tolist(), strict=True)),
            "pre_trace": self._traces["r"][0],
            "post_trace": self._traces["o"],
            "eligibility": self._eligibility.values,
            "synapses": self._state,
        }

    def load_state_dict(self, state: Any) -> None:
        """Take over what `state_dict` returned."""
        traces = np.array(state["pre_trace"], np.float64), np.array(state["post_trace"], np.float64)
        kept = np.array([float(state["global"][name]) for name in GLOBALS])
        synapses = np.array(state["synapses"], np.float64)
        if traces[0].shape != self._traces["r"][0].shape or traces[1].shape != self._traces["o"].shape:
            raise CheckpointError("rstdp: the saved traces are of a projection with other neurons")
        self._eligibility.load(state["eligibility"])
        self._traces = {"r": traces[0][None], "o": traces[1]}
        self._global, self._state, self._arrays = kept[None], synapses, None
        self._pattern = self._projection.indices if len(synapses) else None
