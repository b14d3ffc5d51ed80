"""specs/reward.md: which rewards samples bring, and what rules are told."""

import numpy as np
import pytest

from sc_core import LIF, Batch, Input, Network, Population, Projection, Simulation
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_core.simulation import RewardedSteps, learn_answers


class Listener:
    """A rule that writes down what it is told."""

    def __init__(self):
        self.told = []

    def bind(self, projection, dt, rng):
        pass

    def after_step(self, pre, post, modulator):
        self.told.append((pre.tolist(), post.tolist(), modulator))

    def state_dict(self):
        return {"told": len(self.told)}

    def load_state_dict(self, state):
        self.told = [None] * state["told"]


def network(delay=0, **options):
    source, target = Population("source", 2, Input()), Population("target", 2, LIF(tau=2.0))
    projection = Projection(source, target, 3.0 * np.eye(2), delay=delay, **options)
    return Network([source, target], [projection])


def batch():
    """Samples 0 and 1 drive neurons 0 and 1, sample 2 both, sample 3 none."""
    inputs = np.zeros((6, 4, 2))
    inputs[::2, 0, 0] = inputs[::2, 1, 1] = inputs[::2, 2] = 1.0
    return Batch(inputs, np.array([0, 0, 1, 0]))


@pytest.mark.parametrize("delay", [0, 2])
def test_the_last_step_of_a_right_answer_is_rewarded(delay):
    built, rule = network(delay), Listener()
    steps = RewardedSteps(built, lambda projection: rule)
    metrics = learn_answers(built, steps, batch())
    assert metrics == {"accuracy": 0.5, "reward": 0.0}
    rewards = np.array([modulator for _, _, modulator in rule.told]).reshape(4, 6)
    assert rewards[:, :-1].tolist() == [[0.0] * 5] * 4
    # The first of equals answers: neuron 0, also where none spikes.
    assert rewards[:, -1].tolist() == [1.0, -1.0, -1.0, 1.0]


@pytest.mark.parametrize("delay", [0, 1, 2])
def test_rules_are_told_what_a_simulation_tells_them(delay):
    built, other, rule, expected = network(delay), network(delay), Listener(), Listener()
    learn_answers(built, RewardedSteps(built, lambda projection: rule), batch())
    simulation = Simulation(other, {"source->target": expected}, np.random.default_rng(0))
    for sample, last in enumerate((1.0, -1.0, -1.0, 1.0)):
        simulation.run(batch().inputs[:, sample], modulator=np.array([0.0] * 5 + [last]))
    assert rule.told == expected.told
    assert any(sum(pre) and sum(post) for pre, post, _ in rule.told)


def test_spikes_under_way_are_kept_unless_they_are_dropped():
    built = network(delay=3)
    source, target = built.populations

    def told(forgets, resumes):
        rule = Listener()
        steps = RewardedSteps(built, lambda projection: rule)
        for t in range(6):
            source.step_all(np.full(2, float(t == 1)))
            target.step_all(np.zeros(2))
            steps.step(0.0)
            if t == 2 and forgets:
                steps.forget()
            if t == 2 and resumes:
                saved, rule = steps.state_dict(), Listener()
                steps = RewardedSteps(built, lambda projection, rule=rule: rule)
                steps.load_state_dict(saved)
        return [entry and entry[0] for entry in rule.told]

    assert told(False, False) == [[0, 0]] * 4 + [[1, 1], [0, 0]]
    assert told(False, True)[3:] == [[0, 0], [1, 1], [0, 0]]
    assert told(True, False) == [[0, 0]] * 6


def test_projections_without_a_rule_are_left_alone():
    built = network(trainable=False)
    steps = RewardedSteps(built, lambda projection: Listener() if projection.trainable else None)
    assert steps.rules == []
    assert learn_answers(built, steps, batch())["accuracy"] == 0.5
    with pytest.raises(CheckpointError, match="of 1 projections that learn, this network has 0"):
        steps.load_state_dict(RewardedSteps(built, lambda projection: Listener()).state_dict())


def test_bad_input_is_refused():
    built = network()
    steps = RewardedSteps(built, lambda projection: Listener())
    with pytest.raises(ConfigurationError, match="labels"):
        learn_answers(built, steps, Batch(batch().inputs, np.zeros((6, 4, 2))))
    with pytest.raises(ConfigurationError, match=r"source\.spikes: must be 0 or 1, neuron 0 has 0\.5"):
        learn_answers(built, steps, Batch(batch().inputs / 2, batch().targets))
    with pytest.raises(ShapeError):
        learn_answers(built, steps, Batch(np.zeros((6, 4, 3)), batch().targets))
    with pytest.raises(ConfigurationError, match="reward: must be finite"):
        steps.step(np.nan)
    with pytest.raises(ConfigurationError, match="spike_source"):
        RewardedSteps(built, lambda projection: None, spike_source="x")
