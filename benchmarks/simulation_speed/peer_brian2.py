"""Brian2: ``python peer_brian2.py network.npz n_seconds static|stdp|rstdp cpp_standalone|cython``; prints JSON.

What is compiled is kept beside the network, and compiling is in no time. cpp_standalone is a program, built once.
In cython, Brian2's runtime mode, times begin where a run first reports its progress: the code was written before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

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


def network_of(given: dict[str, np.ndarray], rule: str) -> tuple[Any, Any]:
    """Return the network of a file, and its neurons."""
    from brian2 import Network, NeuronGroup, Synapses, TimedArray, defaultclock, ms

    number = {name: float(array) for name, array in given.items() if array.ndim == 0}
    n_e, n = int(number["n_excitatory"]), int(number["n"])
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
    return Network(neurons, kept), neurons


def build(given: dict[str, np.ndarray], rule: str, folder: Path) -> None:
    """Write the program, compile it, and run it once."""
    from brian2 import SpikeMonitor, device, ms, prefs, set_device

    set_device("cpp_standalone", build_on_run=False)
    prefs.devices.cpp_standalone.openmp_threads = 0
    prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]  # as many compilers as files otherwise
    network, neurons = network_of(given, rule)
    network.run(1000 * ms)
    settled = SpikeMonitor(neurons)
    network.add(settled)
    network.run(1000 * ms)
    device.build(directory=str(folder), compile=True, run=True, debug=False)
    (folder / "rate.json").write_text(json.dumps(settled.num_spikes / len(neurons)), encoding="utf-8")


def standalone(path: Path, n_seconds: int, rule: str) -> tuple[list[float], float]:
    """Return the processor's seconds of each run's second second, and the rate in it."""
    folder = path.with_suffix(f".brian2.{rule}")
    if not (folder / "rate.json").exists():
        build(dict(np.load(path)), rule, folder)
    seconds = []
    for _ in range(n_seconds):
        subprocess.run([folder / "main"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        information = (folder / "results" / "last_run_info.txt").read_text(encoding="utf-8")
        seconds.append(float(information.split()[0]))
    return seconds, json.loads((folder / "rate.json").read_text(encoding="utf-8"))


def runtime(path: Path, n_seconds: int, rule: str) -> tuple[list[float], float]:
    """Return the same of a network that is set back before each run of its second second."""
    from brian2 import SpikeMonitor, ms, prefs, second

    prefs.codegen.target = "cython"
    prefs.codegen.runtime.cython.cache_dir = str(path.with_name("brian2-cython"))
    network, neurons = network_of(dict(np.load(path)), rule)
    network.run(1000 * ms)
    settled = SpikeMonitor(neurons)
    network.add(settled)
    network.store()
    seconds = []
    for _ in range(n_seconds):
        network.restore()
        reports: list[float] = []
        network.run(
            1000 * ms,
            report=lambda *_, at=reports: at.append(time.process_time()),
            report_period=1000 * second,
        )
        seconds.append(reports[-1] - reports[0])
    return seconds, settled.num_spikes / len(neurons)


def main(path: str, n_seconds: str, rule: str, mode: str) -> None:
    """Measure the second second of a run, `n_seconds` times."""
    measure = {"cpp_standalone": standalone, "cython": runtime}[mode]
    seconds, rate = measure(Path(path), int(n_seconds), rule)
    print(json.dumps({"processor_seconds": seconds, "rate": rate}))


main(*sys.argv[1:])
