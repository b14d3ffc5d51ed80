"""Synaptic scaling from weights a tenth and ten times as large, and the documented rule beside it.

Forty neurons, a quarter of them with few inputs, so that they hardly fire; weights of one half begin at 0.1,
of the other at 10 times. After 60 s to settle, rates are means over 200 s. Writes a JSON file and a picture.

    python benchmarks/homeostasis.py --output docs/gallery/homeostasis
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from sc_core import LIF, Input, Network, Population, Projection, Simulation, registry
from sc_core.simulation import PoissonStimulus, SpikeRecorder

mpl.use("Agg")
import matplotlib.pyplot as plt

N_INPUTS, N, TARGET, INPUT_RATE = 60, 40, 10.0, 20.0
SETTLING, MEASURED, DOCUMENTED = 60_000.0, 200_000.0, 20_000.0  # ms

Spikes = tuple[NDArray[Any], NDArray[Any]]


def network(start: NDArray[np.float64]) -> Network:
    """Return excitation, which begins at `start` times its size, and some inhibition."""
    rng = np.random.default_rng(1)
    weights = rng.random((N_INPUTS, N))
    weights[:, ::4] *= rng.random((N_INPUTS, N))[:, ::4] < 0.2
    weights[-8:] *= -0.5
    weights[:-8] *= start
    source, target = Population("source", N_INPUTS, Input()), Population("target", N, LIF(reset="to_value"))
    return Network([source, target], [Projection(source, target, weights)])


def simulate(start: NDArray[np.float64], durations: list[float], **options: Any) -> list[Spikes]:
    """Return times (ms) and neurons of the spikes in each of some periods, one after the other."""
    rule = registry.create("plasticity", "homeostatic", target_rate=TARGET, **options)
    stimulus = PoissonStimulus(INPUT_RATE, np.random.default_rng(2))
    simulation = Simulation(
        network(start), {"source->target": rule}, np.random.default_rng(3), stimuli={"source": stimulus}
    )
    found = []
    for duration in durations:
        spikes = simulation.advance(duration, record=[SpikeRecorder("target")]).spikes["target"]
        found.append((spikes.times, spikes.neurons))
    return found


def rates(spikes: Spikes, begin: float, end: float, bin_: float, neurons: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the mean rate (Hz) of some neurons in bins (ms)."""
    times = spikes[0][neurons[spikes[1]]]
    counts, _ = np.histogram(times, np.arange(begin, end + bin_ / 2, bin_))
    return np.asarray(counts * (1000.0 / bin_ / neurons.sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=Path("homeostasis"), help="path without its ending")
    output = parser.parse_args().output
    low = np.arange(N) < N // 2
    settling, measured = simulate(np.where(low, 0.1, 10.0), [SETTLING, MEASURED])
    (documented,) = simulate(np.ones(N), [DOCUMENTED], scope="population")
    everyone = np.ones(N, bool)
    each = np.bincount(measured[1], minlength=N) / (MEASURED / 1000)
    by_second = rates(measured, SETTLING, SETTLING + MEASURED, 1000.0, everyone)
    cycle = rates(documented, DOCUMENTED / 2, DOCUMENTED, 25.0, everyone)
    result = {
        "target_hz": TARGET,
        "population_hz": round(float(each.mean()), 3),
        "lowest_neuron_hz": round(float(each.min()), 3),
        "highest_neuron_hz": round(float(each.max()), 3),
        "population_by_second_std_hz": round(float(by_second.std()), 3),
        "documented_25_ms_lowest_hz": round(float(cycle.min()), 3),
        "documented_25_ms_highest_hz": round(float(cycle.max()), 3),
        "documented_25_ms_silent_share": round(float(np.mean(cycle == 0)), 3),
    }
    output.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    seconds = np.arange(0.5, SETTLING / 1000)
    for neurons, label in ((low, "weights began at 0.1 times"), (~low, "at 10 times")):
        left.semilogy(seconds, np.maximum(rates(settling, 0, SETTLING, 1000.0, neurons), 0.05), label=label)
    left.axhline(TARGET, color="black", linewidth=0.5)
    left.set(xlabel="time, s", ylabel="mean rate, Hz", title="each neuron by itself (default)")
    left.legend(frameon=False)
    shown = cycle[-200:]
    right.plot(DOCUMENTED / 1000 - 0.025 * np.arange(shown.size, 0, -1), shown, linewidth=0.8)
    right.axhline(TARGET, color="black", linewidth=0.5)
    right.set(xlabel="time, s", ylabel="mean rate in 25 ms, Hz", title='scope = "population" (documented)')
    figure.savefig(output.with_suffix(".png"), dpi=90)


if __name__ == "__main__":
    main()
