"""The rule in C, for projections with one delay: arrays in the layout of the kernel (csrc/stdp.cdef)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import CompiledStep
from sc_core.simulation import columns_of
from sc_plugin_stdp.options import STDPOptions

Array = NDArray[np.float64]
_BEFORE_RENORMALISATION = 30.0  # time constants: the stored traces stay far from overflow


class Native:
    """The state of one projection's rule.

    Parameters
    ----------
    options : STDPOptions
    projection : Projection
    dt : float
    post_lag : int
        By how many steps postsynaptic spikes reach the synapses after they are given.
    """

    def __init__(self, options: STDPOptions, projection: Any, dt: float, post_lag: int) -> None:
        self._options, self._projection = options, projection
        o, triplets = options, options.a3_plus > 0 or options.a3_minus > 0
        taus = {"r1": o.tau_plus, "o1": o.tau_minus, "r2": o.tau_x, "o2": o.tau_y}
        n = {"r": projection.source.n, "o": projection.target.n}
        self._traces: dict[str, Array | None] = {
            name: np.zeros((1, n[name[0]])) if triplets or name.endswith("1") else None for name in taus
        }
        self._late = np.zeros((post_lag + 1, n["o"]), bool)
        self._parameters = {
            "w_min": o.w_min,
            "w_max": o.w_max,
            "amplitude": [o.a_plus, o.a_minus, o.a3_plus, o.a3_minus],
            "mu_plus": o.mu_plus,
            "mu_minus": o.mu_minus,
            "rate": [dt / tau for tau in taus.values()],
            "period": [math.ceil(_BEFORE_RENORMALISATION * tau / dt) for tau in taus.values()],
            "nearest": o.pairing == "nearest",
        }
        self._arrays: Any = None
        self._seen: tuple[Any, Any, int] = (None, None, 0)

    def _view(self, n_parts: int) -> Any:
        """Return the kernel's arrays, made anew when the projection was rewired or is cut into other parts."""
        from sc_native.stdp import STDPArrays  # exists only where the kernels were compiled

        projection = self._projection
        now = (projection.data, projection.indices, n_parts)
        if self._arrays is None or any(
            mine is not other for mine, other in zip(self._seen, now, strict=True)
        ):
            self._cut(n_parts)
            sizes = (projection.source.n, projection.target.n)
            self._arrays = STDPArrays(sizes, now[0], columns_of(projection), self._traces, self._parameters)
            self._seen = now
        return self._arrays

    def _cut(self, n_parts: int) -> None:
        """Keep presynaptic traces once for each part: each changes its own, alike."""
        for name, trace in self._traces.items():
            if trace is not None and name.startswith("r") and len(trace) != n_parts:
                self._traces[name] = np.repeat(trace[:1], n_parts, axis=0)

    def compiled(self, t: int, n_parts: int) -> CompiledStep:
        """Return the step in C for a window that begins with step `t`."""
        view = self._view(n_parts)
        view.begin(t)
        return CompiledStep(*view.rule)

    def step(self, t: int, pre: Array, post: Array) -> None:
        """Change the weights by what met in step `t`."""
        depth = len(self._late)
        self._late[t % depth] = post > 0
        arriving = self._late[(t + 1) % depth]
        self._view(1).step(t, np.flatnonzero(pre).astype(np.int32), np.flatnonzero(arriving).astype(np.int32))

    def state_dict(self) -> dict[str, Any]:
        """Return the traces and the postsynaptic spikes under way."""
        return {"traces": {k: v[0] for k, v in self._traces.items() if v is not None}, "late": self._late}

    def load_state_dict(self, state: Any) -> None:
        """Take over what `state_dict` returned."""
        self._late[...] = state["late"]
        for name, trace in self._traces.items():
            if trace is not None:
                trace[:] = state["traces"][name]
