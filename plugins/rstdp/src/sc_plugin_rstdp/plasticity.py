"""The plasticity: what spikes made eligible, reward turns into weights (specs/rstdp.md)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.contracts import CompiledStep, State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_plugin_rstdp.options import RewardModulatedSTDPOptions
from sc_plugin_rstdp.reference import Reference

if TYPE_CHECKING:
    from sc_plugin_rstdp.native import Native


class RewardModulatedSTDP:
    """Reward-modulated spike-timing dependent plasticity.

    Parameters
    ----------
    **options
        The fields of `RewardModulatedSTDPOptions`: ``learning_rate``, ``a_plus``, ``a_minus``, ``tau_plus``,
        ``tau_minus``, ``tau_eligibility``, ``tau_reward``, ``tau_baseline``, ``w_min``, ``w_max``.

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
    defers_weights = True

    def __init__(self, **options: Any) -> None:
        try:
            self.options = RewardModulatedSTDPOptions(**options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError("rstdp", str(error)) from error
        self._work: Native | Reference | None = None
        self._n_steps = 0

    @property
    def reward(self) -> float:
        """The reward trace R."""
        return 0.0 if self._work is None else self._work.reward

    @property
    def baseline(self) -> float:
        """The running mean b of the modulator."""
        return 0.0 if self._work is None else self._work.baseline

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection into care, refusing weights outside of the bounds; `rng` is not used."""
        o, data = self.options, np.asarray(projection.data)
        # The bounds that hold are those that a weight can have.
        low, high = (data.dtype.type(w) for w in (o.w_min, np.inf if o.w_max is None else o.w_max))
        size = np.abs(data)
        wrong = ~((size >= low) & (size <= high) & np.isfinite(size))
        if wrong.any():
            raise ConfigurationError(
                f"{getattr(projection, 'name', 'projection')}.weights",
                f"must be finite, with a magnitude within w_min = {o.w_min} and w_max = {o.w_max}; got "
                f"{data[wrong][0]} at synapse {wrong.argmax()}",
            )
        usable = (
            isinstance(projection.data, np.ndarray)
            and data.dtype in (np.float32, np.float64)
            and data.flags.c_contiguous
            and "delay" not in getattr(projection, "synapse_state", {})
        )
        if usable and kernels.native():
            from sc_plugin_rstdp.native import Native  # needs the compiled kernels

            self._work = Native(o, projection, dt, (low, high))
        else:
            self._work = Reference(o, projection, dt, (low, high))
        self._n_steps = 0

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Change weights and eligibilities by one step (eq. 1-7).

        Raises
        ------
        ConfigurationError
            If the rule is not bound, or the modulator is not finite; nothing has changed then.
        """
        if self._work is None:
            raise ConfigurationError("rstdp", "bind it to a projection first")
        if not math.isfinite(modulator):
            raise ConfigurationError("modulator", f"must be finite, got {modulator}")
        self._work.step(self._n_steps, pre, post, float(modulator))
        self._n_steps += 1

    @property
    def compiled_step(self) -> Callable[[int, int], CompiledStep] | None:
        """The step in C for a window of steps, where it can be (see `sc_core.contracts.Plasticity`)."""
        work = self._work
        if work is None or isinstance(work, Reference):
            return None

        def begin(n_steps: int, n_parts: int) -> CompiledStep:
            step = work.compiled(self._n_steps, n_steps, n_parts)
            self._n_steps += n_steps
            return step

        return begin

    def state_dict(self) -> State:
        """Return traces, eligibilities, reward trace and baseline, as the kernel or the reference keeps them."""
        if self._work is None:
            return {}
        return {
            "n_steps": self._n_steps,
            "kernel": type(self._work).__name__,
            "work": self._work.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, after the network's state.

        Raises
        ------
        CheckpointError
            If it is of another projection, was saved by the compiled kernel while the reference runs now or the
            other way round, or is no such state.
        """
        if self._work is None:
            raise CheckpointError("rstdp: bind it to a projection first")
        try:
            saved_by, own = str(state["kernel"]), type(self._work).__name__
            if saved_by != own:
                raise CheckpointError(
                    f"rstdp: the state was saved by {saved_by}, this rule is {own}; SC_KERNELS chooses"
                )
            n_steps = int(state["n_steps"])
            self._work.load_state_dict(state["work"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"rstdp: this is no state of it: {error!r}") from error
        self._n_steps = n_steps
