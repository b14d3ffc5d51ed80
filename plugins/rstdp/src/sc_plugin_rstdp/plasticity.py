"""The plasticity: what spikes made eligible, reward turns into weights (specs/rstdp.md)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_plugin_rstdp.eligibility import Eligibility
from sc_plugin_rstdp.options import RewardModulatedSTDPOptions


class RewardModulatedSTDP:
    """Reward-modulated spike-timing dependent plasticity.

    Parameters
    ----------
    **options
        The fields of `RewardModulatedSTDPOptions`: ``learning_rate``, ``a_plus``, ``a_minus``, ``tau_plus``,
        ``tau_minus``, ``tau_eligibility``, ``tau_reward``, ``tau_baseline``, ``w_min``, ``w_max``.

    Attributes
    ----------
    reward : float
        The reward trace R.
    baseline : float
        The running mean b of the modulator.

    Raises
    ------
    ConfigurationError
        If an option is not allowed; when bound to a projection whose weights lie outside the bounds.

    References
    ----------
    Izhikevich 2007, Cerebral Cortex 17:2443; Frémaux & Gerstner 2016, Frontiers in Neural Circuits 9:85.
    Equations: specs/rstdp.md.

    Examples
    --------
    A pair of spikes 10 ms apart, and a reward 100 ms later:

    >>> import numpy as np
    >>> from sc_core import LIF, Input, Population, Projection
    >>> source, target = Population("a", 1, Input()), Population("b", 1, LIF())
    >>> synapse = Projection(source, target, [[0.5]])
    >>> rule = RewardModulatedSTDP(learning_rate=1e-3)
    >>> rule.bind(synapse, dt=1.0, rng=np.random.default_rng(0))
    >>> for step in range(2000):
    ...     rule.after_step(np.array([step == 0]), np.array([step == 10]), float(step == 110))
    >>> float(synapse.data[0].round(4))  # 0.5 + 1e-3 exp(-10/20) exp(-100/1000) / (1/200 + 1/1000)
    0.5915
    """

    Options = RewardModulatedSTDPOptions

    def __init__(self, **options: Any) -> None:
        try:
            self.options = RewardModulatedSTDPOptions(**options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError("rstdp", str(error)) from error
        self.reward = self.baseline = 0.0
        self._projection: Any = None

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection into care, refusing weights outside of the bounds; `rng` is not used."""
        o, data = self.options, np.asarray(projection.data)
        # The bounds that hold are those that a weight can have.
        self._low, self._high = (
            data.dtype.type(w) for w in (o.w_min, np.inf if o.w_max is None else o.w_max)
        )
        size = np.abs(data)
        wrong = ~((size >= self._low) & (size <= self._high) & np.isfinite(size))
        if wrong.any():
            raise ConfigurationError(
                f"{getattr(projection, 'name', 'projection')}.weights",
                f"must be finite, with a magnitude within w_min = {o.w_min} and w_max = {o.w_max}; got "
                f"{data[wrong][0]} at synapse {wrong.argmax()}",
            )
        self._projection, self._eligibility = projection, Eligibility(projection)
        self._decay_plus, self._decay_minus = math.exp(-dt / o.tau_plus), math.exp(-dt / o.tau_minus)
        self._decay_eligibility = math.exp(-dt / o.tau_eligibility)
        self._decay_reward = math.exp(-dt / o.tau_reward)
        together = 1.0 / (1.0 / o.tau_eligibility + 1.0 / o.tau_reward)
        self._gain = -o.learning_rate * together * math.expm1(-dt / together)
        self._follow = 0.0 if o.tau_baseline is None else -math.expm1(-dt / o.tau_baseline)
        self.reward, self.baseline, self._dt, self._n_steps = 0.0, 0.0, dt, 0
        # Presynaptic spikes and traces of as many steps as the longest delay of a synapse takes.
        depth = int(np.max(self._lags(), initial=0)) + 1
        self._spikes = np.zeros((depth, projection.source.n), bool)
        self._traces = np.zeros((depth, projection.source.n))
        self._post_trace = np.zeros(projection.target.n)

    def _lags(self) -> Any:
        """By how many steps a spike reaches each synapse after it is given."""
        delays = getattr(self._projection, "synapse_state", {}).get("delay")
        return 0 if delays is None else np.round(np.asarray(delays) / self._dt).astype(np.int64)

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Change weights and eligibilities by one step (eq. 1-7).

        Raises
        ------
        ConfigurationError
            If the rule is not bound, or the modulator is not finite; nothing has changed then.
        """
        if self._projection is None:
            raise ConfigurationError("rstdp", "bind it to a projection first")
        if not math.isfinite(modulator):
            raise ConfigurationError("modulator", f"must be finite, got {modulator}")
        projection, eligibility = self._projection, self._eligibility.values
        if self.reward:
            data = projection.data
            size = np.abs(data) + self._gain * self.reward * eligibility
            # The sign bit stays where a weight reaches 0, so a synapse never changes sides.
            data[:] = np.copysign(np.clip(size.astype(data.dtype), self._low, self._high), data)
        eligibility *= self._decay_eligibility
        self._pair(eligibility, np.asarray(pre) > 0, np.asarray(post) > 0)
        surprise = float(modulator) - self.baseline
        self.reward = self._decay_reward * self.reward + surprise
        self.baseline += self._follow * surprise

    def _pair(
        self, eligibility: NDArray[np.float64], pre: NDArray[np.bool_], post: NDArray[np.bool_]
    ) -> None:
        """Add what this step's spikes make eligible (eq. 3-5)."""
        o, target = self.options, self._projection.indices
        source = np.repeat(np.arange(self._projection.source.n), np.diff(self._projection.indptr))
        depth, t = len(self._spikes), self._n_steps
        self._spikes[t % depth] = pre
        self._traces[t % depth] = self._decay_plus * self._traces[(t - 1) % depth] + pre
        self._post_trace *= self._decay_minus
        row = (t - self._lags()) % depth
        # As in Brian2 the presynaptic spikes of a step come before the postsynaptic ones.
        eligibility -= o.a_minus * self._post_trace[target] * self._spikes[row, source]
        eligibility += o.a_plus * self._traces[row, source] * post[target]
        self._post_trace += post
        self._n_steps += 1

    def state_dict(self) -> State:
        """Return traces, eligibilities, reward trace and baseline."""
        if self._projection is None:
            return {}
        return {
            "n_steps": self._n_steps,
            "reward": self.reward,
            "baseline": self.baseline,
            "pre_spikes": self._spikes,
            "pre_traces": self._traces,
            "post_trace": self._post_trace,
            "eligibility": self._eligibility.values,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, after the network's state.

        Raises
        ------
        CheckpointError
            If it is of another projection, or no such state.
        """
        if self._projection is None:
            raise CheckpointError("rstdp: bind it to a projection first")
        try:
            arrays = [np.array(state[name]) for name in ("pre_spikes", "pre_traces", "post_trace")]
            n_steps, reward, baseline = (
                int(state["n_steps"]),
                float(state["reward"]),
                float(state["baseline"]),
            )
            eligibility = state["eligibility"]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"rstdp: this is no state of it: {error!r}") from error
        if [a.shape for a in arrays] != [a.shape for a in (self._spikes, self._traces, self._post_trace)]:
            raise CheckpointError("rstdp: the saved traces are of a projection with other neurons or delays")
        self._eligibility.load(eligibility)
        self._spikes, self._traces, self._post_trace = arrays
        self._n_steps, self.reward, self.baseline = n_steps, reward, baseline
