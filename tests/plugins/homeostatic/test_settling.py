"""From 0.1 and 10 times the weights rates settle at the target; the documented rule goes round in circles."""

import numpy as np
import pytest

from sc_core import LIF, Input, Network, Population, Projection
from sc_plugin_homeostatic import HomeostaticPlasticity

N_INPUTS, N, TARGET, TAU = 60, 40, 10.0, 500.0
ALPHA = np.exp(-1 / 20.0)  # of a membrane with 20 ms


def projection(seed):
    """Excitation that differs ten times between neurons, some inhibition; one half begins at 0.1, the other at 10."""
    rng = np.random.default_rng(seed)
    source, target = Population("source", N_INPUTS, Input()), Population("target", N, LIF())
    weights = rng.random((N_INPUTS, N)) * np.geomspace(0.3, 3.0, N)
    weights[:, ::4] *= rng.random((N_INPUTS, N))[:, ::4] < 0.2  # a quarter of them has few inputs
    weights[-8:] *= -0.5
    weights[:-8, : N // 2] *= 0.1
    weights[:-8, N // 2 :] *= 10.0
    return Network([source, target], [Projection(source, target, weights)]).projections[0]


class Frozen:
    """Lets the weights be."""

    def bind(self, *given):
        pass

    after_step = consolidate = bind


def population_rate(spikes, bin_):
    """Hz, in bins of so many ms."""
    return spikes.reshape(-1, bin_, N).mean(axis=(1, 2)) * 1000


def run(rule, synapses, seconds, seed, every):
    """Step leaky neurons with Poisson inputs; returns spikes (n_steps, n). Weights are read every few steps."""
    rng = np.random.default_rng(seed)
    rule.bind(synapses, 1.0, rng)
    nothing, v = np.zeros(N_INPUTS), np.zeros(N)
    spikes = np.zeros((1000 * seconds, N), bool)
    for begin in range(0, len(spikes), every):
        inputs = rng.random((every, N_INPUTS)) < 0.02
        currents = (1 - ALPHA) * (inputs @ synapses.weights.toarray())
        for t in range(every):
            v = ALPHA * v + currents[t]
            fired = spikes[begin + t] = v >= 1.0
            v[fired] = 0.0
            rule.after_step(nothing, fired, 0.0)
        rule.consolidate(float(every))
    return spikes


@pytest.fixture(scope="module")
def settled():
    rule = HomeostaticPlasticity(TARGET, TAU)
    synapses = projection(1)
    start = synapses.data.copy()
    spikes = run(rule, synapses, seconds=85, seed=2, every=100)
    return start, synapses, spikes[:2000], spikes[35_000:]


def test_the_start_is_far_away(settled):
    _, _, beginning, _ = settled
    rates = beginning.mean(axis=0) * 1000
    assert (rates < 0.2 * TARGET).sum() > N // 3
    assert (rates > 3 * TARGET).sum() > N // 4


def test_rates_settle_at_the_target(settled):
    _, _, _, spikes = settled
    rates = spikes.mean(axis=0) * 1000
    assert rates.mean() == pytest.approx(TARGET, rel=0.02)
    np.testing.assert_allclose(rates, TARGET, rtol=0.1)


def test_there_is_no_limit_cycle(settled):
    """On no scale of time does the rate vary more than with the weights left alone."""
    _, synapses, _, spikes = settled
    alone = run(Frozen(), synapses, seconds=50, seed=3, every=1000)
    for bin_ in (25, 250, 1000, 5000):
        assert population_rate(spikes, bin_).std() < 1.15 * population_rate(alone, bin_).std(), bin_


def test_ratios_of_excitatory_weights_and_all_inhibition_stay(settled):
    start, synapses, _, _ = settled
    inhibitory = start < 0
    np.testing.assert_array_equal(synapses.data[inhibitory], start[inhibitory])
    ratio = np.where(inhibitory, np.nan, synapses.data / start)
    for j in range(N):
        of_neuron = ratio[synapses.indices == j]
        assert np.nanmax(of_neuron) == pytest.approx(np.nanmin(of_neuron))


def test_the_documented_rule_goes_round_in_circles():
    rule = HomeostaticPlasticity(TARGET, 1000.0, scope="population")
    synapses = projection(1)
    rates = population_rate(run(rule, synapses, seconds=12, seed=2, every=1)[6000:], 25)
    assert rates.max() > 5 * TARGET
    assert np.mean(rates == 0) > 0.5
