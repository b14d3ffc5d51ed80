"""A penalty on a population that fires too little or too much."""

from __future__ import annotations

import attrs
import numpy as np

from sc_core.errors import ConfigurationError
from sc_core.model import Network
from sc_gradient.losses.loss import Array


@attrs.frozen(kw_only=True)
class RatePenalty:
    """Squared distance of a population's mean rate from a band (specs/bptt.md, eq. 13-15).

    Parameters
    ----------
    population : str
        Name of a spiking population, hidden or not.
    strength : float
        Factor of the squared distance, 1/Hz².
    lower, upper : float or None
        The band, Hz; equal for a target. None: not limited on this side.

    Examples
    --------
    >>> import numpy as np
    >>> penalty = RatePenalty(population="hidden", strength=0.5, upper=30.0)
    >>> spikes = np.zeros((100, 1, 1))
    >>> spikes[:4] = 1.0  # 40 Hz
    >>> value, gradient = penalty.loss_and_gradient(spikes, dt=1.0)
    >>> round(value, 6), round(float(gradient[0, 0, 0]), 6)
    (50.0, 100.0)
    """

    population: str
    strength: float = attrs.field(validator=attrs.validators.gt(0))
    lower: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.gt(0))
    )
    upper: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(0))
    )

    @upper.validator
    def _check_band(self, attribute: attrs.Attribute[float | None], upper: float | None) -> None:
        if self.lower is None and upper is None:
            raise ValueError(f"{attribute.name} is missing, and so is lower: give one of them or both")
        if self.lower is not None and upper is not None and upper < self.lower:
            raise ValueError(f"{attribute.name} must be >= lower, {self.lower}, got {upper}")

    def check(self, network: Network) -> None:
        """Refuse a population that `network` does not have, or that does not spike.

        Raises
        ------
        ConfigurationError
        """
        spiking = [population.name for population in network.populations if population.spiking]
        if self.population not in spiking:
            raise ConfigurationError(
                "rate_penalties",
                f"no spiking population {self.population!r}; there are: {', '.join(spiking) or 'none'}",
            )

    def loss_and_gradient(self, spikes: Array, dt: float) -> tuple[float, Array]:
        """Return the penalty and its gradient.

        Parameters
        ----------
        spikes : ndarray, shape (n_steps, batch, n)
            The population's output.
        dt : float
            Length of a step, ms.

        Returns
        -------
        float, ndarray of the shape and dtype of `spikes`
        """
        hertz_per_spike = 1000.0 / (dt * spikes.size)
        outside = self._outside(spikes, dt)
        slope = 2 * self.strength * outside * hertz_per_spike
        return self.strength * outside**2, np.full_like(spikes, slope)

    def gradient_derivative(self, spikes: Array, dt: float, direction: Array) -> Array:
        """Return the derivative of the gradient along `direction` (specs/hessian-vector-product.md, eq. 22)."""
        hertz_per_spike = 1000.0 / (dt * spikes.size)
        rate_direction = float(direction.sum(dtype=np.float64)) * hertz_per_spike
        slope = 2 * self.strength * rate_direction * hertz_per_spike if self._outside(spikes, dt) else 0.0
        return np.full_like(spikes, slope)

    def _outside(self, spikes: Array, dt: float) -> float:
        """Return by how much the rate is above the band (> 0) or below it (< 0), Hz."""
        rate = float(spikes.sum(dtype=np.float64)) * 1000.0 / (dt * spikes.size)
        above = 0.0 if self.upper is None else max(0.0, rate - self.upper)
        below = 0.0 if self.lower is None else max(0.0, self.lower - rate)
        return above - below
