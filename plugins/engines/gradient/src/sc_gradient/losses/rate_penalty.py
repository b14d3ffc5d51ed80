"""A penalty on a population that fires too little or too much."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

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
    per_neuron : bool
        Whether the band holds for each neuron, the penalty being their mean, instead of for the mean rate.

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

    per_neuron: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

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
        value, slope = self.of_counts(spike_counts(spikes), spikes.shape[0] * spikes.shape[1], dt)
        # Every step has the same gradient, and the same memory.
        return value, np.broadcast_to(slope.astype(spikes.dtype), spikes.shape)

    def of_counts(
        self, counts: NDArray[np.float64], n_rows: int, dt: float
    ) -> tuple[float, NDArray[np.float64]]:
        """Return the penalty, and its derivative with respect to any spike of each neuron.

        Parameters
        ----------
        counts : ndarray, shape (n,)
            Each neuron's spikes in all steps and sequences.
        n_rows : int
            Steps times sequences.
        dt : float
            Length of a step, ms.

        Returns
        -------
        float, ndarray of shape (n,)
        """
        hertz_per_spike = 1000.0 / (dt * n_rows)
        outside = self._outside(counts * hertz_per_spike)
        value = self.strength * float(np.mean(outside**2))
        return value, 2 * self.strength * outside * hertz_per_spike / counts.size

    def gradient_derivative(self, spikes: Array, dt: float, direction: Array) -> Array:
        """Return the derivative of the gradient along `direction` (specs/hessian-vector-product.md, eq. 22)."""
        hertz_per_spike = 1000.0 / (dt * spikes.shape[0] * spikes.shape[1])
        outside = self._outside(spike_counts(spikes) * hertz_per_spike)
        rate_direction = self._penalised(direction.sum(axis=(0, 1), dtype=np.float64) * hertz_per_spike)
        slope = 2 * self.strength * rate_direction * hertz_per_spike / outside.size
        return np.full_like(spikes, np.where(outside != 0, slope, 0.0))

    def _penalised(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each neuron's rate, or for each their mean."""
        return rates if self.per_neuron else np.full_like(rates, rates.mean())

    def _outside(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how much the penalised rates are above the band (> 0) or below it (< 0), Hz."""
        penalised = self._penalised(rates)
        above = 0.0 if self.upper is None else np.maximum(0.0, penalised - self.upper)
        below = 0.0 if self.lower is None else np.maximum(0.0, self.lower - penalised)
        return np.asarray(above - below + np.zeros_like(rates))


def spike_counts(spikes: Array) -> NDArray[np.float64]:
    """Return each neuron's spikes in all steps and sequences, shape (n,), of an array (n_steps, batch, n)."""
    # Summed in their own type, which is exact for 2^24 steps of spikes and saves a conversion of all of them.
    return np.asarray(spikes.sum(axis=0).sum(axis=0, dtype=np.float64))
