"""The rule in NumPy, for any delays (specs/rstdp.md): the reference that the kernel must agree with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import CheckpointError
from sc_plugin_rstdp.eligibility import Eligibility
from sc_plugin_rstdp.options import RewardModulatedSTDPOptions, follow_baseline, gain


class Reference:
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
        self._options, self._projection, self._dt = options, projection, dt
        self._low, self._high = bounds
        self._eligibility = Eligibility(projection)
        self._decay_plus, self._decay_minus = math.exp(-dt / o.tau_plus), math.exp(-dt / o.tau_minus)
        self._decay_eligibility = math.exp(-dt / o.tau_eligibility)
        self._decay_reward = math.exp(-dt / o.tau_reward)
        self._gain, self._follow = gain(o, dt), follow_baseline(o, dt)
        self.reward = self.baseline = 0.0
        # Presynaptic spikes and traces of as many steps as the longest delay of a synapse takes.
        depth = int(np.max(self._lags(), initial=0)) + 1
        self._spikes = np.zeros((depth, projection.source.n), bool)
        self._traces = np.zeros((depth, projection.source.n))
        self._post_trace = np.zeros(projection.target.n)

    def _lags(self) -> Any:
        """By how many steps a spike reaches each synapse after it is given."""
        delays = getattr(self._projection, "synapse_state", {}).get("delay")
        return 0 if delays is None else np.round(np.asarray(delays) / self._dt).astype(np.int64)

    def step(self, t: int, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Change weights and eligibilities by step `t` (eq. 1-7)."""
        projection, eligibility = self._projection, self._eligibility.values
        if self.reward:
            data = projection.data
            size = np.abs(data) + self._gain * self.reward * eligibility
            # The sign bit stays where a weight reaches 0, so a synapse never changes sides.
            data[:] = np.copysign(np.clip(size.astype(data.dtype), self._low, self._high), data)
        eligibility *= self._decay_eligibility
        self._pair(t, eligibility, np.asarray(pre) > 0, np.asarray(post) > 0)
        surprise = modulator - self.baseline
        self.reward = self._decay_reward * self.reward + surprise
        self.baseline += self._follow * surprise

    def _pair(
        self, t: int, eligibility: NDArray[np.float64], pre: NDArray[np.bool_], post: NDArray[np.bool_]
    ) -> None:
        """Add what this step's spikes make eligible (eq. 3-5)."""
        o, target = self._options, self._projection.indices
        source = np.repeat(np.arange(self._projection.source.n), np.diff(self._projection.indptr))
        depth = len(self._spikes)
        self._spikes[t % depth] = pre
        self._traces[t % depth] = self._decay_plus * self._traces[(t - 1) % depth] + pre
        self._post_trace *= self._decay_minus
        row = (t - self._lags()) % depth
        # As in Brian2 the presynaptic spikes of a step come before the postsynaptic ones.
        eligibility -= o.a_minus * self._post_trace[target] * self._spikes[row, source]
        eligibility += o.a_plus * self._traces[row, source] * post[target]
        self._post_trace += post

    def state_dict(self) -> dict[str, Any]:
        """Return traces, eligibilities, reward trace and baseline."""
        return {
            "reward": self.reward,
            "baseline": self.baseline,
            "pre_spikes": self._spikes,
            "pre_traces": self._traces,
            "post_trace": self._post_trace,
            "eligibility": self._eligibility.values,
        }

    def load_state_dict(self, state: Any) -> None:
        """Take over what `state_dict` returned."""
        arrays = [np.array(state[name]) for name in ("pre_spikes", "pre_traces", "post_trace")]
        reward, baseline = float(state["reward"]), float(state["baseline"])
        if [a.shape for a in arrays] != [a.shape for a in (self._spikes, self._traces, self._post_trace)]:
            raise CheckpointError("rstdp: the saved traces are of a projection with other neurons or delays")
        self._eligibility.load(state["eligibility"])
        self._spikes, self._traces, self._post_trace = arrays
        self.reward, self.baseline = reward, baseline
