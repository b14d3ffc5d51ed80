"""Going on in time: delays per synapse, stimuli, recorders, what is refused, interruption and resumption."""

import itertools
import os
import signal

import numpy as np
import pytest
from scipy import stats

from sc_core import LI, LIF, CubaLIF, Input, Network, Population, Projection, Simulation, topology
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_core.simulation import (
    ArrayStimulus,
    PoissonStimulus,
    SpikeRecorder,
    SpikeStimulus,
    StateRecorder,
    WeightRecorder,
    load_stimulus,
    simulate,
)


class Growing:
    """w <- 1.01 w where pre and post spike together, and a random step everywhere."""

    def bind(self, projection, dt, rng):
        self.projection, self.rng, self.steps = projection, rng, 0

    def after_step(self, pre, post, modulator):
        projection = self.projection
        met = np.repeat(pre, np.diff(projection.indptr)) * post[projection.indices]
        noise = 1e-3 * modulator * self.rng.standard_normal(met.size)
        projection.data[:] = projection.data * (1 + 0.01 * met) + noise

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


class Halving:
    """Every spike of a neuron counts half of the one before."""

    def bind(self, projection, dt, rng):
        self.factor = np.ones(projection.source.n)

    def scale(self, pre):
        factor = self.factor.copy()
        self.factor = np.where(pre > 0, self.factor / 2, self.factor)
        return factor

    def state_dict(self):
        return {"factor": self.factor}

    def load_state_dict(self, state):
        self.factor = np.array(state["factor"])


def recurrent(seed=3, dt=0.5, delays=True):
    rng = np.random.default_rng(seed)
    source, neurons = Population("in", 20, Input()), Population("e", 15, CubaLIF(refractory_steps=2))
    weights = topology.random(15, 15, density=0.4, rng=rng)
    weights.data[:] = rng.normal(1.0, 0.5, weights.nnz)
    own = {"delays": dt * rng.integers(1, 9, weights.nnz)} if delays else {"delay": 3}
    return Network(
        [source, neurons],
        [
            Projection(source, neurons, rng.normal(2.0, 0.5, (20, 15)).astype(weights.dtype)),
            Projection(neurons, neurons, weights, **own),
        ],
        dt=dt,
    )


def simulation(network, rate=200.0):
    return Simulation(
        network,
        {"e->e": [Growing(), Halving()]},
        np.random.default_rng(1),
        stimuli={"in": PoissonStimulus(rate, np.random.default_rng(2))},
    )


def test_delays_per_synapse_against_a_dense_computation():
    dt, n_steps = 0.5, 200
    network = recurrent(dt=dt)
    driven, recurrent_ = network.projections
    delays = np.round(recurrent_.synapse_state["delay"] / dt).astype(int)
    pre = np.repeat(np.arange(15), np.diff(recurrent_.indptr))
    drive = (np.random.default_rng(0).random((n_steps, 20)) < 0.2).astype(float)
    spikes = Simulation(network).run(drive)["e"]
    assert 0.02 < spikes.mean() < 0.5
    alone = Population("alone", 15, CubaLIF(refractory_steps=2))
    alone.bind(dt)
    for t in range(n_steps):
        current = drive[t] @ driven.weights.toarray()
        for k in range(recurrent_.n_synapses):
            if t >= delays[k]:
                current[recurrent_.indices[k]] += recurrent_.data[k] * spikes[t - delays[k], pre[k]]
        np.testing.assert_array_equal(alone.step_all(current), spikes[t], err_msg=f"step {t}")


def test_equal_delays_per_synapse_are_one_delay():
    one = recurrent(delays=False)
    source, neurons = (
        Population(population.name, population.n, population.neuron) for population in one.populations
    )
    driven, back = (projection.weights for projection in one.projections)
    each = Network(
        [source, neurons],
        [Projection(source, neurons, driven), Projection(neurons, neurons, back, delays=1.5)],
        dt=0.5,
    )
    spikes = [
        Simulation(network, stimuli={"in": PoissonStimulus(200.0, np.random.default_rng(2))})
        .advance(300.0, record=[SpikeRecorder("e")])
        .spikes["e"]
        for network in (one, each)
    ]
    assert spikes[0].times.size > 100
    np.testing.assert_array_equal(spikes[0].times, spikes[1].times)
    np.testing.assert_array_equal(spikes[0].neurons, spikes[1].neurons)


def test_grown_synapses_have_the_shortest_delay():
    source, target = Population("a", 2, Input()), Population("b", 2, LIF())
    projection = Projection(source, target, [[1.0, 2.0], [0.0, 3.0]], delays=[2.0, 1.5, 3.0])
    projection.rewire(grow=([1], [0], [0.5]))
    assert projection.synapse_state["delay"].tolist() == [2.0, 1.5, 1.5, 3.0]
    with pytest.raises(ConfigurationError, match=r"a->b.delays: only Simulation follows delays"):
        simulate(Network([source, target], [projection]), np.zeros((3, 2)))


@pytest.mark.parametrize("cut", [1, 7, 256, 1100])
def test_a_resumed_simulation_gives_the_same_bits(cut):
    recorders = [SpikeRecorder("e"), SpikeRecorder("in"), StateRecorder("e", "membrane", interval=4.0)]
    whole_network = recurrent()
    whole = simulation(whole_network).advance(600.0, record=recorders, modulator=0.5)
    assert whole.spikes["e"].times.size > 200
    network = recurrent()
    begun = simulation(network)
    before = begun.advance(cut * 0.5, record=recorders, modulator=0.5)
    resumed_network = recurrent(seed=4)
    resumed_network.load_state_dict(network.state_dict())
    resumed = simulation(resumed_network)
    resumed.load_state_dict(begun.state_dict())
    after = resumed.advance(600.0 - cut * 0.5, record=recorders, modulator=0.5)
    for name in ("e", "in"):
        for field in ("times", "neurons"):
            parts = [getattr(each.spikes[name], field) for each in (before, after)]
            np.testing.assert_array_equal(np.concatenate(parts), getattr(whole.spikes[name], field))
    np.testing.assert_array_equal(resumed_network.projections[1].data, whole_network.projections[1].data)
    np.testing.assert_array_equal(
        np.concatenate([each.states["e", "membrane"].times for each in (before, after)]),
        whole.states["e", "membrane"].times,
    )


def test_a_state_of_another_simulation_is_refused():
    state = simulation(recurrent()).state_dict()
    with pytest.raises(CheckpointError, match=r"the saved simulation has the rules \['0', '1'\]"):
        Simulation(recurrent()).load_state_dict(state)
    with pytest.raises(CheckpointError, match=r"sent\['e'\] was saved with shape"):
        simulation(recurrent(delays=False)).load_state_dict({**state, "travelling": {}})


def test_recorders_take_what_they_are_asked_for():
    network = recurrent(delays=False)
    recording = simulation(network).advance(
        10.0,
        record=[
            StateRecorder("e", "synaptic_current", interval=2.5, neurons=[3, 0]),
            WeightRecorder("e->e", interval=5.0, synapses=[1]),
        ],
    )
    current = recording.states["e", "synaptic_current"]
    np.testing.assert_array_equal(current.times, [2.0, 4.5, 7.0, 9.5])
    np.testing.assert_array_equal(
        current.values[-1], network.populations[1].state["synaptic_current"][[3, 0]]
    )
    assert recording.weights["e->e"].values.shape == (2, 1)
    assert (recording.n_steps, recording.interrupted) == (20, False)


def test_poisson_counts_are_poisson_distributed_whatever_the_cuts():
    rate = np.array([0.0, 40.0, 400.0])
    whole = PoissonStimulus(rate, np.random.default_rng(5)).events(0, 40_000, 3, 2.0, False)
    counts = np.zeros((40_000, 3))
    steps = np.repeat(np.arange(40_000), np.diff(whole.start))
    counts[steps, whole.neuron] = whole.value
    assert counts[:, 0].sum() == 0
    for neuron in (1, 2):
        expected = stats.poisson(rate[neuron] * 2e-3).pmf(np.arange(5)) * 40_000
        seen = np.bincount(counts[:, neuron].astype(int), minlength=5)[:5]
        enough = expected > 5
        assert (
            stats.chisquare(
                seen[enough], expected[enough] * seen[enough].sum() / expected[enough].sum()
            ).pvalue
            > 1e-3
        )
    assert abs(np.corrcoef(counts[:, 1], counts[:, 2])[0, 1]) < 0.02
    pieces = PoissonStimulus(rate, np.random.default_rng(5))
    edges = [0, 1, 999, 1000, 1003, 5000]
    parts = [pieces.events(a, b - a, 3, 2.0, True) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(
        np.concatenate([part.neuron for part in parts]), whole.window(0, 5000).neuron
    )
    assert {value for part in parts for value in part.value} == {1.0}


def test_stimuli_reach_their_step_and_add_up(tmp_path):
    (tmp_path / "spikes.csv").write_text("time,neuron\n0.3,1\n0.1,0\n0.3,1\n")
    network = Network([Population("out", 2, LI(tau=1e-9))], [], dt=0.1)
    values = np.zeros((5, 2))
    values[4, 0] = 7.0
    stimuli = [load_stimulus(tmp_path / "spikes.csv"), values, SpikeStimulus([0.19], [0], weight=2.5)]
    recording = Simulation(network, stimuli={"out": stimuli}).advance(0.5, record=[StateRecorder("out")])
    np.testing.assert_allclose(
        recording.states["out", "membrane"].values, [[0, 0], [3.5, 0], [0, 0], [0, 2], [7, 0]]
    )


def test_files_that_are_short_or_malformed_are_refused_before_the_start(tmp_path):
    network = Network([Population("out", 2, LI())], [])
    np.save(tmp_path / "values.npy", np.ones((5, 2)))
    with pytest.raises(ShapeError, match=r"stimulus of 'out' has 5 steps, the simulation goes on to step 6"):
        Simulation(network, stimuli={"out": load_stimulus(tmp_path / "values.npy")}).advance(6.0)
    np.save(tmp_path / "wide.npy", np.ones((5, 3)))
    with pytest.raises(ShapeError, match=r"3 columns for 2 neurons"):
        Simulation(network, stimuli={"out": load_stimulus(tmp_path / "wide.npy")}).advance(5.0)
    whole = (tmp_path / "values.npy").read_bytes()
    (tmp_path / "torn.npy").write_bytes(whole[:-9])
    with pytest.raises(ConfigurationError, match=r"torn.npy: is no usable stimulus"):
        load_stimulus(tmp_path / "torn.npy")
    for text, where in (
        ("neuron,time\n", "line 1: must be the header"),
        ("time,neuron\n1.0,0\n2.0\n", "line 3: must be a time in ms and a neuron, got '2.0'"),
        ("time,neuron\n1.0,0.5\n", "line 2"),
        ("time,neuron\n-1.0,0\n", "must be >= 0"),
    ):
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(ConfigurationError, match=where):
            load_stimulus(tmp_path / "bad.csv")
    with pytest.raises(ConfigurationError, match=r"absent.csv: is no usable stimulus"):
        load_stimulus(tmp_path / "absent.csv")
    with pytest.raises(ConfigurationError, match=r"'out' has neurons 0..1, got 2"):
        Simulation(network, stimuli={"out": SpikeStimulus([0.0], [2])}).advance(1.0)
    assert network.populations[0].voltages.tolist() == [0.0, 0.0]


def test_mistakes_are_refused_by_name_before_the_first_step():
    network = recurrent(delays=False)
    with pytest.raises(ConfigurationError, match=r"stimuli: no population 'x'; there are: in, e"):
        Simulation(network, stimuli={"x": np.zeros((3, 20))})
    mine = Simulation(network)
    for duration in (0.3, 0.0, -1.0, np.nan):
        with pytest.raises(ConfigurationError, match=r"duration: must be a positive multiple of dt = 0.5"):
            mine.advance(duration)
    with pytest.raises(ConfigurationError, match=r"modulator: must be 2 finite numbers.*got nan in step 1"):
        mine.advance(1.0, modulator=[0.0, np.nan])
    with pytest.raises(ConfigurationError, match=r"modulator: must be finite, got nan at 0.5 ms"):
        mine.advance(1.0, modulator=lambda time: np.nan if time else 0.0)
    with pytest.raises(
        ConfigurationError, match=r"record\[0\].variable: 'e' has no 'adaptation'; there are: mem"
    ):
        mine.advance(1.0, record=[StateRecorder("e", "adaptation")])
    with pytest.raises(ConfigurationError, match=r"record\[0\].interval: must be a multiple"):
        mine.advance(1.0, record=[StateRecorder("e", interval=0.7)])
    with pytest.raises(ConfigurationError, match=r"record\[0\]: there are 15, it asks for 15"):
        mine.advance(1.0, record=[StateRecorder("e", neurons=[15])])
    for delays, problem in (
        (0.2, "at least dt = 0.5 ms, got 0.2"),
        (0.7, "multiples of dt = 0.5 ms, got 0.7"),
    ):
        own = Network([a := Population("a", 1, LIF())], [Projection(a, a, [[1.0]], delays=delays)], dt=0.5)
        with pytest.raises(ConfigurationError, match=rf"a->a.delays: must be {problem} at synapse 0"):
            Simulation(own)
    with pytest.raises(ConfigurationError, match=r"dt: the network has dt = 0.5 ms of its own"):
        Simulation(network, dt=1.0)
    with pytest.raises(ConfigurationError, match=r"plasticities\['e->e'\]: object has no bind"):
        Simulation(network, {"e->e": object()}, np.random.default_rng(0))


def test_the_modulator_and_the_progress_are_told_the_time():
    told, done = [], []
    network = Network([Population("out", 1, LI())], [], dt=0.5)
    mine = Simulation(network)
    mine.advance(1.0)
    mine.advance(1.5, modulator=lambda time: told.append(time) or 0.0, progress=lambda *now: done.append(now))
    assert told == [1.0, 1.5, 2.0]
    assert done[-1] == (1.5, 1.5)


@pytest.fixture
def heard_interrupts():
    """Python's own handler of Ctrl-C: where the tests run in the background, the shell may have had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_interrupts")
def test_ctrl_c_returns_what_was_recorded_and_the_rest_can_follow():
    network = recurrent()
    whole = simulation(recurrent()).advance(200.0, record=[SpikeRecorder("e")])
    mine = simulation(network)

    def press(time):
        if time == 100.0:
            os.kill(os.getpid(), signal.SIGINT)
        return 0.0

    first = mine.advance(200.0, record=[SpikeRecorder("e")], modulator=press)
    assert first.interrupted
    assert first.n_steps == 201  # the step of 100 ms is finished
    rest = mine.advance(200.0 - first.n_steps * 0.5, record=[SpikeRecorder("e")])
    np.testing.assert_array_equal(
        np.concatenate([first.spikes["e"].times, rest.spikes["e"].times]), whole.spikes["e"].times
    )
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Neurons:
    """v <- v / 2 + current; a spike where v >= 1, then v = 0."""

    def __init__(self, n):
        self.n = n
        self.reset_all()

    def reset_all(self):
        self.voltages = np.zeros(self.n)

    def step_all(self, currents):
        self.voltages = self.voltages / 2 + currents
        spikes = self.voltages >= 1
        self.voltages[spikes] = 0
        return spikes


class Synapses:
    def __init__(self, source, target, weight, **more):
        self.source, self.target = source, target
        self.indptr, self.indices, self.data = np.array([0, 1]), np.array([0]), np.array([weight])
        vars(self).update(more)


class Net:
    def __init__(self, populations, projections):
        self.populations, self.projections = populations, projections


@pytest.mark.parametrize(("more", "arrival"), [({}, 1.0), ({"delay": 2}, 3.0), ({"delay": 1.0}, 3.0)])
def test_networks_of_other_peoples_making_by_hand(more, arrival):
    first, last = Neurons(1), Neurons(1)
    network = Net([first, last], [Synapses(first, last, 1.0, **more), Synapses(last, first, 1.0)])
    mine = Simulation(network, stimuli={"0": ArrayStimulus([[0.0], [1.0], *[[0.0]] * 18])}, dt=0.5)
    recording = mine.advance(
        2.5, record=[SpikeRecorder("1"), SpikeRecorder("0"), StateRecorder("0", "voltages")]
    )
    assert recording.spikes["1"].times[0] == arrival * 0.5
    assert (
        recording.spikes["0"].times[:2].tolist()
        == [0.5, *[(arrival + 1) * 0.5]][: recording.spikes["0"].times.size]
    )


def test_a_foreign_projection_between_the_wrong_populations_is_refused():
    first, last, other = Neurons(1), Neurons(1), Neurons(2)
    with pytest.raises(ConfigurationError, match=r"its target '-1' is not one of the network's populations"):
        Simulation(Net([first, last], [Synapses(first, other, 1.0)]))
    with pytest.raises(ShapeError, match=r"its arrays hold 1 rows and 1 synapses; its source has 2"):
        Simulation(Net([other, last], [Synapses(other, last, 1.0)]))
    with pytest.raises(ConfigurationError, match=r"0->1.delay: must be a multiple of dt = 1.0 ms, got 0.3"):
        Simulation(Net([first, last], [Synapses(first, last, 1.0, delay=0.3)]))
    with pytest.raises(ConfigurationError, match=r"must be at least one step where the source"):
        Simulation(Net([first, last], [Synapses(last, first, 1.0, delay=0)]))


@pytest.mark.parametrize("kernels", ["reference", "native"])
def test_a_population_with_a_step_of_its_own_is_stepped_by_it(kernels, monkeypatch):
    class Stubborn(Population):
        def step_all(self, currents):
            super().step_all(np.zeros(self.n))
            return np.ones(self.n)

    monkeypatch.setenv("SC_KERNELS", kernels)
    source, target = Population("in", 1, Input()), Stubborn("out", 2, LIF())
    network = Network([source, target], [Projection(source, target, [[100.0, 0.0]])])
    simulation = Simulation(network, stimuli={"in": ArrayStimulus(np.ones((5, 1)))})
    spikes = simulation.advance(5.0, record=[SpikeRecorder("out")]).spikes["out"]
    assert spikes.neurons.tolist() == [0, 1] * 5
    assert not target.voltages.any()
