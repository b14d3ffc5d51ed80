"""Rules as plasticities: in a simulation, through rewiring and checkpoints, and against one lane per synapse."""

from __future__ import annotations

import numpy as np
import pytest

from sc_core import LIF, Input, Network, Population, Projection, Simulation
from sc_core.contracts import Plasticity
from sc_core.errors import CheckpointError, ConfigurationError
from sc_hardware.example_rules import homeostatic_threshold, pair_stdp
from sc_hardware.rules import (
    Bit,
    Parameter,
    Postsynaptic,
    Presynaptic,
    RuleError,
    Signed,
    Unsigned,
    rule,
    saturate,
    select,
)
from sc_hardware.rules.plasticity import plasticity


@rule(
    state={"weight": Unsigned("bits"), "tag": Signed(5), "trace": Presynaptic(Unsigned(4))},
    inputs={"source": Presynaptic(Bit), "target": Postsynaptic(Bit), "reward": Signed(4)},
    parameters={"bits": Parameter(2, 31, default=8)},
)
def tagged(state, inputs, params):
    """Tags pairs, and rewards tags."""
    paired = select(inputs.target, state.trace, 0)
    return state.replace(
        weight=saturate(state.weight + state.tag * inputs.reward, Unsigned(params.bits)),
        tag=saturate(state.tag - (state.tag >> 1) + paired, Signed(5)),
        trace=select(inputs.source, 15, state.trace >> 1),
    )


Tagged = plasticity(tagged)


def built(weights, dtype=np.float64):
    source, target = Population("source", len(weights), Input()), Population("target", len(weights[0]), LIF())
    return Projection(source, target, np.array(weights, dtype))


def bound(weights=((3.0, 0.0, 7.0), (0.0, 2.0, 255.0)), **options):
    projection, learner = built(weights), Tagged(**options)
    learner.bind(projection, 1.0, np.random.default_rng(0))
    return projection, learner


def spikes(n_steps, seed=0):
    rng = np.random.default_rng(seed)
    return (
        (rng.random((n_steps, 2)) < 0.4) * 1.0,
        (rng.random((n_steps, 3)) < 0.4) * 1.0,
        rng.normal(0, 5, n_steps),
    )


def test_each_synapse_is_a_lane():
    projection, learner = bound(weight_unit=0.5, modulator_unit=2.0, bits=9)
    assert isinstance(learner, Plasticity)
    rows, columns = np.nonzero([[1, 0, 1], [0, 1, 1]])
    lanes = [{"weight": int(w * 2), "tag": 0, "trace": 0} for w in projection.data]
    for pre, post, modulator in zip(*spikes(60), strict=True):
        learner.after_step(pre, post, modulator)
        reward = min(max(round(modulator / 2.0), -8), 7)
        for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
            inputs = {"source": bool(pre[i]), "target": bool(post[j]), "reward": reward}
            lanes[k] = tagged.step(lanes[k], inputs, {"bits": 9})
        assert [lane["weight"] * 0.5 for lane in lanes] == projection.data.tolist()
    assert [lane["tag"] for lane in lanes] == learner.state_dict()["tag"].tolist()
    assert len({lane["weight"] for lane in lanes}) > 1


def test_a_neuron_without_synapses_has_its_trace():
    _, learner = bound(((0.0, 0.0, 0.0), (0.0, 2.0, 0.0)))
    learner.after_step(np.array([1.0, 0.0]), np.zeros(3), 0.0)
    assert learner.state_dict()["trace"].tolist() == [15, 0]


def test_a_resumed_rule_goes_on_bit_for_bit():
    projection, learner = bound()
    for step in zip(*spikes(20), strict=True):
        learner.after_step(*step)
    saved = {name: np.array(values) for name, values in learner.state_dict().items()}
    resumed, other = bound()
    resumed.data[...] = projection.data
    other.load_state_dict(saved)
    for step in zip(*spikes(20, seed=1), strict=True):
        learner.after_step(*step)
        other.after_step(*step)
    assert projection.data.tolist() == resumed.data.tolist()
    with pytest.raises(CheckpointError, match="no state of tagged"):
        other.load_state_dict({"tag": saved["tag"]})


def test_rewiring_carries_tags_and_traces_along():
    projection, learner = bound()
    for step in zip(*spikes(15), strict=True):
        learner.after_step(*step)
    tags, traces = learner.state_dict()["tag"].tolist(), learner.state_dict()["trace"].tolist()
    weights = projection.data.tolist()
    projection.rewire(prune=[1], grow=([1], [0], [9.0]))
    learner.after_step(np.zeros(2), np.zeros(3), 0.0)
    after = learner.state_dict()
    kept = [tags[0], 0, tags[2], tags[3]]
    assert after["tag"].tolist() == [tag - (tag >> 1) for tag in kept]
    assert after["trace"].tolist() == [trace >> 1 for trace in traces]
    assert projection.data.tolist() == [weights[0], 9.0, weights[2], weights[3]]


def test_weights_that_others_change_are_taken_up():
    projection, learner = bound()
    projection.data[0] = 100.0
    learner.after_step(np.zeros(2), np.zeros(3), 0.0)
    assert projection.data[0] == 100.0


@pytest.mark.parametrize(
    ("weights", "dtype", "options", "said"),
    [
        ([[-1.0]], np.float64, {}, "must be from 0 to 255 units"),
        ([[256.0]], np.float64, {}, "got 256.0 at synapse 0"),
        ([[1.0]], np.float32, {"bits": 24}, "24 bits do not fit the projection's float32"),
    ],
)
def test_weights_that_are_none_of_the_rule(weights, dtype, options, said):
    with pytest.raises(ConfigurationError, match=said):
        Tagged(**options).bind(built(weights, dtype), 1.0, np.random.default_rng(0))


@pytest.mark.parametrize(
    "options", [{"bits": 1}, {"bits": 32}, {"bits": 8.0}, {"bits": True}, {"weight_unit": 0}, {"size": 3}]
)
def test_options(options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Tagged(**options)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"spike": Bit}, "a plasticity gets spikes"),
        ({"level": Presynaptic(Signed(3))}, "a plasticity gets spikes"),
        ({"one": Signed(3), "two": Signed(3)}, "several shared inputs"),
    ],
)
def test_inputs_that_a_simulation_does_not_have(inputs, said):
    @rule(state={"weight": Signed(9)}, inputs=inputs)
    def odd(state, inputs_, params):
        total = state.weight
        for name in inputs:
            value = getattr(inputs_, name)
            total = total + (select(value, 1, 0) if inputs[name] is Bit else value)
        return state.replace(weight=saturate(total, Signed(9)))

    with pytest.raises(RuleError, match=said):
        plasticity(odd)


def test_in_a_simulation_with_a_threshold_of_the_neurons():
    source, target = Population("source", 30, Input()), Population("target", 3, LIF())
    rng = np.random.default_rng(0)
    projection = Projection(source, target, rng.integers(1, 4000, (30, 3)) / 4096)
    network = Network([source, target], [projection])
    learners = [plasticity(pair_stdp)(weight_unit=1 / 4096), plasticity(homeostatic_threshold)()]
    before = projection.data.copy()
    stimulus = (rng.random((300, 30)) < 0.1) * 1.0
    Simulation(network, {"source->target": learners}, rng, stimuli={"source": stimulus}).advance(300.0)
    assert np.any(projection.data != before)
    np.testing.assert_array_equal(projection.data * 4096, np.rint(projection.data * 4096))
    assert learners[1].state_dict()["threshold"].max() > 0
