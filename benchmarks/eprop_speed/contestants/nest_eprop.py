"""NEST's models of the paper, ``eprop_*_bsshslm_2020``, as in specs/eprop.md, "NEST".

A step is one sequence: its input and target are set, and it is simulated; the weights change where the next one
begins. tests/oracles compares what it learns with ours.
"""

from __future__ import annotations

import os
from typing import Any

import nest
import numpy as np
from bptt_speed.task import Convention
from numpy.typing import NDArray

from eprop_speed.task import SURROGATE_SCALE, TAU, Task

CONVENTION = Convention(reset_before_decay=False)
DISTRIBUTIONS = ("nest-simulator", "numpy")
_LATER = 3.0  # ms: from the input's relay to the recurrent neurons, to the readout, among the readouts
_EVERY, _ONE = {"rule": "all_to_all"}, {"rule": "one_to_one"}


class NestEprop:
    """The network, simulated on and on."""

    def __init__(self, task: Task) -> None:
        self.n_steps, _, n_input = task.spikes.shape[1:]
        n, self.n_output = task.output_weights.shape
        nest.set(
            resolution=1.0,
            eprop_update_interval=float(self.n_steps),
            eprop_learning_window=float(self.n_steps),
            eprop_reset_neurons_on_update=True,
            local_num_threads=int(os.environ["OMP_NUM_THREADS"]),
        )
        self.generators, relays = (
            nest.Create("spike_generator", n_input),
            nest.Create("parrot_neuron", n_input),
        )
        neuron = {"C_m": 1.0, "E_L": 0.0, "tau_m": TAU, "V_m": 0.0}
        spiking = {
            **neuron,
            "V_th": 1.0,
            "t_ref": 0.0,
            "c_reg": 0.0,
            "regular_spike_arrival": True,
            "surrogate_gradient_function": "piecewise_linear",
            "surrogate_gradient_height": SURROGATE_SCALE,
            "surrogate_gradient_width": 1.0,
        }
        recurrent = nest.Create("eprop_iaf_bsshslm_2020", n, spiking)
        reading = {**neuron, "regular_spike_arrival": False, "loss": "cross_entropy"}
        readout = nest.Create("eprop_readout_bsshslm_2020", self.n_output, reading)
        self.aims = nest.Create("step_rate_generator", self.n_output)
        self._connect(task, relays, recurrent, readout)
        nest.Simulate(1.0 + _LATER)
        self.begin = 0

    def _connect(self, task: Task, relays: Any, recurrent: Any, readout: Any) -> None:
        optimiser = {"optimizer": "gradient_descent", "batch_size": 1, "eta": 1e-6, "Wmin": -1e3, "Wmax": 1e3}
        nest.SetDefaults("eprop_synapse_bsshslm_2020", {"optimizer": optimiser, "average_gradient": True})
        learning = {"synapse_model": "eprop_synapse_bsshslm_2020", "delay": 1.0, "tau_m_readout": TAU}
        static = {"synapse_model": "static_synapse", "delay": 1.0}
        rate = {"synapse_model": "rate_connection_delayed", "delay": 1.0}
        back = {"synapse_model": "eprop_learning_signal_connection_bsshslm_2020", "delay": 1.0}
        nest.Connect(self.generators, relays, _ONE, static)
        nest.Connect(relays, recurrent, _EVERY, {**learning, "weight": task.input_weights.T})
        nest.Connect(recurrent, recurrent, _EVERY, {**learning, "weight": task.recurrent_weights.T})
        nest.Connect(recurrent, readout, _EVERY, {**learning, "weight": task.output_weights.T})
        nest.Connect(readout, recurrent, _EVERY, {**back, "weight": task.output_weights})
        nest.Connect(self.aims, readout, _ONE, {**rate, "receptor_type": 2})
        others = {**_EVERY, "allow_autapses": False}
        nest.Connect(readout, readout, others, {**rate, "receptor_type": 1, "weight": 1.0})

    def step(self, spikes: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Simulate a sequence."""
        begin = self.begin + 2.0 + _LATER
        for generator, train in zip(self.generators, spikes[:, 0].T, strict=True):
            generator.set({"spike_times": np.flatnonzero(train) + begin})
        for number, aim in enumerate(self.aims):
            value = float(number == labels[0])
            aim.set({"amplitude_times": [begin], "amplitude_values": [value]})
        nest.Simulate(float(self.n_steps))
        self.begin += self.n_steps
        return 0.0


def prepare(task: Task) -> NestEprop:
    """Return the contestant."""
    return NestEprop(task)
