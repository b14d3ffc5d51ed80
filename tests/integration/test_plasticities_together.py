"""All plasticities on one projection: in the order of specs/simulation.md, and resumed."""

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
    """All of them, with time constants so short that each matters within a second."""
    return [
        registry.create("plasticity", "short-term", tau_d=50.0, tau_f=100.0, u_se=0.4),
        registry.create("plasticity", "stdp", a_plus=0.02, a_minus=0.02, mu_plus=1.0, w_max=30.0),
        registry.create(
            "plasticity", "rstdp", learning_rate=2e-3, tau_eligibility=100.0, tau_reward=20.0, w_max=30.0
        ),
        registry.create("plasticity", "homeostatic", target_rate=20.0, tau=100.0, interval=25.0),
        registry.create(
            "plasticity",
            "structural",
            interval=100.0,
            prune_threshold=2.0,
            growth_rate=0.05,
            initial_weight=5.0,
        ),
    ]


def rewards():
    """A reward, or a punishment, now and then."""
    rng = np.random.default_rng(4)
    return rng.choice([-1.0, 0.0, 1.0], N_STEPS, p=[0.01, 0.98, 0.01])


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


def pattern(projection):
    """Return a number for each pair that has a synapse, ascending."""
    return np.repeat(np.arange(N_SOURCE), np.diff(projection.indptr)) * N_TARGET + projection.indices


def by_hand(built, attached):
    """The order of a step, written out: scale, deliver, step, after_step of each, consolidate of each."""
    (projection,) = built.projections
    rng = np.random.default_rng(3)
    for rule in attached:
        rule.bind(projection, DT, rng)
    sent, found = np.vstack([np.zeros((DELAY, N_SOURCE)), input_spikes()]), []
    for t, reward in enumerate(rewards()):
        arriving = sent[t]
        effect = arriving.astype(float)
        for rule in attached:
            if hasattr(rule, "scale"):
                effect = effect * rule.scale(arriving)
        fired = projection.target.step_all(effect @ projection.weights.toarray())
        found += [(t * DT, int(j)) for j in np.flatnonzero(fired)]
        for rule in attached:
            if hasattr(rule, "after_step"):
                rule.after_step(arriving, fired, reward)
        for rule in attached:
            interval = getattr(rule, "consolidation_interval", None)
            if interval is not None and (t + 1) % round(interval / DT) == 0:
                rule.consolidate(interval)
    return found


@pytest.mark.parametrize("kernels", ["auto", "reference"])
def test_they_act_in_the_order_of_the_specification(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    first, second = network(), network()
    record = [SpikeRecorder("target")]
    recording = simulation(first, rules()).advance(N_STEPS * DT, modulator=rewards(), record=record)
    found = raster(recording)
    assert found == by_hand(second, rules())
    assert len(found) > 20
    (mine,), (expected,), (before,) = first.projections, second.projections, network().projections
    np.testing.assert_array_equal(pattern(mine), pattern(expected))
    np.testing.assert_allclose(mine.data, expected.data, rtol=1e-9)
    assert len(set(pattern(mine)) - set(pattern(before))) > 5


@pytest.mark.parametrize("first", [1, 3])  # within one phase: after_step, consolidate
def test_another_order_of_attachment_is_another_network(first):
    given, swapped = network(), network()
    by_hand(given, rules())
    attached = rules()
    attached[first : first + 2] = attached[first + 1], attached[first]
    by_hand(swapped, attached)
    (one,), (other,) = given.projections, swapped.projections
    same = pattern(one).tolist() == pattern(other).tolist()
    assert not (same and np.allclose(one.data, other.data, rtol=1e-9))


def test_each_of_them_matters():
    results = []
    for left_out in (None, *range(len(rules()))):
        built, attached = network(), rules()
        if left_out is not None:
            del attached[left_out]
        record = [SpikeRecorder("target")]
        results.append(
            raster(simulation(built, attached).advance(1000.0, modulator=rewards(), record=record))
        )
    assert all(result != results[0] for result in results[1:])


def test_a_resumed_simulation_goes_on_with_the_same_bits():
    whole, stopped, resumed = network(), network(), network()
    record = [SpikeRecorder("target")]
    early, late = np.split(rewards()[:1220], [620])  # between two scalings and two rewirings
    simulated = simulation(whole, rules())
    simulated.advance(310.0, modulator=early)
    expected = raster(simulated.advance(300.0, modulator=late, record=record))
    before = simulation(stopped, rules())
    before.advance(310.0, modulator=early)
    after = simulation(resumed, rules())
    resumed.load_state_dict(stopped.state_dict())
    after.load_state_dict(before.state_dict())
    assert raster(after.advance(300.0, modulator=late, record=record)) == expected
    np.testing.assert_array_equal(pattern(resumed.projections[0]), pattern(whole.projections[0]))
    np.testing.assert_array_equal(resumed.projections[0].data, whole.projections[0].data)
