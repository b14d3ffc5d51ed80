"""A small network with NEST's e-prop models of the paper (``eprop_*_bsshslm_2020``), trained for some sequences.

How NEST's conventions become ours stands in specs/eprop.md, "NEST".
"""

import nest
import numpy as np

nest.verbosity = nest.VerbosityLevel.ERROR

# From the input's generator to its relay, on to the recurrent neurons, the readout, and among the readouts.
_GENERATOR, _DELAYS = 1.0, 3.0
_EVERY = {"rule": "all_to_all"}


def train(task):
    """Return the weights after training, and the recurrent neurons' spikes.

    Parameters
    ----------
    task : mapping
        ``spikes`` (n_sequences, n_steps, n_in), 0 or 1, none in the first steps; ``targets`` (n_sequences, n_steps,
        n_out); ``loss``, as NEST names it; ``window``: steps at the end that count; ``rate``; ``recurrent``: NEST's
        model and its parameters; ``readout``: parameters; ``weights``: matrices (n_source, n_target) onto
        ``recurrent``, ``itself`` and ``readout``, and ``feedback`` (n_recurrent, n_out).
    """
    n_sequences, n_steps, n_in = task["spikes"].shape
    n_out = task["targets"].shape[2]
    length = n_sequences * n_steps
    nest.ResetKernel()
    nest.set(
        resolution=1.0,
        eprop_update_interval=float(n_steps),
        eprop_learning_window=float(task["window"]),
        eprop_reset_neurons_on_update=True,
        total_num_virtual_procs=1,
    )
    generators, relays = nest.Create("spike_generator", n_in), nest.Create("parrot_neuron", n_in)
    model, parameters = task["recurrent"]
    recurrent = nest.Create(model, task["weights"]["itself"].shape[0], parameters)
    readout = nest.Create("eprop_readout_bsshslm_2020", n_out, {"loss": task["loss"], **task["readout"]})
    aims, recorder = nest.Create("step_rate_generator", n_out), nest.Create("spike_recorder")
    _set_inputs(generators, task["spikes"].reshape(length, n_in))
    start = _GENERATOR + _DELAYS
    values = task["targets"].reshape(length, n_out)
    for aim, value in zip(aims, values.T, strict=True):
        aim.set({"amplitude_times": np.arange(length) + start, "amplitude_values": value})
    _connect(task, generators, relays, recurrent, readout, aims, recorder)
    # A synapse learns when its presynaptic neuron spikes: at the end all of them do.
    last = nest.Create("spike_generator", params={"spike_times": [length + _DELAYS]})
    nest.Connect(last, relays + recurrent, _EVERY, {"weight": 1000.0})
    nest.Simulate(length + start + 1.0)
    fired = np.zeros((length, len(recurrent)))
    events = recorder.get("events")
    steps = (
        events["times"].astype(int) - int(_GENERATOR) - 2
    )  # of the sequence, as the recurrent neurons count
    within = (steps >= 0) & (steps < length)
    fired[steps[within], events["senders"][within] - recurrent[0].get("global_id")] = 1
    return {
        "recurrent": _weights(relays, recurrent),
        "itself": _weights(recurrent, recurrent),
        "readout": _weights(recurrent, readout),
        "spikes": fired.reshape(n_sequences, n_steps, -1),
    }


def _set_inputs(generators, spikes):
    for generator, train in zip(generators, spikes.T, strict=True):
        generator.set({"spike_times": np.flatnonzero(train) + _GENERATOR})


def _connect(task, generators, relays, recurrent, readout, aims, recorder):
    nest.SetDefaults(
        "eprop_synapse_bsshslm_2020",
        {
            "optimizer": {
                "optimizer": "gradient_descent",
                "batch_size": 1,
                "eta": task["rate"],
                "Wmin": -1e3,
                "Wmax": 1e3,
            },
            "average_gradient": True,
        },
    )
    learning = {
        "synapse_model": "eprop_synapse_bsshslm_2020",
        "delay": 1.0,
        "tau_m_readout": task["readout"]["tau_m"],
    }
    weights = task["weights"]
    one = {"rule": "one_to_one"}
    static = {"synapse_model": "static_synapse", "delay": 1.0}
    rate = {"synapse_model": "rate_connection_delayed", "delay": 1.0}
    nest.Connect(generators, relays, one, static)
    nest.Connect(relays, recurrent, _EVERY, {**learning, "weight": weights["recurrent"].T})
    nest.Connect(recurrent, recurrent, _EVERY, {**learning, "weight": weights["itself"].T})
    nest.Connect(recurrent, readout, _EVERY, {**learning, "weight": weights["readout"].T})
    back = {"synapse_model": "eprop_learning_signal_connection_bsshslm_2020", "delay": 1.0}
    nest.Connect(readout, recurrent, _EVERY, {**back, "weight": weights["feedback"]})
    nest.Connect(aims, readout, one, {**rate, "receptor_type": 2})
    if task["loss"] == "cross_entropy":
        others = {**_EVERY, "allow_autapses": False}
        nest.Connect(readout, readout, others, {**rate, "receptor_type": 1, "weight": 1.0})
    nest.Connect(recurrent, recorder, _EVERY, static)


def _weights(sources, targets):
    found = nest.GetConnections(sources, targets).get(["source", "target", "weight"])
    matrix = np.zeros((len(sources), len(targets)))
    first = [sources[0].get("global_id"), targets[0].get("global_id")]
    matrix[np.array(found["source"]) - first[0], np.array(found["target"]) - first[1]] = found["weight"]
    return matrix
