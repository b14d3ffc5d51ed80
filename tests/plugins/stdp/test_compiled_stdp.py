"""STDP in the compiled loop: the same bits as step by step, for any number of threads."""

import numpy as np
import pytest

import sc_native
from sc_core import CubaLIF, Network, Population, Projection, Simulation, topology
from sc_core.simulation import PoissonStimulus, SpikeRecorder, WeightRecorder, compiled
from sc_core.simulation.compiled import CompiledLoop
from sc_plugin_stdp import STDP, VISUAL_CORTEX

pytestmark = pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not built")

RULES = {
    "additive": {"a_plus": 0.02, "a_minus": 0.021},
    "powers": {"a_plus": 0.02, "a_minus": 0.021, "mu_plus": 0.3, "mu_minus": 1.0},
    "triplets": {**VISUAL_CORTEX["full"], "a_plus": 0.01},
    "nearest": {"a_plus": 0.02, "a_minus": 0.021, "pairing": "nearest"},
}


class Forgetting:
    """Weights halve every 50 ms: somebody else's rule on the same projection, in NumPy."""

    consolidation_interval = 50.0

    def bind(self, projection, dt, rng):
        self.projection = projection

    def consolidate(self, elapsed):
        self.projection.data[:] *= 0.5

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Random(Forgetting):
    """Rewires at random."""

    def bind(self, projection, dt, rng):
        self.projection, self.rng = projection, rng

    def consolidate(self, elapsed):
        self.projection.rewire(prune=self.rng.choice(self.projection.n_synapses, 20, replace=False))


def run(rules, monkeypatch, plain=False, threads=1, after_step=None):
    monkeypatch.setenv("SC_THREADS", str(threads))
    monkeypatch.setattr(compiled, "_WORK_PER_PART", 8)
    usable = CompiledLoop.usable
    monkeypatch.setattr(CompiledLoop, "usable", lambda self: not plain and usable(self))
    rng = np.random.default_rng(0)
    excitatory = Population("e", 80, CubaLIF(refractory_steps=10, v_leak=0.9))
    inhibitory = Population("i", 20, CubaLIF(refractory_steps=10, v_leak=0.9))
    weights = [topology.random(n, m, density=0.3, rng=rng) for n, m in ((80, 80), (80, 20), (20, 80))]
    for matrix, mean in zip(weights, (0.5, 0.5, -2.0), strict=True):
        matrix.data[:] = mean * rng.random(matrix.nnz)
    e_to_e = Projection(excitatory, excitatory, weights[0], 5)
    network = Network(
        [excitatory, inhibitory],
        [
            e_to_e,
            Projection(excitatory, inhibitory, weights[1], 5),
            Projection(inhibitory, excitatory, weights[2], 5),
        ],
        dt=0.2,
    )
    stimuli = {"e": PoissonStimulus(100.0, np.random.default_rng(1), weight=1.0)}
    simulation = Simulation(network, {"e->e": rules}, np.random.default_rng(2), stimuli=stimuli)
    assert simulation._compiled.usable() != plain
    recording = simulation.advance(300.0, record=[SpikeRecorder("e"), WeightRecorder("e->e", interval=100.0)])
    state = simulation.state_dict()["rules"]["0"]["rule"]["work"]["traces"]
    monkeypatch.undo()
    assert recording.spikes["e"].times.size > 300
    samples = recording.weights["e->e"].values
    return [recording.spikes["e"].times, recording.spikes["e"].neurons, *samples, *state.values()]


def assert_same(one, other):
    assert len(one) == len(other)
    for mine, its in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("name", RULES)
def test_the_compiled_loop_gives_the_bits_of_the_step_in_python(name, monkeypatch):
    plain = run(STDP(**RULES[name]), monkeypatch, plain=True)
    assert np.abs(plain[4] - plain[2]).max() > 0.01
    for threads in (1, 2, 3):
        assert_same(run(STDP(**RULES[name]), monkeypatch, threads=threads), plain)


@pytest.mark.parametrize("other", [Forgetting, Random])
def test_rules_that_consolidate_take_part(other, monkeypatch):
    both = [
        run([STDP(**RULES["additive"]), other()], monkeypatch, plain=plain, threads=2)
        for plain in (False, True)
    ]
    assert_same(*both)
    alone = run(STDP(**RULES["additive"]), monkeypatch)
    assert alone[4].size != both[0][4].size or np.abs(alone[4] - both[0][4]).max() > 0.1


class Counting(Forgetting):
    """Counts spikes, in NumPy."""

    consolidation_interval = 1e6
    spikes = 0

    def after_step(self, pre, post, modulator):
        self.spikes += int(post.sum())


def test_a_rule_in_python_takes_the_whole_network_along(monkeypatch):
    rule = Counting()
    recorded = run([STDP(**RULES["additive"]), rule], monkeypatch, plain=True)
    assert rule.spikes == recorded[0].size
    assert_same(recorded, run(STDP(**RULES["additive"]), monkeypatch))
