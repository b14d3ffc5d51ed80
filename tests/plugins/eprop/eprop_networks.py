"""A recurrent population of each model between an Input and an LI readout."""

import numpy as np
import scipy.sparse

from sc_core import ALIF, LI, LIF, CubaLIF, Input, Network, Population, Projection

MODELS = {
    "LIF": LIF(tau=8.0),
    "LIF refractory to value": LIF(tau=8.0, refractory_steps=2, reset="to_value", v_reset=-0.3),
    "ALIF": ALIF(tau=8.0, tau_adaptation=15.0, v_reset=-0.2),
    "ALIF refractory": ALIF(tau=8.0, tau_adaptation=15.0, refractory_steps=3),
    "CubaLIF": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4),
}


def sparse(rng, n_source, n_target, density, strength, dtype):
    """Normal weights of standard deviation strength / sqrt(fan-in) on a random pattern, never empty."""
    pattern = rng.random((n_source, n_target)) < density
    pattern[0, 0] = True
    weights = rng.normal(0.2, 1.0, pattern.shape) * strength / np.sqrt(density * n_source)
    return scipy.sparse.csr_array(pattern * weights).astype(dtype)


def build(neuron, dtype=np.float64, density=0.4, n=17, seed=11):
    rng = np.random.default_rng(seed)
    source, hidden, readout = Population("source", 5, Input()), Population("hidden", n, neuron), None
    readout = Population("readout", 3, LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, sparse(rng, 5, n, 1.0, 14.0, dtype)),
            Projection(hidden, hidden, sparse(rng, n, n, density, 6.0, dtype), delay=2),
            Projection(hidden, readout, sparse(rng, n, 3, 1.0, 4.0, dtype)),
        ],
    )


def sequences(batch, n_steps=30):
    """Inputs (n_steps, batch, 5), half of them zero, and labels."""
    rng = np.random.default_rng(3)
    active = rng.random((n_steps, batch, 5)) < 0.5
    return active * rng.random(active.shape), rng.integers(0, 3, batch)


def weights(network):
    return np.concatenate([projection.data for projection in network.projections])
