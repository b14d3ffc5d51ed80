"""The rule against the documented steps: on ints, arrays and solver terms, for tiny and extreme configurations."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import z3

import sc_native
from sc_hardware.rules.compiled import CompiledRule
from sc_plugin_online_o1.rules import PARAMETERS, reward_modulated_stdp

sys.path.insert(0, str(Path(__file__).parent))
from documented_rule import next_state

FIELDS = ("weight", "pre_trace", "post_trace", "eligibility")
INPUTS = ("pre_spike", "post_spike", "reward")
CORNERS = [
    dict(zip(PARAMETERS, corner, strict=True))
    for corner in itertools.product(*((p.low, p.high) for p in PARAMETERS.values()))
]


def config(*values):
    return dict(zip(PARAMETERS, values, strict=True))


def stepped(state, inputs, parameters):
    after = reward_modulated_stdp.step(
        dict(zip(FIELDS, state, strict=True)), dict(zip(INPUTS, inputs, strict=True)), parameters
    )
    return tuple(after[name] for name in FIELDS)


def run(steps, parameters):
    state, history = (0, 0, 0, 0), []
    for pre, post, reward in steps:
        state = stepped(state, (bool(pre), bool(post), reward), parameters)
        history.append(state)
    return history


def test_documented_weights_of_repeated_pairings():
    history = run([(1, 0, 0), (0, 1, 7)] * 4, config(8, 6, 4, 3, 2))
    assert [state[0] for state in history[1::2]] == [27, 54, 81, 108]


def test_documented_end_at_the_default():
    weight, _, _, eligibility = run([(1, 0, 0), (0, 1, 0), (0, 1, 100)], {})[-1]
    assert (eligibility, weight) == (2047, 12793)


def test_negative_eligibility_decays_towards_zero():
    assert stepped((0, 0, 0, -2048), (False, False, 0), {})[3] == -1920


def extreme_states(rng, parameters, n):
    """Random states and inputs, each value an extreme or near one half of the time."""
    types = {
        field.name: field.type for field in (*reward_modulated_stdp.state, *reward_modulated_stdp.inputs)
    }
    rows = []
    for _ in range(n):
        row = []
        for name in (*FIELDS, *INPUTS):
            low, high = types[name].range(parameters)
            near = [low, high, min(low + 1, high), max(high - 1, low), min(max(0, low), high), max(-1, low)]
            value = int(rng.choice(near) if rng.random() < 0.5 else rng.integers(low, high + 1))
            row.append(bool(value) if types[name].is_bit else value)
        rows.append((tuple(row[:4]), tuple(row[4:])))
    return rows


@pytest.mark.parametrize("parameters", CORNERS, ids=lambda p: "/".join(map(str, p.values())))
def test_ints_and_arrays_at_the_corners_of_the_ranges(parameters):
    rows = extreme_states(np.random.default_rng(1), parameters, 60)
    expected = [next_state(state, inputs, parameters) for state, inputs in rows]
    assert [stepped(state, inputs, parameters) for state, inputs in rows] == expected
    state = [np.array(column) for column in zip(*(s for s, _ in rows), strict=True)]
    inputs = [np.array(column) for column in zip(*(i for _, i in rows), strict=True)]
    got = np.stack(stepped(state, inputs, parameters), axis=1)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, np.array(expected))


def every_step(parameters):
    """All states and inputs of a configuration, as columns."""
    fields = (*reward_modulated_stdp.state, *reward_modulated_stdp.inputs)
    ranges = [field.type.range(parameters) for field in fields]
    columns = np.meshgrid(*(np.arange(low, high + 1) for low, high in ranges), indexing="ij")
    columns = [column.ravel() for column in columns]
    return columns[:4], [columns[4].astype(bool), columns[5].astype(bool), columns[6]]


@pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
@pytest.mark.parametrize("parameters", CORNERS, ids=lambda p: "/".join(map(str, p.values())))
def test_c_at_the_corners_of_the_ranges(parameters):
    from sc_native.online_o1 import lanes

    rows = extreme_states(np.random.default_rng(7), parameters, 200)
    state = {
        name: np.array(column)
        for name, column in zip(FIELDS, zip(*(s for s, _ in rows), strict=True), strict=True)
    }
    inputs = {
        name: np.array([column])
        for name, column in zip(INPUTS, zip(*(i for _, i in rows), strict=True), strict=True)
    }
    CompiledRule(reward_modulated_stdp, lanes).run(state, inputs, parameters)
    expected = np.array([next_state(state, inputs, parameters) for state, inputs in rows])
    np.testing.assert_array_equal(np.stack([state[name] for name in FIELDS], axis=1), expected)


@pytest.mark.skipif(not sc_native.available, reason="needs the compiled kernels")
def test_c_for_all_65536_states_and_inputs_of_a_small_configuration():
    from sc_native.online_o1 import lanes

    parameters = config(3, 3, 2, 1, 1)
    columns, signals = every_step(parameters)
    rows = list(zip(*(column.tolist() for column in (*columns, *signals)), strict=True))
    assert len(rows) == 65536
    state = dict(zip(FIELDS, (column.copy() for column in columns), strict=True))
    inputs = {name: column[np.newaxis] for name, column in zip(INPUTS, signals, strict=True)}
    CompiledRule(reward_modulated_stdp, lanes).run(state, inputs, parameters)
    expected = np.array([next_state(row[:4], row[4:], parameters) for row in rows])
    np.testing.assert_array_equal(np.stack([state[name] for name in FIELDS], axis=1), expected)


@pytest.mark.parametrize("shifts", list(itertools.product((0, 1, 3), (0, 1, 2, 5))), ids=str)
def test_every_state_and_input_of_a_tiny_configuration(shifts):
    parameters = config(2, 2, 2, *shifts)
    state, inputs = every_step(parameters)
    got = np.stack(stepped(state, inputs, parameters), axis=1)
    rows = zip(*(column.tolist() for column in (*state, *inputs)), strict=True)
    expected = [next_state(row[:4], row[4:], parameters) for row in rows]
    np.testing.assert_array_equal(got, np.array(expected))


@pytest.mark.parametrize(
    "parameters", [config(8, 6, 4, 3, 2), config(31, 30, 30, 30, 30), config(1, 2, 1, 0, 0)], ids=str
)
def test_solver_terms(parameters):
    """Each concrete step, put into the terms, gives the documented result."""
    state, inputs = reward_modulated_stdp.solver_inputs(parameters)
    after = reward_modulated_stdp.step(state, inputs, parameters)
    for values in extreme_states(np.random.default_rng(2), parameters, 40):
        given = dict(zip((*FIELDS, *INPUTS), (*values[0], *values[1]), strict=True))
        bind = []
        for name, term in {**state, **inputs}.items():
            value = given[name]
            bind.append((term, z3.BoolVal(value) if z3.is_bool(term) else z3.BitVecVal(value, term.size())))
        expected = next_state(*values, parameters)
        for name, number in zip(FIELDS, expected, strict=True):
            result = z3.simplify(z3.substitute(after[name], *bind))
            got = result.as_signed_long() if name == "eligibility" else result.as_long()
            assert got == number, (name, given)


def test_no_node_of_the_graph_can_need_more_than_61_bits():
    assert reward_modulated_stdp.graph.signed_bits == 61


def test_the_graph_is_cut_at_its_multiplier():
    first, second = reward_modulated_stdp.graph.blocks
    assert {node.name for node in first.outputs} == {"next_pre_trace", "next_post_trace", "next_eligibility"}
    assert {node.name for node in second.inputs} == {"weight", "reward", "next_eligibility"}
    assert [node.operation for node in first.nodes].count("multiply") == 0
    assert {node.name for node in second.outputs} == {"next_weight"}
