"""Bounded model checking of small engines: no spike lost or doubled, no stale sum, an end within the bound."""

from __future__ import annotations

import numpy as np
import pytest

from sc_hardware.example_rules import pair_stdp
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.verification.engine_properties import prove_properties

LIF = IntegerLIF(decay_multiplier=1, decay_shift=1, threshold=3, membrane_bits=4, current_bits=4)
TINY = {"weight_bits": 3, "trace_bits": 2, "trace_decay_shift": 1, "amplitude": 2}
SECOND_STEP_ENDS = "always @* if (rst_n) assert (steps < 2);\n"


def small(rule=None):
    """Two inputs that meet at one neuron, one after the other, and a loop."""
    learning = {"rule": rule, "parameters": TINY} if rule else {"weight_bits": 3}
    network = IntegerNetwork(
        [IntegerPopulation("source", 2, IntegerInput()), IntegerPopulation("hidden", 1, LIF)],
        [
            IntegerProjection(source="source", target="hidden", weights=np.array([[1], [2]]), **learning),
            IntegerProjection(
                source="hidden", target="hidden", weights=np.array([[-3]]), weight_bits=3, delay=1
            ),
        ],
    )
    return HardwareDesign.from_network(network, sends=["hidden"])


MUTANTS = {
    "no sum is handed on": ("engine_synapses.v", "wire recurs = last_valid &", "wire recurs = 1'b0 &"),
    "a list is overwritten": ("engine_neurons.v", "push ? next_place_part_part : place", "place"),
    "a list without an end": ("engine_neurons.v", "write_enable = push | (", "write_enable = push & ~("),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_engine_is_refuted(mutant, tmp_path):
    file, old, new = MUTANTS[mutant]
    assert prove_properties(small(), tmp_path, depth=62, time_limit=60, changes={file: (old, new)}) is False


def test_two_whole_steps_lie_within_the_depth(tmp_path):
    assert prove_properties(small(), tmp_path, depth=62, time_limit=60, further=SECOND_STEP_ENDS) is False


def test_one_step_of_a_frozen_engine(tmp_path):
    design = small()
    assert step_bound(design.layout) < 38
    assert prove_properties(design, tmp_path, depth=38, time_limit=100) is True


@pytest.mark.slow
def test_two_steps_of_a_frozen_engine(tmp_path):
    design = small()
    depth = 2 * step_bound(design.layout) + 2
    assert prove_properties(design, tmp_path, depth=depth, time_limit=1800) is True


@pytest.mark.slow
def test_steps_of_a_learning_engine(tmp_path):
    assert prove_properties(small(pair_stdp), tmp_path, depth=40, time_limit=1800) is True
