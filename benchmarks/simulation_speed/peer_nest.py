"""NEST: ``python peer_nest.py network.npz n_seconds static|stdp|rstdp``; prints JSON. Its delays are dendritic."""

from __future__ import annotations

import json
import sys
import time

import nest
import numpy as np

nest.verbosity = nest.VerbosityLevel.ERROR


def dopamine(given: dict[str, np.ndarray], number: dict[str, float]) -> dict[str, object]:
    """Return the plastic synapses' parameters; rewards are spikes of a dopaminergic neuron."""
    times = given["rewards"].astype(float)
    # Delays to parrot and transmitter as long as all others: a shorter one would shorten the slices of the whole run.
    generator = nest.Create("spike_generator", params={"spike_times": times - 2 * number["delay"]})
    neuron = nest.Create("parrot_neuron")
    # In slices: it visits all synapses each time.
    transmitter = nest.Create("volume_transmitter", params={"deliver_interval": 100})
    nest.Connect(generator, neuron, syn_spec={"delay": number["delay"]})
    nest.Connect(neuron, transmitter, syn_spec={"delay": number["delay"]})
    # A dopamine spike adds 1 / tau_n to the concentration.
    scale = number["learning_rate"] * number["tau_reward"]
    parameters = {
        "volume_transmitter": transmitter,
        "A_plus": scale * number["r_a_plus"],
        "A_minus": scale * number["r_a_minus"],
        "tau_plus": number["tau_plus"],
        "tau_c": number["tau_eligibility"],
        "tau_n": number["tau_reward"],
        "b": 0.0,
        "Wmin": 0.0,
        "Wmax": number["w_max"],
    }
    nest.CopyModel("stdp_dopamine_synapse", "rewarded", parameters)
    return {"synapse_model": "rewarded"}


def main(path: str, n_seconds: int, rule: str) -> None:
    """Simulate one second to settle, then measure `n_seconds`."""
    given = dict(np.load(path))
    number = {name: float(array) for name, array in given.items() if array.ndim == 0}
    n_e, n = int(number["n_excitatory"]), int(number["n"])
    nest.ResetKernel()
    nest.set(resolution=number["dt"], local_num_threads=1)
    neurons = nest.Create(
        "iaf_psc_exp",
        n,
        {
            "tau_m": number["tau_mem"],
            "C_m": number["tau_mem"],  # so that a weight in pA is ours in mV
            "tau_syn_ex": number["tau_syn"],
            "tau_syn_in": number["tau_syn"],
            "E_L": number["v_leak"],
            "V_th": number["v_threshold"],
            "V_reset": number["v_reset"],
            "t_ref": number["refractory"],
            "tau_minus": number["tau_minus"],
        },
    )
    neurons.set(V_m=given["v"])
    stdp = {
        "synapse_model": "stdp_synapse",
        "lambda": number["a_plus"],
        "alpha": number["a_minus"] / number["a_plus"],
        "tau_plus": number["tau_plus"],
        "mu_plus": 0.0,
        "mu_minus": 0.0,
        "Wmax": number["w_max"],
    }
    plastic = dopamine(given, number) if rule == "rstdp" else stdp
    identifiers = np.array(neurons.tolist())
    groups = {"e": identifiers[:n_e], "i": identifiers[n_e:]}
    for source in "ei":
        for target in "ei":
            key = source + target
            pre, post = groups[source][given[f"pre_{key}"]], groups[target][given[f"post_{key}"]]
            synapse = plastic if rule != "static" and key == "ee" else {"synapse_model": "static_synapse"}
            arrays = {
                "weight": np.full(pre.size, number[f"weight_{key}"]),
                "delay": np.full(pre.size, number["delay"]),
            }
            nest.Connect(pre, post, "one_to_one", {**synapse, **arrays})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    nest.Simulate(1000.0)
    nest.Prepare()
    recorded, seconds = recorder.n_events, []
    for _ in range(n_seconds):
        begin = time.process_time()
        nest.Run(1000.0)
        seconds.append(time.process_time() - begin)
    rate = (recorder.n_events - recorded) / (n_seconds * n)
    nest.Cleanup()
    print(json.dumps({"processor_seconds": seconds, "rate": rate}))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
