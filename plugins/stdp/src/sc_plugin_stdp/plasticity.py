"""The plasticity: options, bounds and delays; the work is the kernel's or the reference's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core import kernels
from sc_core.contracts import CompiledStep, State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_plugin_stdp.native import Native
from sc_plugin_stdp.options import STDPOptions
from sc_plugin_stdp.reference import Reference


class STDP:
    """Spike-timing dependent plasticity by pairs or triplets of spikes (specs/stdp.md).

    Parameters
    ----------
    **options
        The fields of `STDPOptions`: amplitudes ``a_plus``, ``a_minus``, ``a3_plus``, ``a3_minus`` (shares of the
        weight's range), time constants ``tau_plus``, ``tau_minus``, ``tau_x``, ``tau_y`` (ms), exponents
        ``mu_plus``, ``mu_minus``, bounds ``w_min``, ``w_max``, ``pairing`` and ``delay``.

    Raises
    ------
    ConfigurationError
        When bound to a projection whose weights lie outside the bounds.

    References
    ----------
    Gütig et al. 2003, Journal of Neuroscience 23:3697; Pfister & Gerstner 2006, Journal of Neuroscience 26:9673.

    Examples
    --------
    A presynaptic spike 10 ms before a postsynaptic one:

    >>> import numpy as np
    >>> from sc_core import LIF, Input, Population, Projection
    >>> from sc_plugin_stdp import STDP
    >>> source, target = Population("a", 1, Input()), Population("b", 1, LIF())
    >>> synapse = Projection(source, target, [[0.5]])
    >>> rule = STDP(a_plus=0.1, tau_plus=10.0)
    >>> rule.bind(synapse, dt=1.0, rng=np.random.default_rng(0))
    >>> for step in range(11):
    ...     rule.after_step(np.array([step == 0]), np.array([step == 10]), 0.0)
    >>> float(synapse.data[0])                # 0.5 + 0.1 exp(-1)
    0.5367879441171443
    """

    Options = STDPOptions

    def __init__(self, **options: Any) -> None:
        try:
            self.options = STDPOptions(**options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError("stdp", str(error)) from error
        self._work: Native | Reference | None = None
        self._n_steps = 0

    @property
    def sees_emission(self) -> bool:
        """Presynaptic spikes meet the synapses when they are emitted if the delay lies behind these."""
        return self.options.delay == "dendritic"

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection into care, refusing weights outside of the bounds; `rng` is not used."""
        data = np.asarray(projection.data)
        name = getattr(projection, "name", "projection")
        # The bounds that hold are those that a weight can have.
        low, high = (data.dtype.type(bound) for bound in (self.options.w_min, self.options.w_max))
        wrong = ~((data >= low) & (data <= high))
        if wrong.any():
            raise ConfigurationError(
                f"{name}.weights",
                f"must lie within w_min = {self.options.w_min} and w_max = {self.options.w_max}, got "
                f"{data[wrong][0]} at synapse {wrong.argmax()}",
            )
        options = attrs.evolve(self.options, w_min=float(low), w_max=float(high))
        per_synapse = "delay" in getattr(projection, "synapse_state", {})
        dendritic = self.options.delay == "dendritic"
        if per_synapse:
            self._work = _with_delays_per_synapse(options, projection, dt, dendritic)
            return
        lag = int(getattr(projection, "delay", 0)) if dendritic else 0
        usable = isinstance(projection.data, np.ndarray) and data.dtype in (np.float32, np.float64)
        if usable and projection.data.flags.c_contiguous and kernels.native():
            self._work = Native(options, projection, dt, lag)
        else:
            self._work = Reference(options, projection, dt, (0, lag), lag)

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Change the weights by the spikes that met; the modulator plays no part."""
        if self._work is None:
            raise ConfigurationError("stdp", "bind it to a projection first")
        self._work.step(self._n_steps, pre, post)
        self._n_steps += 1

    @property
    def compiled_step(self) -> Callable[[int, int], CompiledStep] | None:
        """The step in C for a window of steps, where it can be (see `sc_core.contracts.Plasticity`)."""
        work = self._work
        if not isinstance(work, Native) or self.sees_emission:
            return None

        def begin(n_steps: int, n_parts: int) -> CompiledStep:
            step = work.compiled(self._n_steps, n_parts)
            self._n_steps += n_steps
            return step

        return begin

    def state_dict(self) -> State:
        """Return the traces, as the kernel or the reference keeps them."""
        if self._work is None:
            return {"n_steps": 0, "kernel": "", "work": {}}
        return {
            "n_steps": self._n_steps,
            "kernel": type(self._work).__name__,
            "work": self._work.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it was saved by the compiled kernel and the reference runs now, or the other way round.
        """
        if self._work is None or state["kernel"] != type(self._work).__name__:
            raise CheckpointError(
                f"stdp: the state was saved by the {state['kernel'] or 'unbound'} rule, this one is "
                f"{type(self._work).__name__}; SC_KERNELS chooses"
            )
        self._n_steps = int(state["n_steps"])
        self._work.load_state_dict(state["work"])


def _with_delays_per_synapse(options: STDPOptions, projection: Any, dt: float, dendritic: bool) -> Reference:
    def lag() -> NDArray[np.int64]:
        return np.round(np.asarray(projection.synapse_state["delay"]) / dt).astype(np.int64)

    longest = int(lag().max(initial=1))
    return Reference(options, projection, dt, (0, lag) if dendritic else (lag, 0), longest)
