"""Weights of NEST's plastic synapses on given spike trains, at every presynaptic spike."""

import nest
import numpy as np

nest.verbosity = nest.VerbosityLevel.ERROR

# From a generator to its parrot; so all spikes are this much later than asked for.
_TO_PARROT = 1.0


def trajectories(model, parameters, pre, post, dt, delay, neuron):
    """Return, for every synapse (i, j), times (steps) of the presynaptic spikes and the weights after each.

    Parameters
    ----------
    model : str
        NEST's synapse model.
    parameters : mapping
        Its parameters, with ``weight``.
    pre, post : ndarray, shape (n_steps, n), 0 or 1
    dt, delay : float
        ms.
    neuron : mapping
        Parameters of the postsynaptic neurons.
    """
    nest.ResetKernel()
    nest.set(resolution=dt, total_num_virtual_procs=1)
    sources, targets = (
        nest.Create("parrot_neuron", pre.shape[1]),
        nest.Create("parrot_neuron", post.shape[1], neuron),
    )
    for parrots, spikes in ((sources, pre), (targets, post)):
        generators = nest.Create("spike_generator", spikes.shape[1])
        for generator, train in zip(generators, spikes.T, strict=True):
            generator.set({"spike_times": (np.flatnonzero(train) + 1) * dt})
        nest.Connect(generators, parrots, "one_to_one", {"delay": _TO_PARROT})
    recorder = nest.Create("weight_recorder")
    nest.CopyModel(model, "recorded", {"weight_recorder": recorder})
    # What arrives at a parrot's receptor 1 changes the synapse and is not passed on.
    synapse = {"synapse_model": "recorded", "delay": delay, "receptor_type": 1, **parameters}
    nest.Connect(sources, targets, "all_to_all", synapse)
    nest.Simulate(len(pre) * dt + _TO_PARROT + 10 * delay)
    events = recorder.get("events")
    steps = np.round((events["times"] - _TO_PARROT) / dt).astype(int) - 1
    found = {}
    for i, source in enumerate(sources.tolist()):
        for j, target in enumerate(targets.tolist()):
            mine = (events["senders"] == source) & (events["targets"] == target)
            found[i, j] = steps[mine], events["weights"][mine]
    return found
