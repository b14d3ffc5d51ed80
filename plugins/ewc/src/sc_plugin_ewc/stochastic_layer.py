"""The stochastic-computing layer: inputs and weights as bitstreams, LIF neurons, stochastic STDP."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

import sc_plugin_ewc.bitstreams as reference
from sc_core import LIF, Population, kernels
from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError, ShapeError

_OPERATIONS_PER_WORD = 600
_ON_EVERY_PRODUCT = LIF(tau=20.0, r=25.0, reset="to_value")


def check_number(name: str, value: Any, low: float = -math.inf) -> None:
    """Refuse what is no finite number, and what is below `low`."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ConfigurationError(name, f"must be a finite number, got {value!r}")
    if value < low:
        raise ConfigurationError(name, f"must be >= {low:g}, got {value!r}")


def _finite(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    check_number(attribute.name, value)


def _count(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ConfigurationError(attribute.name, f"must be an integer >= 1, got {value!r}")


def _probability(instance: SCLearningLayer, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Check `learning_rate` and its product with `ltd_ratio`, whichever of the two is set."""
    check_number(attribute.name, value, low=0)
    rate = value if attribute.name == "learning_rate" else instance.learning_rate
    ratio = value if attribute.name == "ltd_ratio" else instance.ltd_ratio
    if rate > 1:
        raise ConfigurationError("learning_rate", f"is a probability, at most 1, got {rate!r}")
    if isinstance(ratio, Real) and rate * float(ratio) > 1:  # at first `ltd_ratio` is still unchecked
        raise ConfigurationError(
            attribute.name, f"learning_rate · ltd_ratio is a probability, at most 1, got {rate:g} · {ratio:g}"
        )


def _seed(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is None or isinstance(value, np.random.Generator):
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise ConfigurationError(
            attribute.name, f"must be an integer >= 0, a numpy.random.Generator or None, got {value!r}"
        )


def _fixed(validator: Any, **options: Any) -> Any:
    return attrs.field(validator=validator, on_setattr=attrs.setters.frozen, **options)


class Synapse:
    """The synapse of one input at one neuron: a view of the layer's weight."""

    __slots__ = ("_bounds", "_input", "_row")

    def __init__(self, row: NDArray[np.float64], number: int, bounds: tuple[float, float]) -> None:
        self._row, self._input, self._bounds = row, number, bounds

    @property
    def w(self) -> float:
        """The weight; what is set counts from the next bit on."""
        return float(self._row[self._input])

    @w.setter
    def w(self, value: float) -> None:
        low, high = self._bounds
        check_number("w", value)
        if not low <= value <= high:
            raise ConfigurationError("w", f"must be from w_min = {low:g} to w_max = {high:g}, got {value!r}")
        self._row[self._input] = value


@attrs.define(slots=False, eq=False)
class SCLearningLayer:
    """A layer of stochastic computing: products by AND, LIF neurons, stochastic STDP (specs/stochastic-layer.md).

    Parameters
    ----------
    n_inputs, n_neurons : int
    w_min, w_max : float
        Bounds of the weights; a weight's bitstream has ones with probability (w - w_min) / (w_max - w_min).
    learning_rate : float
        Probability of a potentiation, and the size of a change, as a part of w_max - w_min.
    ltd_ratio : float
        Probability of a depression, divided by `learning_rate`.
    length : int
        Bits of an epoch.
    base_seed : int or numpy.random.Generator, optional
        Of the initial weights and of all bits; without one, the system chooses.
    neuron : LIF
        By default one that fires on every product, as documented.

    Attributes
    ----------
    synapses : tuple of tuples of Synapse
        ``synapses[i][j].w`` is the weight from input j to neuron i.
    epoch : int
        How many epochs were run.

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; the message names it.

    Examples
    --------
    >>> layer = SCLearningLayer(n_inputs=2, n_neurons=3, length=1000, learning_rate=0.0, base_seed=1)
    >>> layer.synapses[0][0].w, layer.synapses[0][1].w = 0.25, 0.5
    >>> spikes = layer.run_epoch([1.0, 0.0])
    >>> spikes.shape, spikes.dtype
    ((3, 1000), dtype('uint8'))
    >>> bool(abs(spikes[0].mean() - 0.25) < 0.05)
    True
    """

    n_inputs: int = _fixed(_count)
    n_neurons: int = _fixed(_count)
    w_min: float = _fixed(_finite, default=0.0)
    w_max: float = _fixed(_finite, default=1.0)
    learning_rate: float = attrs.field(default=0.01, validator=_probability)
    ltd_ratio: float = attrs.field(default=0.5, validator=_probability)
    length: int = _fixed(_count, default=1024)
    base_seed: int | np.random.Generator | None = _fixed(_seed, default=None)
    neuron: LIF = _fixed(attrs.validators.instance_of(LIF), default=_ON_EVERY_PRODUCT, kw_only=True)

    @w_max.validator
    def _check_bounds(self, attribute: attrs.Attribute[float], w_max: float) -> None:
        if not (self.w_min < w_max and math.isfinite(w_max - self.w_min)):
            raise ConfigurationError("w_max", f"must be above w_min = {self.w_min!r}, got {w_max!r}")

    def __attrs_post_init__(self) -> None:
        rng = np.random.default_rng(self.base_seed)
        shape = (self.n_neurons, self.n_inputs)
        self._weights = rng.uniform(self.w_min, self.w_max, shape)
        self._key = rng.integers(0, 2**64, 2, dtype=np.uint64)
        self._population = Population("neurons", self.n_neurons, self.neuron)
        bounds = (float(self.w_min), float(self.w_max))
        self.synapses = tuple(
            tuple(Synapse(row, number, bounds) for number in range(self.n_inputs)) for row in self._weights
        )
        self.epoch = 0

    def run_epoch(self, values: ArrayLike) -> NDArray[np.uint8]:
        """Run `length` steps; the weights learn meanwhile (eq. 1-5).

        Parameters
        ----------
        values : array_like, shape (n_inputs,)
            From 0 to 1: how often each input's bits are 1.

        Returns
        -------
        ndarray, shape (n_neurons, length), uint8
            The neurons' spikes.

        Raises
        ------
        ShapeError, NumericalError, ConfigurationError
            If there are not n_inputs values, or one is NaN or beyond 0 to 1.
        """
        return self._run(values)[0]

    def _run(self, values: ArrayLike) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
        """Return the spikes, and the inputs' bits, packed (length, words)."""
        spikes = np.empty((self.n_neurons, self.length), np.uint8)
        input_bits = np.empty((self.length, -(-self.n_inputs // 64)), np.uint64)
        coefficients = self._population.coefficients(np.dtype(np.float64))
        settings = {
            "w_min": self.w_min,
            "w_max": self.w_max,
            "change": self.learning_rate * (self.w_max - self.w_min),
            "potentiation": self.learning_rate,
            "depression": self.learning_rate * self.ltd_ratio,
            "refractory_steps": coefficients.refractory_steps,
            "reset_to_value": coefficients.reset_to_value,
            "epoch": self.epoch,
        }
        arrays = {
            **coefficients.arrays,
            **self._population.state,
            "value": self._checked(values),
            "weight": self._weights,
            "key": self._key,
            "input_bits": input_bits,
            "spikes": spikes,
        }
        if kernels.native():
            from sc_native.bitstreams import stochastic_epoch

            work = input_bits.size * self.n_neurons * _OPERATIONS_PER_WORD
            stochastic_epoch(settings, arrays, kernels.thread_count(work))
        else:
            reference.stochastic_epoch(settings, arrays, self._population)
        self.epoch += 1
        return spikes, input_bits

    def _checked(self, values: ArrayLike) -> NDArray[np.float64]:
        checked = np.ascontiguousarray(values, dtype=np.float64)
        if checked.shape != (self.n_inputs,):
            raise ShapeError(f"values: expected shape ({self.n_inputs},), one per input, got {checked.shape}")
        if np.isnan(checked).any():
            raise NumericalError(f"values: number {int(np.flatnonzero(np.isnan(checked))[0])} is NaN")
        outside = np.flatnonzero((checked < 0) | (checked > 1))
        if outside.size:
            raise ConfigurationError(
                "values", f"must be from 0 to 1, scale them; number {outside[0]} is {checked[outside[0]]:g}"
            )
        return checked

    def get_weights(self) -> NDArray[np.float64]:
        """Return a copy of the weights, shape (n_neurons, n_inputs)."""
        return self._weights.copy()

    def state_dict(self) -> State:
        """Return weights, neurons, and where the random numbers stand."""
        return {
            "weights": self._weights,
            "key": self._key,
            "epoch": self.epoch,
            "neurons": self._population.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is not the state of such a layer.
        """
        try:
            weights, key = np.asarray(state["weights"], float), np.array(state["key"], np.uint64)
            epoch, neurons = int(state["epoch"]), state["neurons"]
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"this is no state of a stochastic layer: {error!r}") from error
        if weights.shape != self._weights.shape or key.shape != (2,):
            raise CheckpointError(
                f"the saved layer has weights of shape {weights.shape}, this one of {self._weights.shape}"
            )
        if not np.all((weights >= self.w_min) & (weights <= self.w_max)):
            raise CheckpointError(
                f"a saved weight is not from w_min = {self.w_min:g} to w_max = {self.w_max:g}"
            )
        self._weights[...] = weights
        self._key, self.epoch = key, epoch
        self._population.load_state_dict(neurons)
