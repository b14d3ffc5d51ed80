"""Run by test_stdp_against_brian2.py with Brian2's interpreter: weights of a Brian2 model on given spike trains.

``python brian2_stdp.py input.npz output.npy ...``, any number of pairs. An input has ``pre`` and ``post``
(n_steps, n), ``dt``, ``delay`` (ms, one for each synapse, by presynaptic neuron first) and the rule's parameters; an
output is (n_steps, n_pre, n_post), the weights after every step.
"""

import sys

import numpy as np
from brian2 import Network, SpikeGeneratorGroup, StateMonitor, Synapses, defaultclock, ms, prefs

prefs.codegen.target = "numpy"


def generator(spikes, dt):
    steps, neurons = np.nonzero(spikes)
    return SpikeGeneratorGroup(spikes.shape[1], neurons, steps * dt * ms)


def main(source, result):
    given = dict(np.load(source))
    pre, post, dt = given.pop("pre"), given.pop("post"), float(given.pop("dt"))
    delay = given.pop("delay")
    defaultclock.dt = dt * ms
    groups = generator(pre, dt), generator(post, dt)
    names = {name: float(value) for name, value in given.items()}
    for name in ("tau_plus", "tau_minus", "tau_x", "tau_y"):
        names[name] *= ms
    synapses = Synapses(
        *groups,
        """
        w : 1
        dr1/dt = -r1 / tau_plus : 1 (event-driven)
        dr2/dt = -r2 / tau_x : 1 (event-driven)
        do1/dt = -o1 / tau_minus : 1 (event-driven)
        do2/dt = -o2 / tau_y : 1 (event-driven)
        """,
        on_pre={
            "pre_weight": "w = clip(w - w_max * (w / w_max) ** mu_minus * o1 * (a_minus + a3_minus * r2), 0, w_max)",
            "pre_trace": "r1 += 1; r2 += 1",
        },
        on_post={
            "post_weight": "w = clip(w + w_max * (1 - w / w_max)**mu_plus * r1 * (a_plus + a3_plus * o2), 0, w_max)",
            "post_trace": "o1 += 1; o2 += 1",
        },
        namespace=names,
        method="exact",
    )
    synapses.connect()
    synapses.w = 1.0
    # The postsynaptic weights first, then the presynaptic ones, then all traces.
    for order, pathway in enumerate(("post_weight", "pre_weight", "pre_trace", "post_trace")):
        getattr(synapses, pathway).order = order
    for pathway in ("pre_weight", "pre_trace"):
        getattr(synapses, pathway).delay = delay.ravel() * ms
    monitor = StateMonitor(synapses, "w", record=True, when="end")
    network = Network(*groups, synapses, monitor)
    network.run(len(pre) * dt * ms)
    np.save(result, monitor.w.T.reshape(len(pre), pre.shape[1], post.shape[1]))


for source, result in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    main(source, result)
