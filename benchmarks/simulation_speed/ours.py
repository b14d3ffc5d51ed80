"""The contestant of this repository: ``python ours.py network.npz n_seconds static|stdp|rstdp``; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
import zlib

import numpy as np
import scipy.sparse

from sc_core import CubaLIF, Network, Population, Projection, Simulation, registry
from sc_core.simulation import SpikeRecorder, columns_of


def build(given: dict[str, np.ndarray]) -> Network:
    """Return the network of a file."""
    number = {name: float(array) for name, array in given.items() if array.ndim == 0}
    n_e, n, dt = int(number["n_excitatory"]), int(number["n"]), number["dt"]
    neuron = CubaLIF(
        reset="to_value",
        refractory_steps=round(number["refractory"] / dt),
        **{key: number[key] for key in ("tau_mem", "tau_syn", "v_leak", "v_threshold", "v_reset")},
    )
    population = {"e": Population("e", n_e, neuron), "i": Population("i", n - n_e, neuron)}
    projections = []
    for source in "ei":
        for target in "ei":
            key, shape = f"{source}{target}", (population[source].n, population[target].n)
            pre, post = given[f"pre_{key}"], given[f"post_{key}"]
            weights = np.full(pre.size, number[f"weight_{key}"], np.float32)
            matrix = scipy.sparse.coo_array((weights, (pre, post)), shape=shape).tocsr()
            delay = round(number["delay"] / dt)
            projections.append(Projection(population[source], population[target], matrix, delay))
    network = Network([population["e"], population["i"]], projections, dt=dt)
    population["e"].state["membrane"][:] = given["v"][:n_e]
    population["i"].state["membrane"][:] = given["v"][n_e:]
    return network


def rules_of(given: dict[str, np.ndarray], rule: str) -> dict[str, object]:
    """Return the plasticity by the name of its projection."""
    if rule == "static":
        return {}
    shared = ("tau_plus", "tau_minus", "w_max")
    if rule == "stdp":
        names = {name: name for name in ("a_plus", "a_minus", *shared)}
    else:
        own = ("learning_rate", "tau_eligibility", "tau_reward")
        names = {name: name for name in (*own, *shared)} | {"a_plus": "r_a_plus", "a_minus": "r_a_minus"}
    options = {name: float(given[key]) for name, key in names.items()}
    return {"e->e": registry.create("plasticity", rule, **options)}


def main(path: str, n_seconds: int, rule: str) -> None:
    """Simulate one second to settle, then measure `n_seconds`."""
    given = dict(np.load(path))
    network = build(given)
    simulation = Simulation(network, rules_of(given, rule), np.random.default_rng(0))
    steps = round(1000 / network.dt)
    reward = np.zeros((n_seconds + 1) * steps)
    times = given["rewards"][given["rewards"] < 1000 * (n_seconds + 1)]
    reward[np.round(times / network.dt).astype(int)] = 1.0
    simulation.advance(1000.0, modulator=reward[:steps])
    seconds, processor_seconds, spikes = [], [], 0
    for second in range(1, n_seconds + 1):
        begin, begin_here = time.perf_counter(), time.process_time()
        recording = simulation.advance(
            1000.0,
            record=[SpikeRecorder("e"), SpikeRecorder("i")],
            modulator=reward[second * steps : (second + 1) * steps],
        )
        seconds.append(time.perf_counter() - begin)
        processor_seconds.append(time.process_time() - begin_here)
        spikes += sum(record.times.size for record in recording.spikes.values())
    answer = {
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "rate": spikes / (n_seconds * float(given["n"])),
        "mean_weight": float(network.projections[0].data.mean()),
        "weights": zlib.crc32(network.projections[0].data.tobytes()),
        "bytes_per_plastic_synapse": _bytes_per_synapse(network.projections[0]),
        "resident_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    print(json.dumps(answer))


def _bytes_per_synapse(projection: Projection) -> float:
    """Return what the projection's own arrays and the kernel's second order of them take, for each synapse."""
    columns = columns_of(projection)
    own = [projection.data, projection.indices, columns["column_synapse"], columns["column_source"]]
    return sum(array.nbytes for array in own) / projection.n_synapses


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
