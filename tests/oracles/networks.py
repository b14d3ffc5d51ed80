"""Networks with everything that a gradient has to pass: layers, recurrence, feedback, sparse and dense, delays."""

import numpy as np
import scipy.sparse

from sc_core import ALIF, LI, LIF, CubaLIF, Input, Network, Population, Projection

N_HIDDEN = (9, 37)  # beyond the width of one block of the compiled kernels

MODELS = {
    "LIF": LIF(tau=8.0),
    "LIF to value": LIF(tau=8.0, reset="to_value", v_reset=-0.3, v_leak=0.1, r=1.4),
    "LIF refractory": LIF(tau=8.0, refractory_steps=2),
    "CubaLIF": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4),
    "CubaLIF refractory to value": CubaLIF(
        tau_syn=3.0, tau_mem=9.0, w_in=0.4, refractory_steps=3, reset="to_value"
    ),
    "ALIF": ALIF(tau=8.0, tau_adaptation=15.0, v_reset=-0.2),
    "ALIF refractory": ALIF(tau=8.0, tau_adaptation=15.0, refractory_steps=1, v_leak=-0.1),
    "ALIF to value": ALIF(tau=8.0, tau_adaptation=15.0, reset="to_value", r=1.2),
}


def heterogeneous(n):
    """A LIF with parameters per neuron."""
    return LIF(tau=np.linspace(4, 20, n), v_threshold=np.linspace(0.7, 1.3, n), r=np.linspace(0.8, 1.5, n))


def synapses(rng, n_source, n_target, density, strength, dtype):
    """Normal weights of standard deviation strength / sqrt(fan-in) on a random pattern, never empty."""
    pattern = rng.random((n_source, n_target)) < density
    pattern[0, 0] = True
    weights = rng.normal(0.2, 1.0, pattern.shape) * strength / np.sqrt(density * n_source)
    return scipy.sparse.csr_array(pattern * weights).astype(dtype)


def build(first, second=None, output=None, dtype=np.float64, dt=1.0):
    """Two hidden populations of `first` and `second` neurons between an Input and `output` (LI unless given)."""
    rng = np.random.default_rng(11)
    pixels, readout = Population("pixels", 5, Input()), Population("readout", 3, output or LI(tau=10.0))
    lower, upper = (
        Population(name, n, neuron)
        for name, n, neuron in zip(("lower", "upper"), N_HIDDEN, (first, second or first), strict=True)
    )
    rows = [
        (pixels, lower, 1.0, 14.0, 0),
        (pixels, upper, 0.5, 6.0, 1),
        (lower, lower, 0.4, 5.0, 1),
        (lower, upper, 1.0, 8.0, 0),
        (upper, upper, 0.1, 5.0, 2),
        (upper, lower, 0.3, 5.0, 4),
        (lower, readout, 0.5, 4.0, 3),
        (upper, readout, 1.0, 8.0, 0),
    ]
    return Network(
        [pixels, lower, upper, readout],
        [
            Projection(source, target, synapses(rng, source.n, target.n, density, strength, dtype), delay)
            for source, target, density, strength, delay in rows
        ],
        dt=dt,
    )


def sequences(batch, n_steps=16):
    """Inputs (n_steps, batch, 5), half of them zero, and labels."""
    rng = np.random.default_rng(3)
    active = rng.random((n_steps, batch, 5)) < 0.5
    return active * rng.random(active.shape), rng.integers(0, 3, batch)
