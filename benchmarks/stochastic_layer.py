"""How long an epoch of the stochastic-computing layer takes, in C and in NumPy.

32 inputs, 16 neurons, 256 bits, as in the documented example. The fastest of many epochs, on one thread.

    python benchmarks/stochastic_layer.py
"""

from __future__ import annotations

import json
import os
import time

import numpy as np

from sc_core import LIF
from sc_plugin_ewc import SCLearningLayer

N_INPUTS, N_NEURONS, LENGTH = 32, 16, 256
EPOCHS = {"native": 200, "reference": 3}
NEURONS = {
    "fires on every product": LIF(tau=20.0, r=25.0, reset="to_value"),
    "collects products": LIF(tau=20.0, r=25.0 / 8, reset="to_value"),
}


def milliseconds(neuron: LIF, epochs: int) -> float:
    layer = SCLearningLayer(N_INPUTS, N_NEURONS, length=LENGTH, base_seed=0, neuron=neuron)
    values = np.random.default_rng(0).random(N_INPUTS)
    times = []
    for _ in range(epochs):
        start = time.perf_counter()
        layer.run_epoch(values)
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def main() -> None:
    os.environ["SC_THREADS"] = "1"
    result: dict[str, dict[str, float]] = {}
    for kernels, epochs in EPOCHS.items():
        os.environ["SC_KERNELS"] = kernels
        result[kernels] = {name: round(milliseconds(neuron, epochs), 3) for name, neuron in NEURONS.items()}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
