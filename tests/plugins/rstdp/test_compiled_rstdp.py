"""R-STDP in C equals the reference, and gives the same bits in the compiled loop as step by step, on any threads."""

import numpy as np
import pytest

import sc_native
from sc_core import CubaLIF, Input, Network, Population, Projection, Simulation, topology
from sc_core.errors import CheckpointError
from sc_core.simulation import PoissonStimulus, SpikeRecorder, WeightRecorder, compiled
from sc_core.simulation.compiled import CompiledLoop
from sc_plugin_rstdp import RewardModulatedSTDP

pytestmark = pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not built")

OPTIONS = {"learning_rate": 5e-3, "tau_eligibility": 60.0, "tau_reward": 30.0, "w_max": 1.1}
RULES = {
    "plain": OPTIONS,
    "narrow bounds": {**OPTIONS, "learning_rate": 0.05, "w_min": 0.2},
    "baseline": {**OPTIONS, "tau_baseline": 40.0},
    "unbounded": {
        **OPTIONS,
        "w_max": None,
        "a_plus": 0.7,
        "a_minus": 0.3,
        "tau_plus": 9.0,
        "tau_minus": 35.0,
    },
}
N_STEPS, DT = 1500, 0.2


def reward(seed=3):
    """Pulses of both signs, and stretches without any."""
    rng = np.random.default_rng(seed)
    pulses = np.where(rng.random(N_STEPS) < 0.03, rng.normal(size=N_STEPS), 0.0)
    pulses[200:500] = 0.0
    return pulses


class Forgetting:
    """Weights lose a tenth every 20 ms: somebody else's rule on the same projection, in NumPy."""

    consolidation_interval = 20.0

    def bind(self, projection, dt, rng):
        self.projection = projection

    def consolidate(self, elapsed):
        self.projection.data[:] = np.maximum(0.9 * self.projection.data, 0.25)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Random(Forgetting):
    """Rewires at random."""

    def bind(self, projection, dt, rng):
        self.projection, self.rng = projection, rng

    def consolidate(self, elapsed):
        self.projection.rewire(prune=self.rng.choice(self.projection.n_synapses, 5, replace=False))


class Shaking(Forgetting):
    """Changes weights in every step."""

    consolidation_interval = 1e6

    def after_step(self, pre, post, modulator):
        self.projection.data[:5] = 0.3 + 0.5 * self.projection.data[:5]


def built(rules, dtype=np.float64):
    rng = np.random.default_rng(0)
    neuron = CubaLIF(refractory_steps=10, v_leak=0.9)
    excitatory, inhibitory = Population("e", 80, neuron), Population("i", 20, neuron)
    weights = [
        topology.random(n, m, density=0.3, rng=rng).astype(dtype) for n, m in ((80, 80), (80, 20), (20, 80))
    ]
    for matrix, mean in zip(weights, (0.5, 0.5, -1.0), strict=True):
        matrix.data[:] = mean * (0.5 + rng.random(matrix.nnz))
    projections = [
        Projection(excitatory, excitatory, weights[0], 5),
        Projection(excitatory, inhibitory, weights[1], 5),
        Projection(inhibitory, excitatory, weights[2], 5),
    ]
    network = Network([excitatory, inhibitory], projections, dt=DT)
    stimuli = {"e": PoissonStimulus(100.0, np.random.default_rng(1), weight=1.2)}
    return network, Simulation(network, {"e->e": rules}, np.random.default_rng(2), stimuli=stimuli)


def run(rules, monkeypatch, plain=False, threads=1, cuts=(300.0,), **options):
    monkeypatch.setenv("SC_THREADS", str(threads))
    monkeypatch.setattr(compiled, "_WORK_PER_PART", 8)
    usable = CompiledLoop.usable
    monkeypatch.setattr(CompiledLoop, "usable", lambda self: not plain and usable(self))
    network, simulation = built(rules, **options)
    assert simulation._compiled.usable() != plain
    kept, done, pulses = [], 0, reward()
    for cut in cuts:
        steps = round(cut / DT)
        record = [SpikeRecorder("e"), WeightRecorder("e->e", interval=100.0)]
        recording = simulation.advance(cut, record=record, modulator=pulses[done : done + steps])
        kept += [recording.spikes["e"].neurons, *recording.weights["e->e"].values]
        done += steps
    monkeypatch.undo()
    assert sum(spikes.size for spikes in kept if spikes.dtype == np.int32) > 300
    projection = network.projections[0]
    return [*kept, projection.data, projection.synapse_state["rstdp.eligibility"]], simulation


def assert_same(one, other):
    assert len(one) == len(other)
    for mine, its in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("name", RULES)
def test_the_compiled_loop_gives_the_bits_of_the_step_in_python(name, monkeypatch):
    plain, _ = run(RewardModulatedSTDP(**RULES[name]), monkeypatch, plain=True)
    assert np.abs(plain[-2] - plain[1]).max() > 0.01
    for threads in (1, 2, 3):
        assert_same(run(RewardModulatedSTDP(**RULES[name]), monkeypatch, threads=threads)[0], plain)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", RULES)
def test_it_is_the_reference(name, dtype, monkeypatch):
    fast, _ = run(RewardModulatedSTDP(**RULES[name]), monkeypatch, dtype=dtype)
    monkeypatch.setenv("SC_KERNELS", "reference")
    _, simulation = built(RewardModulatedSTDP(**RULES[name]), dtype)
    assert simulation.state_dict()["rules"]["0"]["rule"]["kernel"] == "Reference"
    record = [SpikeRecorder("e"), WeightRecorder("e->e", interval=100.0)]
    slow = simulation.advance(300.0, record=record, modulator=reward())
    np.testing.assert_array_equal(slow.spikes["e"].neurons, fast[0])
    tolerance = 1e-12 if dtype == np.float64 else 1e-4  # the reference rounds in every step
    np.testing.assert_allclose(slow.weights["e->e"].values, fast[1:4], rtol=0, atol=tolerance)
    low, high = RULES[name].get("w_min", 0.0), RULES[name]["w_max"]
    bounded = np.isin(np.abs(fast[3]), np.array([low, high or np.inf], dtype)).sum()
    assert bounded > 20 or name != "narrow bounds"


def test_windows_may_be_cut_anywhere(monkeypatch):
    whole, _ = run(RewardModulatedSTDP(**RULES["baseline"]), monkeypatch)
    cut, _ = run(
        RewardModulatedSTDP(**RULES["baseline"]), monkeypatch, cuts=(0.2, 1.0, 57.4, 141.4, 100.0), threads=2
    )
    assert_same(whole[-2:], cut[-2:])


def test_resumed_bit_for_bit(monkeypatch):
    whole, _ = run(RewardModulatedSTDP(**RULES["plain"]), monkeypatch)
    network, first = built(RewardModulatedSTDP(**RULES["plain"]))
    first.advance(77.0, modulator=reward()[:385])
    saved = network.state_dict(), first.state_dict()
    other, second = built(RewardModulatedSTDP(**RULES["plain"]))
    other.load_state_dict(saved[0])
    second.load_state_dict(saved[1])
    second.advance(223.0, modulator=reward()[385:])
    np.testing.assert_array_equal(other.projections[0].data, whole[-2])


@pytest.mark.parametrize("other", [Forgetting, Random])
def test_rules_that_consolidate_take_part(other, monkeypatch):
    both = [
        run([RewardModulatedSTDP(**OPTIONS), other()], monkeypatch, plain=plain, threads=2)[0]
        for plain in (False, True)
    ]
    assert_same(*both)
    alone, _ = run(RewardModulatedSTDP(**OPTIONS), monkeypatch)
    assert alone[-2].size != both[0][-2].size or np.abs(alone[-2] - both[0][-2]).max() > 0.1


def test_beside_another_rule_in_every_step_it_runs_step_by_step(monkeypatch):
    native, _ = run([RewardModulatedSTDP(**OPTIONS), Shaking()], monkeypatch, plain=True)
    monkeypatch.setenv("SC_KERNELS", "reference")
    network, simulation = built([RewardModulatedSTDP(**OPTIONS), Shaking()])
    simulation.advance(300.0, modulator=reward())
    np.testing.assert_allclose(native[-2], network.projections[0].data, rtol=0, atol=1e-12)


def test_a_state_of_the_reference_is_refused(monkeypatch):
    source, target = Population("a", 2, Input()), Population("b", 1, CubaLIF())
    projection = Projection(source, target, [[1.0], [0.5]])
    fast, slow = RewardModulatedSTDP(), RewardModulatedSTDP()
    fast.bind(projection, 1.0, np.random.default_rng(0))
    monkeypatch.setenv("SC_KERNELS", "reference")
    slow.bind(projection, 1.0, np.random.default_rng(0))
    with pytest.raises(CheckpointError, match="SC_KERNELS"):
        fast.load_state_dict(slow.state_dict())
