"""Small engines proven: what a step needs and does, from every state between two steps, so in all steps there are."""

from __future__ import annotations

import numpy as np
import pytest
from random_networks import rewarded_arrival, tagging

from sc_hardware.example_rules import pair_stdp
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLI,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.verification.engine_properties import operation_depth, prove_properties

LIF = IntegerLIF(decay_multiplier=1, decay_shift=1, threshold=3, membrane_bits=4, current_bits=4)
PAIRS = {
    "rule": pair_stdp,
    "parameters": {"weight_bits": 3, "trace_bits": 2, "trace_decay_shift": 1, "amplitude": 2},
}
FROZEN = {"weight_bits": 3}


def engine(*, onto, loop=None, delay=0):
    """Two inputs that meet at one neuron, one after the other, and perhaps a loop."""
    projections = [
        IntegerProjection(source="source", target="hidden", weights=np.array([[1], [2]]), delay=delay, **onto)
    ]
    if loop is not None:
        projections.append(
            IntegerProjection(source="hidden", target="hidden", weights=np.array([[3]]), delay=1, **loop)
        )
    network = IntegerNetwork(
        [IntegerPopulation("source", 2, IntegerInput()), IntegerPopulation("hidden", 1, LIF)], projections
    )
    return HardwareDesign.from_network(network, sends=["hidden"])


WAITING = IntegerLIF(
    decay_multiplier=1, decay_shift=1, threshold=3, membrane_bits=5, current_bits=4, refractory_steps=2
)


def two_neurons(weights, neuron, **options):
    """A row for each source, of no, one or two synapses."""
    populations = [
        IntegerPopulation("source", len(weights), IntegerInput()),
        IntegerPopulation("hidden", 2, neuron),
    ]
    projection = IntegerProjection(source="source", target="hidden", weights=np.array(weights), **options)
    return HardwareDesign.from_network(IntegerNetwork(populations, [projection]), sends=["hidden"])


def rows_of_all_lengths():
    return two_neurons([[1, 2], [0, 0], [0, 3]], LIF, delay=2, **PAIRS)


def fields_everywhere():
    return two_neurons([[1, 2], [0, 3]], WAITING, rule=tagging)


def two_rules():
    """A reward, state at synapses, a refractory time, a target that never spikes, inputs that leave."""
    silent = IntegerLI(decay_multiplier=1, decay_shift=1, membrane_bits=4, current_bits=4)
    network = IntegerNetwork(
        [
            IntegerPopulation("source", 2, IntegerInput()),
            IntegerPopulation("hidden", 1, WAITING),
            IntegerPopulation("sums", 1, silent),
        ],
        [
            IntegerProjection(source="source", target="hidden", weights=np.array([[1], [0]]), rule=tagging),
            IntegerProjection(
                source="hidden", target="hidden", weights=np.array([[1]]), rule=rewarded_arrival, delay=1
            ),
            IntegerProjection(source="hidden", target="sums", weights=np.array([[-2]]), weight_bits=3),
        ],
        outputs="sums",
    )
    return HardwareDesign.from_network(network, sends=["source", "hidden"])


def frozen_engine():
    return engine(onto=FROZEN, loop=FROZEN)


def learning_engine():
    return engine(onto=PAIRS, delay=1)


def two_learners():
    return engine(onto=PAIRS, loop=PAIRS)


BROKEN = {
    "no sum is handed on": ("synapses", "wire recurs = last_valid &", "wire recurs = 1'b0 &"),
    "the old weight is delivered": ("synapses", "delivered = steps ?", "delivered = 1'b0 ?"),
    "a synapse is written where a spike arrives": (
        "synapses",
        "weights_write_enable = valid_h & steps",
        "weights_write_enable = valid_h & steps & arrives_h",
    ),
    "the neighbour is written": (
        "synapses",
        "weights_write_address = synapse_h",
        "weights_write_address = synapse_g",
    ),
    "traces of the next row": ("synapses", "next_row_g = row_f", "next_row_g = row_state_of_row"),
    "a sweep ends early": ("synapses", "rows_done & ~((valid_f | valid_g) | valid_h)", "rows_done"),
    "a flush delivers": ("rows", "(hit & ~flushing)", "hit"),
    "rows wait for synapses": (
        "rows",
        "taken = fetched & (last_synapse | no_synapse)",
        "taken = fetched & no_synapse",
    ),
    "a word is read while it is written": (
        "neurons",
        "input_spikes_read_enable = scanning",
        "input_spikes_read_enable = 1'b1 | scanning",
    ),
    "a word beyond the last is read": (
        "neurons",
        "state_0_read_enable = scanning",
        "state_0_read_enable = 1'b1 | scanning",
    ),
    "a trace stands still": ("neurons", "learns ?\n        postsynaptic", "1'b0 ?\n        postsynaptic"),
    "a list is overwritten": ("neurons", "push ? next_place_part_part : place", "place"),
    "a list without an end": ("neurons", "write_enable = push | (", "write_enable = push & ~("),
    "a spike that came in stays": ("neurons", "input_spikes_write_data = 0", "input_spikes_write_data = 1"),
    "a spike leaves unheard": ("sender", "sent = aer_out_valid & aer_out_ready", "sent = aer_out_valid"),
    "a step is taken twice": ("sequencer", "outstanding & ~finished", "outstanding"),
    "a clear forgets a word": ("sequencer", "last_word = clear_word == 9", "last_word = clear_word == 8"),
    "done is said early": ("sequencer", "finished | (clearing & last_word)", "finished | clearing"),
    "a current stays": (
        "neurons",
        "currents_write_data = 0",
        "currents_write_data = currents_read_data",
    ),
    "a spike is lost at the start": ("ports", "aer_writes & ", "aer_writes & ~start_step & "),
}

BROKEN_WITH_FIELDS = {
    "the reward of another step": ("sequencer", "start ? reward", "phase_begins ? reward"),
    "the neighbour's membrane": (
        "neurons",
        "membranes_write_address = visited_neuron",
        "membranes_write_address = neuron",
    ),
}


def prove_operation(design, folder, **options):
    return prove_properties(
        design, folder, from_reset=False, depth=operation_depth(design), time_limit=1800, **options
    )


@pytest.mark.parametrize("mutant", [*BROKEN, *BROKEN_WITH_FIELDS])
def test_a_broken_engine_is_refuted(mutant, tmp_path):
    module, old, new = (BROKEN | BROKEN_WITH_FIELDS)[mutant]
    design = learning_engine() if mutant in BROKEN else fields_everywhere()
    assert prove_operation(design, tmp_path, changes={f"engine_{module}.v": (old, new)}) is False


def test_a_broken_engine_in_vhdl_is_refuted(tmp_path):
    changes = {"engine_synapses.vhd": ("recurs <= last_valid and", "recurs <= '0' and")}
    assert prove_operation(learning_engine(), tmp_path, language="vhdl", changes=changes) is False


SMALL = [("verilog", frozen_engine), ("verilog", learning_engine), ("vhdl", learning_engine)]


@pytest.mark.parametrize(("language", "made"), SMALL)
def test_every_operation_after_a_reset(language, made, tmp_path):
    design = made()
    reset = prove_properties(design, tmp_path, language=language, from_reset=True, depth=2, time_limit=100)
    assert reset is True
    assert prove_operation(design, tmp_path, language=language) is True


def test_a_whole_step_that_learns_and_delivers_lies_within_the_depth(tmp_path):
    both_arrive_and_it_spikes = "model_spikes_1[1:0] == 3 && model_sent != 0"
    never = f"always @* if (done && model_step && model_learns) assert (!({both_arrive_and_it_spikes}));\n"
    assert prove_operation(learning_engine(), tmp_path, further=never) is False


LARGER = [("verilog", made) for made in (two_learners, rows_of_all_lengths, fields_everywhere, two_rules)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "made"), [*LARGER, ("vhdl", frozen_engine), ("vhdl", fields_everywhere)]
)
def test_every_operation_of_larger_engines(language, made, tmp_path):
    test_every_operation_after_a_reset(language, made, tmp_path)


# Two steps, whatever is done and whenever, without the frame of the induction
FROM_RESET = 2 * step_bound(learning_engine().layout) + 4


@pytest.mark.slow
def test_two_steps_from_reset(tmp_path):
    design = learning_engine()
    assert prove_properties(design, tmp_path, from_reset=True, depth=FROM_RESET, time_limit=1800) is True


def test_two_learning_steps_lie_within_the_depth_from_reset(tmp_path):
    design = learning_engine()
    two = "reg [3:0] steps = 0; always @(posedge clk) steps <= steps + (done && model_step);\n"
    never = two + "always @* assert (steps < 2);\n"
    answer = prove_properties(
        design, tmp_path, from_reset=True, depth=FROM_RESET, time_limit=100, further=never
    )
    assert answer is False
