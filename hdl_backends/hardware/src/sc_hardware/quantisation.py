"""From a trained network to one in whole numbers (specs/integer-network.md, eq. 6)."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from sc_core import LI, LIF, Input, Network, Population, Projection
from sc_core.errors import ConfigurationError
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLI,
    IntegerLIF,
    IntegerNetwork,
    IntegerNeuron,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.integer_network.neurons import signed_limits


@attrs.frozen(kw_only=True)
class Quantisation:
    """How a network becomes whole numbers.

    Parameters
    ----------
    weight_bits : int
        Width of a weight, signed, 2 to 16.
    membrane_bits, current_bits : int
        Widths of the membrane and of the saturated current, signed, 4 to 32.
    decay : {"multiplier", "power_of_two"}
        The leak per step as the nearest multiple of ``2**-decay_bits``, or as a power of two, which needs no
        multiplier in hardware.
    decay_bits : int
        1 to 16.
    clip : float
        The share of the largest weight that fills the range, above 0 and up to 1.
    """

    weight_bits: int = attrs.field(default=8, validator=[attrs.validators.ge(2), attrs.validators.le(16)])
    membrane_bits: int = attrs.field(default=16, validator=[attrs.validators.ge(4), attrs.validators.le(32)])
    current_bits: int = attrs.field(default=16, validator=[attrs.validators.ge(4), attrs.validators.le(32)])
    decay: Literal["multiplier", "power_of_two"] = attrs.field(
        default="multiplier", validator=attrs.validators.in_(("multiplier", "power_of_two"))
    )
    decay_bits: int = attrs.field(default=8, validator=[attrs.validators.ge(1), attrs.validators.le(16)])
    clip: float = attrs.field(default=1.0, validator=[attrs.validators.gt(0), attrs.validators.le(1)])


def quantise(network: Network, quantisation: Quantisation | None = None) -> IntegerNetwork:
    """Return the network in whole numbers.

    Parameters
    ----------
    network : Network
        Of `Input`, `LIF` and `LI` populations whose parameters are the same for all neurons.
    quantisation : Quantisation, optional

    Returns
    -------
    IntegerNetwork

    Raises
    ------
    ConfigurationError
        Names what has no integer form, or which width is too small and what would do.

    Examples
    --------
    >>> from sc_core import LIF, Input, Network, Population, Projection
    >>> source, target = Population("in", 2, Input()), Population("out", 1, LIF(tau=20.0))
    >>> network = Network([source, target], [Projection(source, target, [[10.0], [-2.5]])])
    >>> integers = quantise(network)
    >>> integers.projections["in->out"].data
    array([127, -32], dtype=int32)
    >>> integers.populations["out"].neuron.threshold
    260
    """
    chosen = quantisation if quantisation is not None else Quantisation()
    if type(network.input_population.neuron) is not Input:
        raise ConfigurationError(
            f"network.populations[{network.input_population.name!r}]",
            "the population that input drives must be an Input: hardware takes spikes, not currents",
        )
    scales = {population.name: _scale(population, network, chosen) for population in network.populations}
    return IntegerNetwork(
        [
            IntegerPopulation(population.name, population.n, _neuron(population, network.dt, scales, chosen))
            for population in network.populations
        ],
        [_projection(projection, network.dt, scales, chosen) for projection in network.projections],
        outputs=network.output_population.name,
    )


def _parameter(population: Population, name: str) -> float:
    values = np.unique(np.asarray(population.learned_parameters.get(name, getattr(population.neuron, name))))
    if values.size != 1:
        raise ConfigurationError(
            f"network.populations[{population.name!r}].{name}",
            f"differs from neuron to neuron ({values.min():g} to {values.max():g}); "
            "integer networks share it in a population",
        )
    return float(values[0])


def _leak(population: Population, dt: float) -> float:
    """Return 1 - alpha."""
    return -math.expm1(-dt / _parameter(population, "tau"))


def _gain(population: Population, dt: float) -> float:
    return _leak(population, dt) * _parameter(population, "r")


def _scale(population: Population, network: Network, chosen: Quantisation) -> float:
    """Return how many integer units a unit of the membrane is worth."""
    if isinstance(population.neuron, Input):
        return 0.0
    if not isinstance(population.neuron, LIF | LI):
        raise ConfigurationError(
            f"network.populations[{population.name!r}]",
            f"{type(population.neuron).__name__} has no integer form; LIF and LI have",
        )
    gain = abs(_gain(population, network.dt))
    largest = max((float(np.abs(p.data).max(initial=0)) for p in population.incoming), default=0.0)
    if largest * gain == 0.0:
        raise ConfigurationError(
            f"network.populations[{population.name!r}]", "nothing reaches it: every weight onto it is 0"
        )
    return signed_limits(chosen.weight_bits)[1] / (chosen.clip * largest * gain)


def _decay(leak: float, chosen: Quantisation) -> dict[str, int]:
    if chosen.decay == "power_of_two":
        shift = max(1, round(-math.log2(leak))) if leak < 1 else 0
        return {"decay_multiplier": 1, "decay_shift": min(shift, 16)}
    multiplier = round(leak * 2**chosen.decay_bits)
    return {"decay_multiplier": multiplier, "decay_shift": chosen.decay_bits}


def _neuron(
    population: Population, dt: float, scales: dict[str, float], chosen: Quantisation
) -> IntegerNeuron:
    if isinstance(population.neuron, Input):
        return IntegerInput()
    common: dict[str, Any] = {
        **_decay(_leak(population, dt), chosen),
        "membrane_bits": chosen.membrane_bits,
        "current_bits": chosen.current_bits,
    }
    if isinstance(population.neuron, LI):
        return IntegerLI(**common)

    def units(name: str) -> int:
        distance = _parameter(population, name) - _parameter(population, "v_leak")
        return round(scales[population.name] * distance)

    try:
        return IntegerLIF(
            **common,
            threshold=units("v_threshold"),
            reset=population.neuron.reset,
            reset_value=units("v_reset"),
            refractory_steps=population.neuron.refractory_steps,
        )
    except ValueError as error:
        raise ConfigurationError(f"network.populations[{population.name!r}]", str(error)) from None


def _projection(
    projection: Projection, dt: float, scales: dict[str, float], chosen: Quantisation
) -> IntegerProjection:
    scale = scales[projection.target.name] * _gain(projection.target, dt)
    limits = signed_limits(chosen.weight_bits)
    data: NDArray[np.int64] = np.clip(np.rint(scale * projection.data.astype(np.float64)), *limits).astype(
        int
    )
    weights = scipy.sparse.csr_array(
        (data, projection.indices, projection.indptr), shape=projection.weights.shape
    )
    return IntegerProjection(
        source=projection.source.name,
        target=projection.target.name,
        weights=weights,
        weight_bits=chosen.weight_bits,
        delay=projection.delay,
        name=projection.name,
    )
