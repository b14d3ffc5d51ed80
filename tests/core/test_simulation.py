"""Stepping with live plasticities: the order of the phases, delays, intervals, randomness, saved state."""

import numpy as np
import pytest

from sc_core import LI, LIF, Input, Network, Population, Projection, Simulation
from sc_core.contracts import Plasticity
from sc_core.errors import ConfigurationError


class Recorder:
    """Writes down every call."""

    consolidation_interval = 3.0

    def __init__(self):
        self.calls = []

    def bind(self, projection, dt, rng):
        self.projection, self.dt, self.rng = projection, dt, rng

    def scale(self, pre):
        self.calls.append(("scale", pre.tolist()))
        return np.full_like(pre, 0.5)

    def after_step(self, pre, post, modulator):
        self.calls.append(("after_step", pre.tolist(), post.tolist(), modulator))

    def consolidate(self, elapsed):
        self.calls.append(("consolidate", elapsed))

    def state_dict(self):
        return {"calls": len(self.calls)}

    def load_state_dict(self, state):
        self.loaded = state


def pair(delay=0, weight=25.0, target=None):
    source, target = Population("in", 1, Input()), Population("out", 1, target or LIF())
    return Network([source, target], [Projection(source, target, [[weight]], delay=delay)])


def test_the_phases_come_in_the_order_of_the_contract():
    rule = Recorder()
    assert isinstance(rule, Plasticity)
    Simulation(pair(), {"in->out": rule}, np.random.default_rng(0)).run(
        [[1.0], [0.0], [0.0]], [0.1, 0.2, 0.3]
    )
    assert rule.calls == [
        ("scale", [1.0]),
        ("after_step", [1.0], [0.0], 0.1),  # half of 25 does not reach the threshold
        ("scale", [0.0]),
        ("after_step", [0.0], [0.0], 0.2),
        ("scale", [0.0]),
        ("after_step", [0.0], [0.0], 0.3),
        ("consolidate", 3.0),
    ]


def test_scale_changes_what_is_delivered():
    rule = Recorder()
    scaled = Simulation(pair(target=LI()), {"in->out": rule}, np.random.default_rng(0)).run([[1.0], [0.0]])[
        "out"
    ]
    plain = Simulation(pair(target=LI())).run([[1.0], [0.0]])["out"]
    np.testing.assert_allclose(scaled, 0.5 * plain)


def test_a_delayed_projections_rule_sees_what_arrives():
    rule = Recorder()
    Simulation(pair(delay=2), {"in->out": rule}, np.random.default_rng(0)).run([[1.0], [0.0], [0.0]])
    assert [call[1] for call in rule.calls if call[0] == "after_step"] == [[0.0], [0.0], [1.0]]


def test_weights_that_a_rule_changes_are_used_in_the_next_step():
    class Doubling(Recorder):
        def scale(self, pre):
            return np.ones_like(pre)

        def after_step(self, pre, post, modulator):
            self.projection.data *= 2

        def consolidate(self, elapsed):
            self.projection.rewire(prune=[0])

    network = pair(weight=1.0, target=LI(tau=1e-6))
    output = Simulation(network, {"in->out": Doubling()}, np.random.default_rng(0)).run(np.ones((5, 1)))[
        "out"
    ]
    np.testing.assert_allclose(output[:, 0], [1, 2, 4, 0, 0])


def test_intervals_are_counted_across_sequences_and_saved():
    rule, other = Recorder(), Recorder()
    simulation = Simulation(pair(), {"in->out": [rule]}, np.random.default_rng(0))
    simulation.run(np.zeros((2, 1)))
    again = Simulation(pair(), {"in->out": [other]}, np.random.default_rng(0))
    again.load_state_dict(simulation.state_dict())
    assert other.loaded == {"calls": 4}
    again.run(np.zeros((1, 1)))
    assert other.calls[-1] == ("consolidate", 3.0)


def test_mistakes_are_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"no projection 'x'; there are: in->out"):
        Simulation(pair(), {"x": Recorder()}, np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match=r"rng: plasticities need a numpy.random.Generator"):
        Simulation(pair(), {"in->out": Recorder()})
    with pytest.raises(ConfigurationError, match=r"modulator: must be 3 finite numbers"):
        Simulation(pair()).run(np.zeros((3, 1)), [0.0, np.nan, 0.0])
    with pytest.raises(ConfigurationError, match=r"one sequence"):
        Simulation(pair()).run(np.zeros((3, 2, 1)))


def test_several_rules_come_in_the_order_of_attachment_phase_by_phase():
    calls = []

    class Named(Recorder):
        def __init__(self, name, interval):
            self.name, self.consolidation_interval = name, interval

        def scale(self, pre):
            calls.append((self.name, "scale", pre.tolist()))
            return np.full_like(pre, 0.5)

        def after_step(self, pre, post, modulator):
            calls.append((self.name, "after_step"))

        def consolidate(self, elapsed):
            calls.append((self.name, "consolidate", elapsed))

    network = pair(target=LI(tau=1e-6), weight=8.0)
    rules = [Named("first", 2.0), Named("second", 1.0)]
    output = Simulation(network, {"in->out": rules}, np.random.default_rng(0)).run([[1.0], [0.0]])["out"]
    np.testing.assert_allclose(output[0], 8.0 * 0.5 * 0.5)
    names = [("first", "scale", [1.0]), ("second", "scale", [1.0]), ("first", "after_step")]
    assert calls[:5] == [*names, ("second", "after_step"), ("second", "consolidate", 1.0)]
    assert calls[-2:] == [("first", "consolidate", 2.0), ("second", "consolidate", 1.0)]


def test_a_rule_that_sees_emission_gets_undelayed_spikes():
    rule = Recorder()
    rule.sees_emission = True
    Simulation(pair(delay=2), {"in->out": rule}, np.random.default_rng(0)).run([[1.0], [0.0], [0.0]])
    assert [call[1] for call in rule.calls if call[0] == "after_step"] == [[1.0], [0.0], [0.0]]


def test_a_rule_may_keep_the_spikes_that_it_is_given():
    class Keeping(Recorder):
        def after_step(self, pre, post, modulator):
            self.calls.append((pre, post))

    rule = Keeping()
    Simulation(pair(), {"in->out": [rule]}, np.random.default_rng(0)).run([[1.0], [0.0], [0.0]])
    assert [pre.tolist() for pre, _ in rule.calls[1::2]] == [[1.0], [0.0], [0.0]]
