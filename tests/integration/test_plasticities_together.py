"""Short-term plasticity, STDP and scaling on one projection: in the order of specs/simulation.md, and resumed."""

from __future__ import annotations

import numpy as np
import pytest

from sc_core import LIF, Input, Network, Population, Projection, Simulation, registry
from sc_core.simulation import SpikeRecorder, SpikeStimulus

N_SOURCE, N_TARGET, DT, DELAY = 30, 6, 0.5, 3
N_STEPS = 2000
NAME = "source->target"


def network():
    rng = np.random.default_rng(1)
    source = Population("source", N_SOURCE, Input())
    target = Population("target", N_TARGET, LIF(tau=10.0, refractory_steps=2))
    weights = rng.random((N_SOURCE, N_TARGET)) * (rng.random((N_SOURCE, N_TARGET)) < 0.7)
    return Network([source, target], [Projection(source, target, 20.0 * weights, delay=DELAY)], dt=DT)


def rules():
    """All three, with time constants so short that each matters within a second."""
    return [
        registry.create("plasticity", "short-term", tau_d=50.0, tau_f=100.0, u_se=0.4),
        registry.create("plasticity", "stdp", a_plus=0.02, a_minus=0.02, w_max=30.0),
        registry.create("plasticity", "homeostatic", target_rate=20.0, tau=100.0, interval=25.0),
    ]


def input_spikes():
    """Whether each source neuron spikes in each step."""
    return np.random.default_rng(2).random((N_STEPS, N_SOURCE)) < 0.02


def simulation(built, attached):
    steps, neurons = np.nonzero(input_spikes())
    stimulus = SpikeStimulus(steps * DT, neurons)
    return Simulation(built, {NAME: attached}, np.random.default_rng(3), stimuli={"source": stimulus})


def raster(recording):
    spikes = recording.spikes["target"]
    return sorted(zip(spikes.times.tolist(), spikes.neurons.tolist(), strict=True))


def by_hand(built, attached):
    """The order of a step, written out: scale, deliver, step, after_step of each, consolidate of each."""
    (projection,) = built.projections
    for rule in attached:
        rule.bind(projection, DT, np.random.default_rng(3))
    short_term, stdp, scaling = attached
    sent, found = np.vstack([np.zeros((DELAY, N_SOURCE)), input_spikes()]), []
    for t in range(N_STEPS):
        arriving = sent[t]
        effect = arriving * short_term.scale(arriving)
        fired = projection.target.step_all(effect @ projection.weights.toarray())
        found += [(t * DT, int(j)) for j in np.flatnonzero(fired)]
        stdp.after_step(arriving, fired, 0.0)
        scaling.after_step(arriving, fired, 0.0)
        if (t + 1) % 50 == 0:
            scaling.consolidate(25.0)
    return found


@pytest.mark.parametrize("kernels", ["auto", "reference"])
def test_they_act_in_the_order_of_the_specification(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    first, second = network(), network()
    found = raster(simulation(first, rules()).advance(N_STEPS * DT, record=[SpikeRecorder("target")]))
    assert found == by_hand(second, rules())
    assert len(found) > 20
    np.testing.assert_allclose(first.projections[0].data, second.projections[0].data, rtol=1e-9)


def test_each_of_them_matters():
    results = []
    for left_out in (None, 0, 1, 2):
        built, attached = network(), rules()
        if left_out is not None:
            del attached[left_out]
        results.append(raster(simulation(built, attached).advance(500.0, record=[SpikeRecorder("target")])))
    assert all(result != results[0] for result in results[1:])


def test_a_resumed_simulation_goes_on_with_the_same_bits():
    whole, stopped, resumed = network(), network(), network()
    record = [SpikeRecorder("target")]
    simulated = simulation(whole, rules())
    simulated.advance(310.0)  # between two scalings
    expected = raster(simulated.advance(300.0, record=record))
    before = simulation(stopped, rules())
    before.advance(310.0)
    after = simulation(resumed, rules())
    resumed.load_state_dict(stopped.state_dict())
    after.load_state_dict(before.state_dict())
    assert raster(after.advance(300.0, record=record)) == expected
    np.testing.assert_array_equal(resumed.projections[0].data, whole.projections[0].data)
