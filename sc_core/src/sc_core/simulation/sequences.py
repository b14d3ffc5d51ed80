"""Running whole sequences through a network whose weights do not change meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.model.network import Network
from sc_core.model.neurons import Input
from sc_core.simulation.arrays import NetworkArrays, checked_inputs
from sc_core.simulation.forward import Forward


def simulate(network: Network, inputs: ArrayLike) -> dict[str, NDArray[Any]]:
    """Run sequences from the reset state.

    Parameters
    ----------
    network : Network
    inputs : array_like, shape (n_steps, n_input) or (n_steps, batch, n_input)

    Returns
    -------
    dict of str to ndarray, shape (n_steps, n) or (n_steps, batch, n)
        Every population's output by name, in the network's dtype.

    Raises
    ------
    ShapeError, NumericalError
        If `inputs` has another shape or contains NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Network, Population
    >>> network = Network([Population("driven", 1, LIF(tau=20.0))], [])
    >>> spikes = simulate(network, np.full((100, 1), 2.0))["driven"]
    >>> np.flatnonzero(spikes).tolist()[:3]
    [13, 27, 41]
    """
    array = checked_inputs(network, inputs)
    arrays = NetworkArrays(network, array.shape[0], array.shape[1])
    Forward(arrays).run(array)
    outputs = {name: arrays.output(name) for name in arrays.place}
    if isinstance(network.input_population.neuron, Input):
        outputs[network.input_population.name] = array.astype(network.dtype)
    single = np.ndim(inputs) == 2
    return {name: output[:, 0] if single else output for name, output in outputs.items()}


def firing_rates(network: Network, inputs: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Return the mean firing rate of every spiking population's neurons.

    Parameters
    ----------
    network : Network
    inputs : array_like
        As in `simulate`.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Spikes per second (Hz), averaged over the sequences.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Network, Population
    >>> firing_rates(Network([Population("driven", 1, LIF())], []), np.full((100, 1), 2.0))
    {'driven': array([70.])}
    """
    outputs = simulate(network, inputs)
    return {
        population.name: outputs[population.name].reshape(-1, population.n).mean(axis=0, dtype=np.float64)
        * (1000.0 / network.dt)
        for population in network.populations
        if population.spiking
    }
