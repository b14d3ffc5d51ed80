"""The compiled loop gives the same bits as the step in Python, for any number of threads and any windows."""

import numpy as np
import pytest

import sc_native
from sc_core import ALIF, LI, LIF, CubaLIF, Input, Network, Population, Projection, Simulation, topology
from sc_core.simulation import PoissonStimulus, SpikeRecorder, StateRecorder, compiled, stepping
from sc_core.simulation.compiled import CompiledLoop

pytestmark = pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not built")

NEURONS = {
    "LIF": LIF(tau=15.0, v_leak=0.2),
    "LIF to value": LIF(reset="to_value", v_reset=-0.5, refractory_steps=3),
    "LIF heterogeneous": LIF(tau=tuple(np.linspace(5, 30, 75).tolist()), refractory_steps=1),
    "CubaLIF": CubaLIF(refractory_steps=4, w_in=1.5),
    "CubaLIF heterogeneous": CubaLIF(tau_syn=tuple(np.linspace(2, 9, 75).tolist()), r=0.3),
    "ALIF": ALIF(tau_adaptation=50.0, refractory_steps=2),
    "ALIF plain": ALIF(adaptation_strength=tuple(np.linspace(0, 3, 75).tolist()), reset="to_value"),
}


def network(neuron, dtype=np.float32, delay=3, seed=0):
    rng = np.random.default_rng(seed)
    source, cells = Population("in", 40, Input()), Population("cells", 75, neuron)
    other, readout = Population("other", 50, LIF(refractory_steps=5)), Population("readout", 3, LI())

    def random(n, m, mean, density=0.3):
        weights = topology.random(n, m, density=density, rng=rng).astype(dtype)
        weights.data[:] = rng.normal(mean, abs(mean), weights.nnz)
        return weights

    return Network(
        [source, cells, other, readout],
        [
            Projection(source, cells, random(40, 75, 2.0), 1),
            Projection(source, other, random(40, 50, 2.0)),
            Projection(cells, cells, random(75, 75, 0.3), delay),
            Projection(cells, other, random(75, 50, 0.8), delay + 4),
            Projection(other, cells, random(50, 75, -0.3), delay, name="inhibition"),
            Projection(other, cells, random(50, 75, 0.2), 12, name="late"),
            Projection(cells, readout, random(75, 3, 1.0), 2),
        ],
    )


def run(neuron, monkeypatch, plain=False, threads=1, cuts=(400.0,), **options):
    monkeypatch.setenv("SC_THREADS", str(threads))
    monkeypatch.setattr(compiled, "_WORK_PER_PART", 8)
    used = []
    advance = CompiledLoop.advance
    monkeypatch.setattr(CompiledLoop, "advance", lambda self, *rest: used.append(1) or advance(self, *rest))
    usable = CompiledLoop.usable
    monkeypatch.setattr(CompiledLoop, "usable", lambda self: not plain and usable(self))
    built = network(neuron, **options)
    simulation = Simulation(
        built,
        stimuli={
            "in": PoissonStimulus(60.0, np.random.default_rng(1)),
            "other": [PoissonStimulus(90.0, np.random.default_rng(2), weight=5.0), np.full((400, 50), 0.5)],
        },
    )
    record = [
        SpikeRecorder("cells"),
        SpikeRecorder("other"),
        SpikeRecorder("in"),
        StateRecorder("cells", interval=40.0),
    ]
    recordings = [simulation.advance(cut, record=record) for cut in cuts]
    monkeypatch.undo()
    assert bool(used) != plain
    spikes = [
        np.concatenate([getattr(each.spikes[name], field) for each in recordings])
        for name in ("in", "cells", "other")
        for field in ("times", "neurons")
    ]
    states = np.concatenate(
        [
            each.states["cells", "membrane"].values
            for each in recordings
            if each.states["cells", "membrane"].times.size
        ]
    )
    return [*spikes, states], simulation


def assert_same(one, other):
    (recorded, simulation), (recorded_too, simulation_too) = one, other
    for mine, its in zip(recorded, recorded_too, strict=True):
        np.testing.assert_array_equal(mine, its)
    for population, its in zip(
        simulation.network.populations, simulation_too.network.populations, strict=True
    ):
        for key, value in population.state_dict().items():
            np.testing.assert_array_equal(value, its.state_dict()[key], err_msg=f"{population.name}.{key}")
    sent, sent_too = (each.state_dict()["sent"] for each in (simulation, simulation_too))
    for key, ring in sent.items():
        np.testing.assert_array_equal(ring, sent_too[key], err_msg=key)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NEURONS)
def test_it_gives_the_bits_of_the_step_in_python(name, dtype, monkeypatch):
    fast = run(NEURONS[name], monkeypatch, dtype=dtype)
    assert fast[0][2].size > 300, "too few spikes to tell"
    assert fast[0][2].size < 0.4 * 400 * 75
    assert_same(fast, run(NEURONS[name], monkeypatch, plain=True, dtype=dtype))


@pytest.mark.parametrize("name", ["LIF to value", "CubaLIF", "ALIF"])
def test_any_number_of_threads_gives_the_same_bits(name, monkeypatch):
    one = run(NEURONS[name], monkeypatch)
    for threads in (2, 3, 5):
        assert_same(one, run(NEURONS[name], monkeypatch, threads=threads))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_a_membrane_that_just_reaches_its_threshold_fires(spread, plain, monkeypatch):
    n = 150  # two whole blocks of neurons and a part of one
    gain = Population("cells", 1, LIF(tau=10.0)).coefficients(np.dtype(np.float64)).arrays["input_gain"][0]
    current = 1 + spread * np.arange(n) / n
    above = np.nextafter(gain * current, np.inf)
    threshold = np.where(np.arange(n) % 3 == 0, above, gain * current)
    if spread == 0:
        threshold = np.full(n, gain)
    monkeypatch.setattr(
        CompiledLoop, "usable", lambda self, usable=CompiledLoop.usable: not plain and usable(self)
    )
    cells = Population("cells", n, LIF(tau=10.0, v_threshold=tuple(threshold.tolist()) if spread else gain))
    simulation = Simulation(Network([cells], [], dt=1.0), stimuli={"cells": current[None]})
    spikes = simulation.advance(1.0, record=[SpikeRecorder("cells")]).spikes["cells"].neurons
    np.testing.assert_array_equal(spikes, np.flatnonzero(threshold == gain * current))


@pytest.mark.parametrize(
    "neuron",
    [
        LIF(tau=10.0),
        CubaLIF(refractory_steps=4),
        ALIF(adaptation_strength=tuple(np.linspace(0, 3, 2200).tolist())),
    ],
    ids=lambda neuron: type(neuron).__name__,
)
def test_neurons_of_every_set_fire(neuron, monkeypatch):
    n = 2200  # two times 16 sets of 64 neurons, two sets more and a part of one
    currents = np.random.default_rng(3).uniform(0.0, 2.5, (1, n)).repeat(80, axis=0)
    found = []
    for plain in (False, True):
        if plain:
            monkeypatch.setattr(CompiledLoop, "usable", lambda self: False)
        cells = Population("cells", n, neuron)
        simulation = Simulation(Network([cells], [], dt=1.0), stimuli={"cells": currents})
        spikes = simulation.advance(80.0, record=[SpikeRecorder("cells")]).spikes["cells"]
        found.append(([spikes.times, spikes.neurons], simulation))
    assert_same(*found)
    assert np.unique(found[0][0][1]).size > 0.3 * n


def test_windows_may_be_cut_anywhere(monkeypatch):
    whole = run(NEURONS["CubaLIF"], monkeypatch)
    assert_same(whole, run(NEURONS["CubaLIF"], monkeypatch, cuts=(1.0, 2.0, 37.0, 160.0, 200.0)))


def test_delays_of_one_step_make_threads_meet_in_every_step(monkeypatch):
    one = run(NEURONS["CubaLIF"], monkeypatch, delay=1)
    assert_same(one, run(NEURONS["CubaLIF"], monkeypatch, delay=1, threads=3))
    assert_same(one, run(NEURONS["CubaLIF"], monkeypatch, delay=1, plain=True))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", ["CubaLIF", "ALIF"])
def test_run_takes_it_too(name, threads, monkeypatch):
    monkeypatch.setattr(compiled, "_WORK_PER_PART", 8)
    monkeypatch.setattr(stepping, "_WINDOW", 168 * 90)  # several windows
    spikes = (np.random.default_rng(4).random((250, 40)) < 0.1).astype(float)
    monkeypatch.setenv("SC_THREADS", str(threads))
    fast = Simulation(network(NEURONS[name]))
    outputs = [fast.run(spikes), fast.run(spikes)]
    monkeypatch.setattr(CompiledLoop, "usable", lambda self: False)
    slow = Simulation(network(NEURONS[name]))
    expected = [slow.run(spikes), slow.run(spikes)]
    assert expected[0]["cells"].sum() > 200
    assert np.ptp(expected[0]["readout"]) > 0.1
    for mine, its in zip(outputs, expected, strict=True):
        for population, values in its.items():
            np.testing.assert_array_equal(mine[population], values, err_msg=population)


def test_what_it_cannot_do_runs_in_python():
    def built(**delay):
        source, cells = Population("in", 2, Input()), Population("cells", 2, LIF())
        return Network([source, cells], [Projection(source, cells, [[1.0, 2.0], [3.0, 4.0]], **delay)])

    values = np.full((5, 2), 0.5)  # no spikes: values that an Input passes on
    advanced, ran = built(), built()
    Simulation(advanced, stimuli={"in": values}).advance(5.0)
    Simulation(ran).run(values)
    assert ran.populations[1].voltages.min() > 0.1
    np.testing.assert_array_equal(advanced.populations[1].voltages, ran.populations[1].voltages)
    assert not Simulation(built(delays=1.0))._compiled.usable()
