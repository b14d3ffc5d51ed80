"""specs/integer-network.md: NumPy and C against plain Python integers."""

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLI,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
    IntegerSimulation,
)

sys.path.insert(0, str(Path(__file__).parent))
from scalar_network import ScalarNetwork


def _random_weights(rng, shape, bits, density):
    limit = 1 << bits - 1
    there = rng.random(shape) < density
    there[0], there[-1] = False, True  # an empty and a full row
    return scipy.sparse.csr_array(np.where(there, rng.integers(-limit, limit, shape), 0))


def _random_network(seed):
    """Input -> two LIF populations in a loop -> LI; narrow enough that every saturation happens."""
    rng = np.random.default_rng(seed)

    def leak():
        shift = int(rng.integers(0, 7))
        return {
            "decay_shift": shift,
            "decay_multiplier": int(rng.integers(0, 2**shift + 1)),
            "membrane_bits": int(rng.integers(6, 15)),
            "current_bits": int(rng.integers(4, 14)),
        }

    def lif():
        common = leak()
        threshold = int(2 ** rng.uniform(0, common["membrane_bits"] - 1)) or 1
        return IntegerLIF(
            **common,
            threshold=threshold,
            reset=str(rng.choice(["subtract", "to_value"])),
            reset_value=int(rng.integers(-(1 << common["membrane_bits"] - 1), threshold)),
            refractory_steps=int(rng.integers(0, 4)),
        )

    sizes = {"source": 11, "first": 9, "second": 17, "readout": 3}
    populations = [
        IntegerPopulation("readout", 3, IntegerLI(**leak())),
        IntegerPopulation("second", 17, lif()),
        IntegerPopulation("first", 9, lif()),
        IntegerPopulation("source", 11, IntegerInput()),
    ]
    ways = [
        ("source", "first", 0),
        ("source", "second", 3),
        ("first", "second", 0),
        ("second", "first", 1),
        ("second", "second", 2),
        ("first", "readout", 0),
        ("second", "readout", 1),
    ]
    projections = []
    for source, target, delay in ways:
        bits = int(rng.integers(2, 11))
        weights = _random_weights(rng, (sizes[source], sizes[target]), bits, 0.4)
        projections.append(
            IntegerProjection(source=source, target=target, weights=weights, weight_bits=bits, delay=delay)
        )
    return IntegerNetwork(populations, projections, outputs="readout"), rng


def _as_sets(outputs, t, network):
    return {
        name: set(np.flatnonzero(values[t]).tolist())
        if network.populations[name].neuron.spiking
        else values[t].tolist()
        for name, values in outputs.items()
    }


@pytest.mark.parametrize("kernels", ["reference", "native"])
@pytest.mark.parametrize("seed", range(12))
def test_every_step_is_that_of_plain_integers(seed, kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    network, rng = _random_network(seed)
    spikes = rng.random((40, 11)) < rng.choice([0.05, 0.4, 1.0])
    outputs = IntegerSimulation(network).run(spikes)
    oracle = ScalarNetwork(network)
    for t, row in enumerate(spikes):
        expected = oracle.advance(np.flatnonzero(row).tolist())
        assert _as_sets(outputs, t, network) == expected, t


def test_the_random_networks_saturate_fire_and_hold():
    spikes = 0
    for seed in range(12):
        network, rng = _random_network(seed)
        outputs = IntegerSimulation(network).run(rng.random((40, 11)) < 0.4)
        spikes += int(outputs["first"].sum() + outputs["second"].sum())
    assert 500 < spikes < 12 * 40 * 26 * 0.9


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_a_batch_is_its_samples_in_pieces_for_any_number_of_threads(threads, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", "native")
    monkeypatch.setattr("sc_core.kernels._WORK_PER_THREAD", 1)
    monkeypatch.setenv("SC_THREADS", threads)
    network, rng = _random_network(3)
    spikes = rng.random((30, 5, 11)) < 0.4
    whole = IntegerSimulation(network, batch=5).run(spikes)
    for sample in range(5):
        simulation = IntegerSimulation(network)
        first = simulation.run(spikes[:13, sample])
        resumed = IntegerSimulation(network)
        resumed.load_state_dict(simulation.state_dict())
        second = resumed.run(spikes[13:, sample])
        for name, values in whole.items():
            np.testing.assert_array_equal(values[:, sample], np.concatenate([first[name], second[name]]))


def test_a_decay_rounds_to_nearest_and_never_lengthens():
    for shift in range(1, 7):
        for multiplier in range(2**shift + 1):
            neuron = IntegerLI(decay_multiplier=multiplier, decay_shift=shift, membrane_bits=8)
            membrane = np.arange(-128, 128)
            after = neuron.integrate(membrane, np.zeros(256, int))
            assert np.all(np.abs(after) <= np.abs(membrane))
            assert np.all(np.abs(after - membrane * (1 - multiplier / 2**shift)) <= 0.5)


def test_what_does_not_fit_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="40000 does not fit membrane_bits = 16; 17 would do"):
        IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=40000)
    with pytest.raises(ConfigurationError, match="decay_multiplier: must be at most"):
        IntegerLI(decay_multiplier=17, decay_shift=4)
    with pytest.raises(TypeError, match=r"threshold must be an integer, got 1\.5"):
        IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=1.5)
    with pytest.raises(ConfigurationError, match=r"a->b\.weights: must be from -8 to 7"):
        IntegerProjection(source="a", target="b", weights=[[8]], weight_bits=4)
    with pytest.raises(ConfigurationError, match="must be integers, got float64"):
        IntegerProjection(source="a", target="b", weights=[[0.5]])
    with pytest.raises(ConfigurationError, match=r"a->b.delay: must be from 0 to 63 steps, got 64"):
        IntegerProjection(source="a", target="b", weights=[[1]], delay=64)


def test_spikes_and_states_are_checked():
    network, _ = _random_network(0)
    simulation = IntegerSimulation(network)
    with pytest.raises(ShapeError, match=r"expected \(n_steps, 1, 11\) or \(n_steps, 11\)"):
        simulation.run(np.zeros((4, 10)))
    with pytest.raises(ConfigurationError, match="spikes: must be 0 or 1"):
        simulation.run(np.full((4, 11), 2))
    with pytest.raises(CheckpointError, match="does not fit this network and batch"):
        simulation.load_state_dict(IntegerSimulation(network, batch=2).state_dict())


def test_a_sum_that_could_exceed_32_bits_is_refused():
    source = IntegerPopulation("source", 65536, IntegerInput())
    target = IntegerPopulation("target", 1, IntegerLI(decay_multiplier=1, decay_shift=1))
    weights = scipy.sparse.csr_array(np.ones((65536, 1), int))
    wide = IntegerProjection(source="source", target="target", weights=weights, weight_bits=16)
    with pytest.raises(ConfigurationError, match="fan-in of neuron 0 could exceed 32 bits"):
        IntegerNetwork([source, target], [wide])
