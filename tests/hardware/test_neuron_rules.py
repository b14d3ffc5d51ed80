"""The engine's neurons, as rules, are those of integer-network at every combination of constants."""

import numpy as np
import pytest

from sc_hardware.integer_network import IntegerLI, IntegerLIF
from sc_hardware.projection_engine.neuron_rules import neuron_rule

SUM_BITS = 24


def random_leak(rng):
    shift = int(rng.integers(0, 17))
    return {
        "decay_shift": shift,
        "decay_multiplier": int(rng.integers(0, min(1 << shift, 2**16 - 1) + 1)),
        "membrane_bits": int(rng.integers(4, 33)),
        "current_bits": int(rng.integers(4, 33)),
    }


def extremes(rng, bits, n):
    """Return signed numbers, the ends of the range and those around 0 among them."""
    values = rng.integers(-(1 << bits - 1), 1 << bits - 1, n)
    values[:4] = -(1 << bits - 1), (1 << bits - 1) - 1, 0, -1
    return rng.permutation(values)


@pytest.mark.parametrize("seed", range(40))
def test_leaky_integrators(seed):
    rng = np.random.default_rng(seed)
    neuron = IntegerLI(**random_leak(rng))
    rule, parameters = neuron_rule(neuron, SUM_BITS)
    membrane, total = extremes(rng, neuron.membrane_bits, 500), extremes(rng, SUM_BITS, 500)
    found = rule.step({"membrane": membrane}, {"total": total}, parameters)
    np.testing.assert_array_equal(found["membrane"], neuron.integrate(membrane, total))


@pytest.mark.parametrize("seed", range(80))
def test_leaky_integrate_and_fire_neurons(seed):
    rng = np.random.default_rng(seed)
    leak = random_leak(rng)
    highest = (1 << leak["membrane_bits"] - 1) - 1
    threshold = int(rng.integers(1, highest, endpoint=True))
    neuron = IntegerLIF(
        **leak,
        threshold=threshold,
        reset=["subtract", "to_value"][seed % 2],
        reset_value=int(rng.integers(-highest, threshold)),
        refractory_steps=int(rng.choice([0, 1, 7, 255])),
    )
    rule, parameters = neuron_rule(neuron, SUM_BITS)
    membrane, total = extremes(rng, neuron.membrane_bits, 500), extremes(rng, SUM_BITS, 500)
    refractory = rng.integers(0, neuron.refractory_steps + 1, 500) * (rng.random(500) < 0.5)
    state = {"membrane": membrane, "refractory": refractory, "spike": np.zeros(500, bool)}
    found = rule.step(state, {"total": total}, parameters)
    held = refractory > 0
    integrated = np.where(held, membrane, neuron.integrate(membrane, total))
    spikes, following = neuron.fire(integrated, held)
    np.testing.assert_array_equal(found["spike"], spikes)
    np.testing.assert_array_equal(found["membrane"], following)
    waiting = np.where(spikes, neuron.refractory_steps, refractory - held)
    np.testing.assert_array_equal(found["refractory"], waiting)
