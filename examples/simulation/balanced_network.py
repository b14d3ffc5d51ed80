"""A balanced network whose excitatory synapses learn by STDP: raster of its spikes, and the weights before and after.

python examples/simulation/balanced_network.py docs/gallery     # writes balanced_network.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from sc_core import CubaLIF, Network, Population, Projection, Simulation, registry, topology
from sc_core.simulation import SpikeRecorder

# %% 800 excitatory and 200 inhibitory neurons, each with some 80 synapses, driven by a leak above threshold


def build(rng: np.random.Generator) -> Network:
    """Return the network: time constants and potentials are those of Vogels & Abbott 2005."""
    neuron = CubaLIF(
        tau_syn=5.0,
        tau_mem=20.0,
        v_leak=-49.0,
        v_threshold=-50.0,
        v_reset=-60.0,
        reset="to_value",
        refractory_steps=50,
    )
    e, i = Population("e", 800, neuron), Population("i", 200, neuron)
    projections = []
    for source, target, weight in ((e, e, 1.62), (e, i, 1.62), (i, e, -18.0), (i, i, -18.0)):
        weights = topology.random(source.n, target.n, density=0.08, rng=rng)
        weights.data[:] = weight
        projections.append(Projection(source, target, weights, delay=10))
    network = Network([e, i], projections, dt=0.1)
    for population in (e, i):
        population.state["membrane"][:] = rng.uniform(-60.0, -50.0, population.n)
    return network


# %% Ten seconds with STDP; the last 300 ms are shown


def main(folder: Path) -> None:
    """Simulate and draw."""
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(7)
    network = build(rng)
    rule = registry.create("plasticity", "stdp", a_plus=0.01, a_minus=0.0105, w_max=3.24)
    simulation = Simulation(network, {"e->e": rule}, rng)
    simulation.advance(9_700.0)
    recording = simulation.advance(300.0, record=[SpikeRecorder("e"), SpikeRecorder("i")])
    figure, (raster, weights) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=[2, 1], layout="constrained")
    shown = {
        "e": (0, "tab:blue"),
        "i": (100, "tab:red"),
    }  # every eighth excitatory, every second inhibitory neuron
    for name, (base, colour) in shown.items():
        spikes, every = recording.spikes[name], 8 if name == "e" else 2
        mine = spikes.neurons % every == 0
        raster.plot(spikes.times[mine], base + spikes.neurons[mine] // every, "|", color=colour, label=name)
    raster.set(xlabel="time (ms)", ylabel="neuron", title="spikes")
    weights.hist(network.projections[0].data, bins=50, color="tab:blue")
    weights.axvline(1.62, color="black")
    weights.set(xlabel="weight (mV)", title="e to e after 10 s; line: before", yticks=[])
    figure.savefig(folder / "balanced_network.png", dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
