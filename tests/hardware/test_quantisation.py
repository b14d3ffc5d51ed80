"""specs/integer-network.md, eq. 6: from a network in floating point to one in whole numbers."""

import numpy as np
import pytest

from sc_core import ALIF, LI, LIF, Input, Network, Population, Projection
from sc_core.errors import ConfigurationError
from sc_core.simulation import simulate
from sc_hardware.integer_network import IntegerSimulation
from sc_hardware.quantisation import Quantisation, quantise


def _network(rng, **lif):
    source = Population("source", 30, Input())
    hidden = Population("hidden", 40, LIF(tau=10.0, v_leak=0.25, v_threshold=1.5, v_reset=0.5, **lif))
    readout = Population("readout", 4, LI(tau=20.0))
    weights = rng.normal(0.8, 1.2, (30, 40))
    weights[rng.random((30, 40)) < 0.5] = 0.0
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, weights),
            Projection(hidden, hidden, rng.normal(0.0, 1.0, (40, 40)), delay=2),
            Projection(hidden, readout, rng.normal(0.0, 1.0, (40, 4))),
        ],
    )


@pytest.mark.parametrize("options", [{}, {"reset": "to_value"}, {"refractory_steps": 2}])
def test_wide_integers_spike_as_floating_point_does(options):
    rng = np.random.default_rng(4)
    network = _network(rng, **options)
    spikes = (rng.random((200, 30)) < 0.2).astype(np.uint8)
    wide = Quantisation(weight_bits=16, membrane_bits=32, current_bits=32, decay_bits=16)
    integers = quantise(network, wide)
    outputs = IntegerSimulation(integers).run(spikes)
    expected = simulate(network, spikes)
    assert expected["hidden"].mean() > 0.02
    agree = outputs["hidden"] == expected["hidden"]
    first_difference = len(agree) if agree.all() else int(np.argmin(agree.all(axis=1)))
    assert agree.mean() > 0.99
    assert first_difference > 20


def test_narrower_weights_are_further_away():
    rng = np.random.default_rng(4)
    network = _network(rng)
    spikes = (rng.random((200, 30)) < 0.2).astype(np.uint8)
    expected = simulate(network, spikes)["hidden"]
    errors = []
    for bits in (3, 6, 12):
        integers = quantise(network, Quantisation(weight_bits=bits, membrane_bits=24, decay_bits=16))
        errors.append(np.mean(IntegerSimulation(integers).run(spikes)["hidden"] != expected))
    assert errors[0] > errors[1] > errors[2]


def test_every_number_follows_equation_6():
    rng = np.random.default_rng(1)
    network = _network(rng)
    integers = quantise(network, Quantisation(weight_bits=8, clip=0.5))
    gain = 1 - np.exp(-1 / 10)
    onto_hidden = network.projections[:2]
    largest = max(np.abs(p.data).max() for p in onto_hidden)
    scale = 127 / (0.5 * largest * gain)
    for projection in onto_hidden:
        expected = np.clip(np.rint(scale * gain * projection.data), -128, 127)
        np.testing.assert_array_equal(integers.projections[projection.name].data, expected)
    neuron = integers.populations["hidden"].neuron
    assert neuron.threshold == round(scale * 1.25)
    assert neuron.reset_value == round(scale * 0.25)
    assert (neuron.decay_multiplier, neuron.decay_shift) == (round(gain * 256), 8)
    power = quantise(network, Quantisation(decay="power_of_two")).populations
    assert (power["hidden"].neuron.decay_multiplier, power["hidden"].neuron.decay_shift) == (1, 3)
    assert power["readout"].neuron.decay_shift == 4


def test_what_has_no_integer_form_is_refused_by_name():
    source = Population("source", 2, Input())

    def network(neuron, weights=((1.0,), (2.0,))):
        target = Population("target", 1 if len(weights[0]) == 1 else 2, neuron)
        return Network([source, target], [Projection(source, target, np.array(weights))])

    with pytest.raises(ConfigurationError, match=r"'target'.*ALIF has no integer form; LIF and LI have"):
        quantise(network(ALIF()))
    with pytest.raises(ConfigurationError, match=r"'target'\]\.tau: differs from neuron to neuron"):
        quantise(network(LIF(tau=(5.0, 6.0)), weights=((1.0, 2.0), (2.0, 1.0))))
    with pytest.raises(ConfigurationError, match="does not fit membrane_bits = 8; 12 would do"):
        quantise(network(LIF(tau=20.0)), Quantisation(membrane_bits=8))
    with pytest.raises(ConfigurationError, match="hardware takes spikes, not currents"):
        quantise(Network([Population("only", 1, LIF())], []))
    alone = Network([source, Population("target", 1, LIF())], [])
    with pytest.raises(ConfigurationError, match=r"'target'.*every weight onto it is 0"):
        quantise(alone)
