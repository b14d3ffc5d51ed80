"""The plasticity: weights are scaled until neurons fire at a target rate (specs/homeostatic.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_plugin_homeostatic.options import HomeostaticOptions

_INTERVAL = 100.0  # ms
_SLOWER = 10.0  # tau_w / tau
_SPIKING = 0.9  # the documented threshold of voltages


class HomeostaticPlasticity:
    """Synaptic scaling towards a target rate.

    Parameters
    ----------
    target_rate : float
        Hz.
    tau : float
        Time constant of the running mean of the rate, ms.
    **options
        The other fields of `HomeostaticOptions`: ``scope`` (``"neuron"``, or ``"population"`` as documented),
        ``tau_w``, ``w_max``, ``interval``, ``spike_source``.

    Attributes
    ----------
    rates : ndarray, shape (n,)
        Running mean of each neuron's rate, Hz; the population's, shape (1,), with ``scope="population"``. Empty
        before `bind` or the first `update`.
    consolidation_interval : float
        Time between two scalings, ms.

    Raises
    ------
    ConfigurationError
        If an option is not allowed.

    References
    ----------
    Turrigiano 2008, Cell 135:422. Equations: specs/homeostatic.md.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Input, Network, Population, Projection
    >>> source, target = Population("source", 2, Input()), Population("target", 1, LIF())
    >>> network = Network([source, target], [Projection(source, target, [[1.0], [-1.0]])])
    >>> scaling = HomeostaticPlasticity(target_rate=10.0, tau=1000.0)
    >>> for step in range(2000):  # the neuron is silent for two seconds
    ...     spikes = target.step_all([0.0])
    ...     scaling.update(target)
    >>> network.projections[0].data.round(2)
    array([ 1.12, -1.  ])
    """

    Options: ClassVar = HomeostaticOptions

    def __init__(self, target_rate: float = 10.0, tau: float = 1000.0, **options: Any) -> None:
        try:
            self.options = HomeostaticOptions(target_rate, tau, **options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError("homeostatic", str(error)) from error
        self.consolidation_interval = self.options.interval or min(_INTERVAL, self.options.tau)
        self._tau_w = self.options.tau_w or _SLOWER * self.options.tau
        self._last_scale = 1.0
        self._start(0, 1.0)

    def _start(self, n: int, dt: float) -> None:
        """Forget every spike."""
        self._dt, self._elapsed = dt, 0.0
        self._counts = np.zeros(n)
        whole = self.options.scope == "population"
        self.rates = np.empty(0) if whole else np.full(n, float(self.options.target_rate))

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection's weights into care; `rng` is not used.

        Raises
        ------
        ConfigurationError
            If the target emits no spikes.
        """
        if not getattr(projection.target, "spiking", True):
            raise ConfigurationError(
                f"{getattr(projection, 'name', 'projection')}.plasticity",
                "homeostatic needs a target that spikes: a readout has no rate",
            )
        self._projection = projection
        self._start(projection.target.n, dt)

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Count the target's spikes; with ``scope="population"`` scale (eq. 4, 5)."""
        if self.options.scope == "population":
            self._scale_all(post, [self._projection])
        else:
            self._counts += post

    def consolidate(self, elapsed: float) -> None:
        """Scale each neuron's excitatory weights (eq. 1, 2), `elapsed` ms after the last time."""
        if self.options.scope == "neuron":
            self._scale_each(elapsed, [self._projection])

    def update(self, population: Any) -> None:
        """Take note of a population's last step, and scale its incoming weights when it is time.

        Parameters
        ----------
        population : Population
            Offers ``spikes`` or ``voltages``, and ``incoming`` or ``_projections``.

        Raises
        ------
        ShapeError, ConfigurationError
            If it is not the population of the calls before, or its spikes are not 0 or 1.
        """
        spikes = self._spikes_of(population)
        projections = [p for p in _incoming(population) if hasattr(p, "data")]
        if self.options.scope == "population":
            self._scale_all(spikes, projections)
            return
        if self._counts.size == 0:
            self._start(spikes.size, float(getattr(population, "dt", 1.0)))
        if spikes.shape != self._counts.shape:
            raise ShapeError(
                f"the population has {spikes.size} neurons, this rule is for {self._counts.size}"
            )
        self._counts += spikes
        self._elapsed += self._dt
        if self._elapsed >= self.consolidation_interval - 1e-6 * self._dt:
            self._scale_each(self._elapsed, projections)
            self._elapsed = 0.0

    def _spikes_of(self, population: Any) -> NDArray[np.float64]:
        if self.options.spike_source == "spikes" and hasattr(population, "spikes"):
            spikes = np.asarray(population.spikes, dtype=np.float64)
            wrong = np.flatnonzero((spikes != 0) & (spikes != 1))
            if wrong.size:
                raise ConfigurationError(
                    "population.spikes", f"must be 0 or 1, neuron {wrong[0]} has {spikes[wrong[0]]}"
                )
            return spikes
        return (np.asarray(population.voltages) > _SPIKING).astype(np.float64)

    def _scale_each(self, elapsed: float, projections: Iterable[Any]) -> None:
        """Scale by eq. 1 and 2."""
        observed = self._counts * (1000.0 / elapsed)
        self.rates += -np.expm1(-elapsed / self.options.tau) * (observed - self.rates)
        self._counts[:] = 0.0
        target = self.options.target_rate
        factor = 1.0 + np.clip((target - self.rates) / target, -1.0, 1.0) * (elapsed / self._tau_w)
        for projection in projections:
            data = projection.data
            largest = self.options.w_max or np.finfo(data.dtype).max
            with np.errstate(over="ignore"):  # beyond all numbers is beyond the largest, too
                scaled = data * factor.astype(data.dtype)[projection.indices]
            data[:] = np.where(data > 0, np.minimum(scaled, data.dtype.type(largest)), data)

    def _scale_all(self, spikes: NDArray[np.float64], projections: Iterable[Any]) -> None:
        """Scale by eq. 4 and 5, the documented rule."""
        observed = np.mean(spikes) * (1000.0 / self._dt)
        if self.rates.size == 0:
            self.rates = np.array([observed])
        self.rates += self._dt / self.options.tau * (observed - self.rates)
        rate = self.rates[0]
        if rate <= 0:
            return
        self._last_scale = float(np.clip(self.options.target_rate / rate, 0.9, 1.1))
        for projection in projections:
            projection.data *= self._last_scale

    def state_dict(self) -> State:
        """Return the running means, and the spikes since the last scaling."""
        return {
            "rates": self.rates,
            "counts": self._counts,
            "elapsed": self._elapsed,
            "last_scale": self._last_scale,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is of another population, or no such state.
        """
        try:
            rates, counts = np.array(state["rates"], float), np.array(state["counts"], float)
            elapsed, last_scale = float(state["elapsed"]), float(state["last_scale"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"homeostatic: this is no state of it: {error!r}") from error
        fits = rates.size <= 1 if self.options.scope == "population" else rates.shape == counts.shape
        if not fits or (self._counts.size and counts.shape != self._counts.shape):
            raise CheckpointError(
                f"homeostatic: the saved state has {counts.size} neurons and {rates.size} rates, "
                f"this rule has {self._counts.size} and scope = {self.options.scope!r}"
            )
        self.rates, self._counts, self._elapsed, self._last_scale = rates, counts, elapsed, last_scale


def _incoming(population: Any) -> Iterable[Any]:
    documented: Iterable[Any] | None = getattr(population, "_projections", None)
    return getattr(population, "incoming", ()) if documented is None else documented
