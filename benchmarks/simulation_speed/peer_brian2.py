"""Brian2, cpp_standalone: ``python peer_brian2.py network.npz n_seconds static|stdp|rstdp``; prints JSON.

It is built in a folder beside the network, once; later calls run what was built.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

TRACES = """
w : 1
dapre/dt = -apre / tau_plus : 1 (event-driven)
dapost/dt = -apost / tau_minus : 1 (event-driven)
"""
# R-STDP by the same closed form as ours (specs/rstdp.md, eq. 8): eligibilities without decay, and one integral of the
# reward for all synapses.
UPDATE = "w = clip(w + eligible * (reached(t) - seen), 0, w_max); seen = reached(t)"
RULES = {
    "stdp": {
        "model": TRACES,
        "on_pre": "g_post += w; apre += 1; w = clip(w - a_minus * w_max * apost, 0, w_max)",
        "on_post": "apost += 1; w = clip(w + a_plus * w_max * apre, 0, w_max)",
    },
    "rstdp": {
        "model": TRACES + "eligible : 1\nseen : 1\n",
        "on_pre": UPDATE
        + "; g_post += w; apre += 1; eligible -= r_a_minus * apost * exp(t / tau_eligibility)",
        "on_post": UPDATE + "; apost += 1; eligible += r_a_plus * apre * exp(t / tau_eligibility)",
    },
}


def reached(given: dict[str, np.ndarray], number: dict[str, float]) -> np.ndarray:
    """Return the integral of reward trace times exp(-t / tau_eligibility) until each step, of two seconds."""
    dt, decay = number["dt"], np.exp(-number["dt"] / number["tau_reward"])
    together = 1 / (1 / number["tau_eligibility"] + 1 / number["tau_reward"])
    pulses = np.zeros(round(2000 / dt) + 1)
    times = given["rewards"][given["rewards"] < 2000]
    pulses[np.round(times / dt).astype(int)] = 1.0
    trace, total, integral = 0.0, 0.0, np.zeros(pulses.size)
    for step, pulse in enumerate(pulses):
        integral[step] = total
        trace = trace * decay + pulse
        gain = number["learning_rate"] * together * -np.expm1(-dt / together)
        total += gain * trace * np.exp(-step * dt / number["tau_eligibility"])
    return integral


def build(path: str, folder: Path, rule: str) -> None:
    """Write the program, compile it, and run it once."""
    from brian2 import (
        Network,
        NeuronGroup,
        SpikeMonitor,
        Synapses,
        TimedArray,
        defaultclock,
        device,
        ms,
        prefs,
        set_device,
    )

    given = dict(np.load(path))
    number = {name: float(array) for name, array in given.items() if array.ndim == 0}
    n_e, n = int(number["n_excitatory"]), int(number["n"])
    set_device("cpp_standalone", build_on_run=False)
    prefs.devices.cpp_standalone.openmp_threads = 0
    prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]  # as many compilers as files otherwise
    defaultclock.dt = number["dt"] * ms
    times = ("tau_mem", "tau_syn", "refractory", "tau_plus", "tau_minus", "tau_eligibility", "tau_reward")
    names = {key: value * ms if key in times else value for key, value in number.items()}
    names = {
        key: names[key]
        for key in (
            *times,
            "v_leak",
            "v_threshold",
            "v_reset",
            "a_plus",
            "a_minus",
            "r_a_plus",
            "r_a_minus",
            "w_max",
        )
    }
    names["reached"] = TimedArray(reached(given, number), dt=number["dt"] * ms)
    neurons = NeuronGroup(
        n,
        """
        dv/dt = (v_leak - v + g) / tau_mem : 1 (unless refractory)
        dg/dt = -g / tau_syn : 1
        """,
        threshold="v >= v_threshold",
        reset="v = v_reset",
        refractory=number["refractory"] * ms,
        method="exact",
        namespace=names,
    )
    neurons.v = given["v"]
    groups, kept = {"e": neurons[:n_e], "i": neurons[n_e:]}, []
    for source in "ei":
        for target in "ei":
            key = source + target
            if rule != "static" and key == "ee":
                synapses = Synapses(groups[source], groups[target], **RULES[rule], namespace=names)
            else:
                synapses = Synapses(groups[source], groups[target], "w : 1", on_pre="g_post += w")
            synapses.connect(i=given[f"pre_{key}"], j=given[f"post_{key}"])
            synapses.w = number[f"weight_{key}"]
            synapses.pre.delay = number["delay"] * ms
            kept.append(synapses)
    network = Network(neurons, kept)
    network.run(1000 * ms)
    settled = SpikeMonitor(neurons)
    network.add(settled)
    network.run(1000 * ms)
    device.build(directory=str(folder), compile=True, run=True, debug=False)
    rate = settled.num_spikes / n
    (folder / "rate.json").write_text(json.dumps(rate), encoding="utf-8")


def main(path: str, n_seconds: int, rule: str) -> None:
    """Measure the second second of a run, `n_seconds` times."""
    folder = Path(path).with_suffix(f".brian2.{rule}")
    if not (folder / "rate.json").exists():
        build(path, folder, rule)
    seconds = []
    for _ in range(n_seconds):
        subprocess.run([folder / "main"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        information = (folder / "results" / "last_run_info.txt").read_text(encoding="utf-8")
        seconds.append(float(information.split()[0]))
    rate = json.loads((folder / "rate.json").read_text(encoding="utf-8"))
    print(json.dumps({"processor_seconds": seconds, "rate": rate}))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
