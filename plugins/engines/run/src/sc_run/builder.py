"""Builds the network that a configuration describes."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError, ShapeError
from sc_core.model import LI, Input, Network, Population, Projection, fluctuation_gain
from sc_run.config import NetworkTable, PopulationTable, ProjectionTable
from sc_run.topologies import Dense, Random, Topology, Weights


@attrs.frozen
class Drive:
    """What is known about activity before a network is built; the default weights are scaled by it.

    Parameters
    ----------
    constant : float
        Mean square of the time-averaged activity.
    fluctuating : float
        Mean variance of the activity from step to step.
    """

    constant: float
    fluctuating: float


_NO_DRIVE = Drive(0.0, 0.0)
_INPUT_MARGIN = 2.0  # one standard deviation of the membrane is this many times the way to the threshold

_READOUT_GAIN = 1.0  # a readout has no threshold to reach; small weights start with a loss near chance

_EXPECTED_SPIKE_PROBABILITY = 0.05  # per step, of a hidden neuron: 50 Hz at dt = 1 ms
_SPIKES = Drive(
    _EXPECTED_SPIKE_PROBABILITY**2, _EXPECTED_SPIKE_PROBABILITY * (1 - _EXPECTED_SPIKE_PROBABILITY)
)


def measure_drive(inputs: NDArray[Any]) -> Drive:
    """Measure what drives a network.

    Parameters
    ----------
    inputs : ndarray, shape (n_steps, batch, n_input)
        Encoded samples.

    Returns
    -------
    Drive

    Examples
    --------
    >>> import numpy as np
    >>> measure_drive(np.full((10, 2, 3), 0.5))
    Drive(constant=0.25, fluctuating=0.0)
    """
    values = inputs.astype(np.float64)
    return Drive(float(np.mean(np.square(values.mean(axis=0)))), float(np.mean(values.var(axis=0))))


def build_network(table: NetworkTable, drive: Drive, rng: np.random.Generator) -> Network:
    """Build the network of a configuration.

    Parameters
    ----------
    table : NetworkTable
        The section ``[network]``.
    drive : Drive
        What the input is like.
    rng : numpy.random.Generator
        Draws patterns and weights, projection by projection in the order of the table. A generator spawned from it
        draws what differs from neuron to neuron, population by population.

    Returns
    -------
    Network

    Raises
    ------
    ConfigurationError
        If the description does not fit together; the path names the place.
    """
    populations: dict[str, Population] = {}
    of_neurons = rng.spawn(1)[0]  # their own, so that weights stay the same whatever is drawn of neurons
    for index, row in enumerate(table.populations):
        if row.name in populations:
            raise ConfigurationError(
                f"network.populations[{index}].name", f"a population {row.name!r} exists already"
            )
        populations[row.name] = _population(f"network.populations[{index}]", row, of_neurons)
    projections = [
        _build_projection(f"network.projections[{index}]", row, populations, table.dt, drive, rng)
        for index, row in enumerate(table.projections)
    ]
    return Network(
        list(populations.values()), projections, table.dt, inputs=table.inputs, outputs=table.outputs
    )


def projection_gain(source: Population, target: Population, dt: float, drive: Drive) -> float:
    """Return the default gain of a projection: weights have the standard deviation gain / sqrt(fan-in).

    Parameters
    ----------
    source, target : Population
    dt : float
        Length of a step, ms.
    drive : Drive
        What an `Input` source passes on. Of a spiking source a moderate rate is expected.

    Returns
    -------
    float
    """
    if isinstance(target.neuron, Input):
        return 1.0  # the projection itself will be refused
    if isinstance(target.neuron, LI):
        return _READOUT_GAIN
    if isinstance(source.neuron, Input) and drive != _NO_DRIVE:
        gain = fluctuation_gain(target.neuron, drive.constant, drive.fluctuating, dt=dt)
        # What stays the same from sample to sample makes some neurons' lot: they would be silent for all of them.
        return _INPUT_MARGIN * gain
    return fluctuation_gain(target.neuron, _SPIKES.constant, _SPIKES.fluctuating, dt=dt)


def _population(path: str, row: PopulationTable, rng: np.random.Generator) -> Population:
    name = row.name
    try:
        neuron = row.neuron.draw(row.n, rng)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}.neuron", error.problem) from None
    try:
        return Population(name, row.n, neuron)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}.{error.path.removeprefix(name + '.')}", error.problem) from None
    except ShapeError as error:
        raise ConfigurationError(f"{path}.neuron", str(error)) from None


def _build_projection(
    path: str,
    row: ProjectionTable,
    populations: dict[str, Population],
    dt: float,
    drive: Drive,
    rng: np.random.Generator,
) -> Projection:
    for end in ("source", "target"):
        if getattr(row, end) not in populations:
            raise ConfigurationError(
                f"{path}.{end}", f"no population {getattr(row, end)!r}; there are: {', '.join(populations)}"
            )
    source, target = populations[row.source], populations[row.target]
    gain = projection_gain(source, target, dt, drive) if row.gain is None else row.gain
    try:
        matrix = _topology_of(row).connect(source.n, target.n, Weights(gain, row.weight), rng)
        return Projection(source, target, matrix, row.delay, name=row.name, trainable=row.trainable)
    except ConfigurationError as error:
        name = row.name or f"{row.source}->{row.target}"
        if error.path == name:
            raise ConfigurationError(path, error.problem) from None
        raise ConfigurationError(f"{path}.{error.path.removeprefix(name + '.')}", error.problem) from None


def _topology_of(row: ProjectionTable) -> Topology:
    if row.topology is not None:
        chosen: Topology = row.topology.options
        return chosen
    if row.density is not None or row.in_degree is not None:
        return Random(row.density, row.in_degree)
    return Dense()
