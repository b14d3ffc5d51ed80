"""specs/projection-engine.md: where everything lies in an engine's memories, and what is refused by name."""

import numpy as np
import pytest
import scipy.sparse

from sc_core.errors import ConfigurationError
from sc_hardware.example_rules import pair_stdp
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLI,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.projection_engine import HardwareDesign, unpacked
from sc_hardware.rules import Bit, Unsigned, rule, saturate, select

LIF = IntegerLIF(decay_multiplier=1, decay_shift=3, threshold=90, refractory_steps=2)
STDP = {"weight_bits": 9, "trace_bits": 6}


def network(**changes):
    rng = np.random.default_rng(1)

    def weights(shape):
        return scipy.sparse.csr_array(rng.integers(1, 100, shape) * (rng.random(shape) < 0.6))

    hidden = {"source": "pixels", "target": "hidden", "weights": weights((5, 4))} | changes
    return IntegerNetwork(
        [
            IntegerPopulation("pixels", 5, IntegerInput()),
            IntegerPopulation("hidden", 4, LIF),
            IntegerPopulation("digit", 3, IntegerLI(decay_multiplier=1, decay_shift=3)),
        ],
        [
            IntegerProjection(**hidden),
            IntegerProjection(
                source="hidden",
                target="hidden",
                weights=weights((4, 4)),
                delay=2,
                rule=pair_stdp,
                parameters=STDP,
            ),
            IntegerProjection(source="hidden", target="digit", weights=-weights((4, 3))),
        ],
        outputs="hidden",
    )


def test_images_are_the_rows_of_every_projection_learning_ones_first():
    design = HardwareDesign.from_network(network())
    images = design.images()
    first = 0
    names = ["hidden->hidden", "pixels->hidden", "hidden->digit"]
    assert [p.name for p in design.layout.projections] == names
    for p in design.layout.projections:
        expected = p.projection.weights.toarray()
        for i in range(p.n_rows):
            row = unpacked(design.memory("rows").fields, images["rows"][p.row_base + i])
            assert row["start"] == first
            found = np.zeros(expected.shape[1], int)
            for k in range(first, first + row["count"]):
                weight = unpacked(design.memory("weights").fields, images["weights"][k])["weight"]
                found[images["columns"][k]] = weight
            np.testing.assert_array_equal(found, expected[i])
            first += row["count"]
    assert first == design.memory("weights").words == design.memory("columns").words
    assert set(images["events"]) == {7}  # no spikes: every word ends a list; 5 rows need 3 bits
    assert set(images["row_state"]) == set(images["currents"]) == set(images["membranes"]) == {0}


def test_widths_follow_from_the_network():
    design = HardwareDesign.from_network(network())
    bits = {memory.name: memory.bits for memory in design.memories}
    assert bits["weights"] == 10  # 9 bits without a sign
    assert bits["membranes"] == 16 + 2  # refractory counts to 2
    assert bits["row_state"] == bits["column_state_0"] == 1 + 6
    assert "synapse_state" not in bits  # pair_stdp has nothing but the weight at a synapse
    fan_in = [np.bincount(p.projection.indices, minlength=4) for p in design.layout.projections[:2]]
    highest = (511 * fan_in[0] + 127 * fan_in[1]).max()
    lowest = (-128 * fan_in[1]).min()
    assert -(1 << bits["currents"] - 1) <= lowest
    assert highest < 1 << bits["currents"] - 1 <= 2 * highest
    assert design.memory("events").words == 3 * (5 + 1 + 4 + 1)


def test_every_word_has_its_own_address_at_the_host_port():
    design = HardwareDesign.from_network(network())
    addresses = [design.host_address(m.name, word) for m in design.memories for word in range(m.words)]
    assert len(set(addresses)) == len(addresses)
    assert max(addresses) < 1 << design.host_address_bits
    with pytest.raises(IndexError, match="rows has 13 words, not word 13"):
        design.host_address("rows", 13)


def test_phases_follow_the_order_of_a_step():
    phases = HardwareDesign.from_network(network()).layout.phases
    assert [(phase.comment, phase.in_flush) for phase in phases] == [
        ("input pixels", False),
        ("frozen sweep pixels to hidden", False),
        ("learning sweep hidden to hidden", True),
        ("neurons hidden", True),
        ("send hidden", False),
        ("frozen sweep hidden to digit", False),
        ("neurons digit", False),
    ]


@rule(state={"weight": Unsigned(4)}, inputs={"pre_spike": Bit})
def unlocated(state, inputs, params):
    """A spike that is not said to be the presynaptic neuron's."""
    raised = state.weight + select(inputs.pre_spike, 1, 0)
    return state.replace(weight=saturate(raised, Unsigned(4)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: HardwareDesign.from_network(network(), name="2nd"),
            "module_name: '2nd' is no name in Verilog",
        ),
        (
            lambda: HardwareDesign.from_network(network(), sends=["digit"]),
            "sends: 'digit' is no population that spikes",
        ),
        (
            lambda: HardwareDesign.from_network(network(rule=unlocated, weights=np.eye(5, 4, dtype=int))),
            r"unlocated: the engine gives pre_spike as Presynaptic\(Bit\)",
        ),
        (lambda: network(delay=64), "delay: must be from 0 to 63 steps"),
        (lambda: HardwareDesign.from_network("network"), "network: must be an IntegerNetwork, got str"),
        (lambda: _named("a b"), "'a b' is no name in Verilog"),
        (lambda: _named("Pixels"), "differ only by case"),
        (lambda: _named("signal"), "'signal' is a reserved word of VHDL-2008"),
        (lambda: _wide(), r"projections\['pixels->wide'\]: neuron 1 has a fan-out of 65536"),
    ],
)
def test_what_no_engine_holds_is_refused_by_name(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def _named(name):
    populations = [IntegerPopulation("pixels", 2, IntegerInput()), IntegerPopulation(name, 1, LIF)]
    return HardwareDesign.from_network(IntegerNetwork(populations, []))


def _wide():
    weights = scipy.sparse.csr_array(np.vstack([np.zeros(65536, int), np.ones(65536, int)]))
    populations = [IntegerPopulation("pixels", 2, IntegerInput()), IntegerPopulation("wide", 65536, LIF)]
    projections = [IntegerProjection(source="pixels", target="wide", weights=weights)]
    return HardwareDesign.from_network(IntegerNetwork(populations, projections))
