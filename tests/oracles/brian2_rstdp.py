"""Run by test_rstdp_against_brian2.py with Brian2's interpreter: a Brian2 model on given spikes and rewards.

``python brian2_rstdp.py input.npz output.npy ...``, any number of pairs. An input has ``pre`` and ``post``
(n_steps, n), ``reward`` (n_steps,), ``dt``, ``delay`` (ms, one for each synapse, by presynaptic neuron first) and the
rule's parameters; an output is (n_steps, n_pre, n_post), the weights after every step, clipped as they are seen.
"""

import sys

import numpy as np
from brian2 import Network, SpikeGeneratorGroup, StateMonitor, Synapses, TimedArray, defaultclock, ms, prefs

prefs.codegen.target = "numpy"


def generator(spikes, dt):
    steps, neurons = np.nonzero(spikes)
    return SpikeGeneratorGroup(spikes.shape[1], neurons, steps * dt * ms)


def main(source, result):
    given = dict(np.load(source))
    pre, post, dt = given.pop("pre"), given.pop("post"), float(given.pop("dt"))
    delay, pulses = given.pop("delay"), TimedArray(given.pop("reward"), dt=dt * ms)
    defaultclock.dt = dt * ms
    groups = generator(pre, dt), generator(post, dt)
    names = {name: float(value) for name, value in given.items()}
    for name in ("tau_plus", "tau_minus", "tau_eligibility", "tau_reward"):
        names[name] *= ms
    names["learning_rate"] /= ms
    # The product of reward and eligibility is a variable of its own, so the system is linear; rk4 errs by 2e-10 here.
    synapses = Synapses(
        *groups,
        """
        dw/dt = learning_rate * product : 1 (clock-driven)
        dproduct/dt = -product * (1 / tau_eligibility + 1 / tau_reward) : 1 (clock-driven)
        deligible/dt = -eligible / tau_eligibility : 1 (clock-driven)
        dreward/dt = -reward / tau_reward : 1 (clock-driven)
        dr/dt = -r / tau_plus : 1 (event-driven)
        do/dt = -o / tau_minus : 1 (event-driven)
        """,
        on_pre="w = clip(w, w_min, w_max); r += 1; eligible -= a_minus * o; product = reward * eligible",
        on_post="w = clip(w, w_min, w_max); o += 1; eligible += a_plus * r; product = reward * eligible",
        namespace=names | {"pulses": pulses},
        method="rk4",
    )
    synapses.connect()
    synapses.w = 1.0
    synapses.pre.delay = delay.ravel() * ms
    # Bounds at rewards; between these and spikes a weight may leave them.
    synapses.run_regularly(
        """
        given = pulses(t)
        w = clip(w, w_min, w_max) * int(given != 0) + w * int(given == 0)
        reward += given
        product = reward * eligible
        """,
        when="resets",
    )
    monitor = StateMonitor(synapses, "w", record=True, when="end")
    network = Network(*groups, synapses, monitor)
    network.run(len(pre) * dt * ms)
    weights = np.clip(monitor.w.T, names["w_min"], names["w_max"])
    np.save(result, weights.reshape(len(pre), pre.shape[1], post.shape[1]))


for source, result in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    main(source, result)
