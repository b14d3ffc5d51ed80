"""specs/integer-network.md, "Order of a step, and learning": projections that learn, against plain Python."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from sc_core import registry
from sc_core.errors import CheckpointError, ConfigurationError, SCError, UnknownPlugin
from sc_hardware.example_rules import homeostatic_threshold, pair_stdp
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLI,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
    IntegerSimulation,
)
from sc_hardware.integer_network.storage import load, save
from sc_hardware.rules import Bit, Presynaptic, Signed, Unsigned, rule, saturate, select
from sc_hardware.rules.plasticity import plasticity

sys.path.insert(0, str(Path(__file__).parent))
from scalar_network import ScalarNetwork

STDP = {"weight_bits": 8, "trace_bits": 6, "trace_decay_shift": 2, "amplitude": 40}


@rule(
    state={"weight": Unsigned(6)},
    inputs={"pre_spike": Presynaptic(Bit), "reward": Signed(4)},
)
def rewarded_arrival(state, inputs, params):
    """Add the reward to the weights of arriving spikes."""
    change = select(inputs.pre_spike, inputs.reward, 0)
    moved = state.weight + change
    return state.replace(weight=saturate(moved, Unsigned(6)))


def _network(rng):
    def lif(threshold):
        return IntegerLIF(decay_multiplier=1, decay_shift=3, threshold=threshold, refractory_steps=1)

    def weights(shape, limit, density=0.5):
        return scipy.sparse.csr_array(rng.integers(1, limit, shape) * (rng.random(shape) < density))

    return IntegerNetwork(
        [
            IntegerPopulation("source", 10, IntegerInput()),
            IntegerPopulation("hidden", 8, lif(150)),
            IntegerPopulation("readout", 2, IntegerLI(decay_multiplier=1, decay_shift=3)),
        ],
        [
            IntegerProjection(
                source="source",
                target="hidden",
                weights=weights((10, 8), 100),
                rule=pair_stdp,
                parameters=STDP,
            ),
            IntegerProjection(
                source="hidden",
                target="hidden",
                weights=weights((8, 8), 60),
                delay=2,
                rule=rewarded_arrival,
            ),
            IntegerProjection(source="hidden", target="readout", weights=weights((8, 2), 50), weight_bits=7),
        ],
    )


class _ScalarLearning(ScalarNetwork):
    """Both rules in plain Python, after the step of the neurons."""

    def __init__(self, network):
        super().__init__(network)
        self.pre, self.post = [0] * 10, [0] * 8

    def learn(self, reward):
        now, hidden = self.past[-1], self.past[-1]["hidden"]
        changed = []
        for i, j, weight in self.synapses["source->hidden"]:
            raised = (self.pre[i] >> 3) * (j in hidden) - (self.post[j] >> 2) * (i in now["source"])
            changed.append((i, j, max(0, min(255, weight + raised))))
        self.synapses["source->hidden"] = changed
        for traces, spikes in ((self.pre, now["source"]), (self.post, hidden)):
            for k, value in enumerate(traces):
                traces[k] = min(63, value - -(-value // 4) + 40 * (k in spikes))
        arriving = self.past[-3]["hidden"] if len(self.past) > 2 else set()
        self.synapses["hidden->hidden"] = [
            (i, j, max(0, min(63, weight + reward)) if i in arriving else weight)
            for i, j, weight in self.synapses["hidden->hidden"]
        ]


@pytest.mark.parametrize("kernels", ["reference", "native"])
def test_spikes_and_weights_are_those_of_plain_integers(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    rng = np.random.default_rng(5)
    network = _network(rng)
    spikes, rewards = rng.random((120, 10)) < 0.25, rng.integers(-8, 8, 120)
    simulation, oracle = IntegerSimulation(network), _ScalarLearning(network)
    outputs = simulation.run(spikes, rewards)
    for t, row in enumerate(spikes):
        expected = oracle.advance(np.flatnonzero(row).tolist())
        oracle.learn(int(rewards[t]))
        assert set(np.flatnonzero(outputs["hidden"][t]).tolist()) == expected["hidden"], t
        assert outputs["readout"][t].tolist() == expected["readout"], t
    assert 100 < outputs["hidden"].sum() < 800
    for name in ("source->hidden", "hidden->hidden"):
        weights = [weight for _, _, weight in oracle.synapses[name]]
        assert simulation.weights_of(name).tolist() == weights
        assert np.mean(simulation.weights_of(name) != network.projections[name].data) > 0.5


def test_a_readout_has_no_spikes_to_learn_from():
    network = IntegerNetwork(
        [
            IntegerPopulation("source", 2, IntegerInput()),
            IntegerPopulation("readout", 3, IntegerLI(decay_multiplier=1, decay_shift=3)),
        ],
        [
            IntegerProjection(
                source="source", target="readout", weights=np.full((2, 3), 9), rule=pair_stdp, parameters=STDP
            )
        ],
    )
    simulation = IntegerSimulation(network)
    assert simulation.run(np.ones((5, 2), int))["readout"].min() > 0
    assert not simulation.synapses["source->readout"].state["post_trace"].any()
    assert simulation.synapses["source->readout"].state["pre_trace"].all()


def test_a_network_that_learns_resumes_and_resets():
    rng = np.random.default_rng(6)
    network = _network(rng)
    spikes, rewards = rng.random((80, 10)) < 0.25, rng.integers(-8, 8, 80)
    whole, first, resumed = (IntegerSimulation(network) for _ in range(3))
    expected = whole.run(spikes, rewards)
    first.run(spikes[:33], rewards[:33])
    resumed.load_state_dict(first.state_dict())
    later = resumed.run(spikes[33:], rewards[33:])
    for name, values in expected.items():
        np.testing.assert_array_equal(later[name], values[33:])
    np.testing.assert_array_equal(resumed.weights_of("source->hidden"), whole.weights_of("source->hidden"))
    whole.reset()
    for name, values in whole.run(spikes, rewards).items():
        np.testing.assert_array_equal(values, expected[name])


def test_what_cannot_learn_is_refused_by_name(tmp_path):
    network = _network(np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match=r"batch: must be 1.*'source->hidden' does"):
        IntegerSimulation(network, batch=2)
    with pytest.raises(ConfigurationError, match="reward: must be 3 integers"):
        IntegerSimulation(network).run(np.zeros((3, 10)), [0.5, 1.0, 0.0])
    with pytest.raises(SCError, match="reward"):
        IntegerSimulation(network).run(np.zeros((1, 10)), [8])
    with pytest.raises(ConfigurationError, match="homeostatic_threshold has no weight at the synapse"):
        IntegerProjection(source="a", target="b", weights=[[1]], rule=homeostatic_threshold)
    with pytest.raises(ConfigurationError, match=r"a->b\.weights: must be from 0 to 255"):
        IntegerProjection(source="a", target="b", weights=[[-1]], rule=pair_stdp, parameters=STDP)


@pytest.fixture
def registered():
    """Both rules in the registry, for one test."""
    rules = {"pair-stdp": pair_stdp, "rewarded-arrival": rewarded_arrival}
    for name, learned in rules.items():
        registry.register("plasticity", name, plasticity(learned))
    yield
    for name in rules:
        registry.unregister("plasticity", name)


def test_a_network_that_learns_is_stored_with_the_names_of_its_rules(tmp_path, registered):
    rng = np.random.default_rng(4)
    network = _network(rng)
    save(network, tmp_path)
    read = load(tmp_path)
    for name, projection in network.projections.items():
        assert read.projections[name].rule is projection.rule
        assert read.projections[name].parameters == projection.parameters
    spikes, rewards = rng.random((40, 10)) < 0.3, rng.integers(-8, 8, 40)
    simulations = [IntegerSimulation(each) for each in (network, read)]
    first, second = (simulation.run(spikes, rewards) for simulation in simulations)
    for name, values in first.items():
        np.testing.assert_array_equal(second[name], values)
    for name in ("source->hidden", "hidden->hidden"):
        np.testing.assert_array_equal(*(simulation.weights_of(name) for simulation in simulations))


def test_rules_that_no_file_can_name_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ConfigurationError, match=r"source->hidden\.rule: pair_stdp is not registered"):
        save(_network(np.random.default_rng(0)), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "parameters", "error", "reason"),
    [
        ("absent", STDP, UnknownPlugin, "pip install sc-plugin-absent"),
        ("os:system", STDP, UnknownPlugin, "no plasticity named 'os:system'"),
        ("pair-stdp", {**STDP, "gone": 1}, CheckpointError, "gone: no such parameter"),
        ("pair-stdp", {**STDP, "weight_bits": 3}, CheckpointError, "must be from 0 to 7"),
    ],
)
def test_stored_rules_that_do_not_fit_are_refused(tmp_path, registered, name, parameters, error, reason):
    save(_network(np.random.default_rng(0)), tmp_path)
    table = json.loads((tmp_path / "network.json").read_text())
    table["projections"][0] |= {"rule": name, "parameters": parameters}
    (tmp_path / "network.json").write_text(json.dumps(table))
    with pytest.raises(error, match=reason):
        load(tmp_path)
