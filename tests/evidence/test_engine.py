"""Emitted engines in three simulators, against the integer model: spikes, weights, traces, membranes; no mismatch.

Networks are random: empty and full rows, loops, delays, several rules, no spikes at all and nothing but spikes; the
receiver is not ready at random, input spikes come in any order and some of them twice.
"""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from random_networks import large_network, random_network, rewards_for

from sc_core import registry
from sc_hardware.integer_network import IntegerNetwork, IntegerSimulation
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.operations import Operation, run_of, state_words, steps_of
from sc_hardware.verification import ghdl, icarus, verilator
from sc_hardware.verification.programs import ProgramFailed
from sc_hardware.verification.simulate_engine import simulate_engine


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return tmp_path_factory.mktemp("verilator")


def random_engine(seed, *, n_steps=25, read_during_write="old", **options):
    """Return an engine of a random network and a run of it."""
    rng = np.random.default_rng(seed)
    network, sends = random_network(rng, **options)
    design = HardwareDesign.from_network(network, sends=sends, read_during_write=read_during_write)
    activity = rng.choice([0.0, 0.1, 0.5, 1.0], p=[0.1, 0.4, 0.3, 0.2])
    spikes = rng.random((n_steps, network.populations[network.inputs].n)) < activity
    return design, run_of(design, spikes, rewards_for(network, rng, n_steps), rng=rng)


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_in_icarus(seed, tmp_path):
    design, operations = random_engine(seed)
    assert simulate_engine("icarus", design, operations, tmp_path, stalls=100) == len(operations)


@pytest.mark.parametrize("seed", [0, 2])
def test_random_networks_in_ghdl(seed, tmp_path):
    design, operations = random_engine(seed)
    assert simulate_engine("ghdl", design, operations, tmp_path, stalls=100) == len(operations)


def test_a_random_network_in_verilator(tmp_path, runtime):
    design, operations = random_engine(4)
    done = simulate_engine("verilator", design, operations, tmp_path, stalls=100, runtime=runtime)
    assert done == len(operations)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 250))
def test_many_random_networks_in_icarus(seed, tmp_path):
    design, operations = random_engine(seed, n_steps=40)
    stalls = [0, 100, 230][seed % 3]
    assert simulate_engine("icarus", design, operations, tmp_path, stalls=stalls) == len(operations)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 320))
def test_many_random_networks_in_ghdl(seed, tmp_path):
    design, operations = random_engine(seed, n_steps=40)
    assert simulate_engine("ghdl", design, operations, tmp_path, stalls=100) == len(operations)


def large_engine(n_inputs, n_hidden, density, n_steps):
    """Return an engine and a run with silence, few spikes, many, and nothing but spikes; and its synapse steps."""
    rng = np.random.default_rng(1)
    design = HardwareDesign.from_network(large_network(rng, n_inputs, n_hidden, density))
    activity = np.resize(np.repeat([0.0, 0.02, 0.3, 1.0], 5), n_steps)
    spikes = rng.random((n_steps, n_inputs)) < activity[:, None]
    rewards = rewards_for(design.layout.network, rng, n_steps)
    synapses = sum(p.n_synapses for p in design.layout.projections)
    return design, run_of(design, spikes, rewards, rng=rng), synapses * n_steps


@pytest.mark.slow
@pytest.mark.parametrize("simulator", ["icarus", "ghdl"])
def test_a_million_synapse_steps(simulator, tmp_path):
    design, operations, synapse_steps = large_engine(100, 100, 0.3, 150)
    assert synapse_steps > 1e6
    assert simulate_engine(simulator, design, operations, tmp_path, stalls=60) == len(operations)


@pytest.mark.slow
def test_a_billion_synapse_steps(tmp_path, runtime):
    design, operations, synapse_steps = large_engine(1000, 1000, 0.05, 2510)
    assert synapse_steps > 1e9
    done = simulate_engine("verilator", design, operations, tmp_path, stalls=60, runtime=runtime)
    assert done == len(operations)


@pytest.mark.slow
def test_4096_neurons(tmp_path, runtime):
    design, operations, _ = large_engine(4096, 4096, 0.002, 60)
    done = simulate_engine("verilator", design, operations, tmp_path, stalls=60, runtime=runtime)
    assert done == len(operations)


@pytest.mark.parametrize("read_during_write", ["new", "unknown"])
@pytest.mark.parametrize("seed", [20, 33])
def test_what_a_memory_reads_while_it_writes_does_not_matter(seed, read_during_write, tmp_path):
    design, operations = random_engine(seed, read_during_write=read_during_write)
    assert simulate_engine("icarus", design, operations, tmp_path, stalls=100) == len(operations)


@pytest.mark.parametrize("kind", ["expect_spike", "expect_word", "expect_done"])
def test_a_wrong_expectation_is_a_mismatch(kind, tmp_path):
    design, operations = random_engine(4)
    place = [o.kind for o in operations].index(kind)
    changed = {"expect_spike": {"address": 0}, "expect_word": {"data": 0xFFFF}, "expect_done": {"data": 3}}
    wrong = attrs.evolve(operations[place], **changed[kind])
    assert wrong != operations[place]
    with pytest.raises(ProgramFailed, match=rf"(?s)MISMATCH at operation {place}: .*FAIL"):
        simulate_engine("icarus", design, [*operations[:place], wrong, *operations[place + 1 :]], tmp_path)


def test_a_lost_and_a_doubled_spike_are_mismatches(tmp_path):
    design, operations = random_engine(4)
    place = [o.kind for o in operations].index("expect_spike")
    for changed in (
        [*operations[:place], *operations[place + 1 :]],
        [*operations[:place], operations[place], *operations[place:]],
    ):
        with pytest.raises(ProgramFailed, match="FAIL"):
            simulate_engine("icarus", design, changed, tmp_path)


@pytest.mark.parametrize("seed", [10, 24])
def test_engines_are_clean_to_every_linter(seed, tmp_path):
    design, _ = random_engine(seed)
    files = {}
    for language in ("verilog", "vhdl"):
        files[language] = list(registry.create("hdl", language).emit(design))
        for name, text in registry.create("hdl", language).emit(design).items():
            (tmp_path / name).write_text(text)
    icarus.lint(files["verilog"], tmp_path, top=design.name)
    verilator.lint(files["verilog"], tmp_path, top=design.name)
    ghdl.lint(files["vhdl"], tmp_path)


@pytest.mark.parametrize("seed", [4, 9, 12, 52])
def test_frozen_steps_are_not_learned_from(seed, tmp_path):
    rng = np.random.default_rng(seed)
    network, sends = random_network(rng)
    design = HardwareDesign.from_network(network, sends=sends)
    assert design.layout.learning
    spikes = rng.random((40, network.populations[network.inputs].n)) < 0.4
    frozen = np.repeat(rng.random(20) < 0.6, 2)
    frozen[-1] = False  # else nothing is outstanding, and the words of the last spikes are not empty
    operations = run_of(design, spikes, rewards_for(network, rng, 40), frozen=frozen)
    assert operations != run_of(design, spikes, rewards_for(network, rng, 40))
    assert simulate_engine("icarus", design, operations, tmp_path) == len(operations)


@pytest.mark.parametrize("seed", [4, 14])
def test_the_host_loads_weights_and_clears_between_sequences(seed, tmp_path):
    rng = np.random.default_rng(seed)
    network, sends = random_network(rng, learning=0.0)
    design = HardwareDesign.from_network(network, sends=sends)
    others = {}
    for name, projection in network.projections.items():
        moved = projection.weights.copy()
        moved.data = -(moved.data // 2)
        others[name] = attrs.evolve(projection, weights=moved)
    changed = IntegerNetwork(network.populations.values(), others.values(), outputs=network.outputs)
    loaded = HardwareDesign.from_network(changed, sends=sends)
    words = loaded.images()["weights"]
    operations = [Operation("write", design.host_address("weights", k), int(w)) for k, w in enumerate(words)]
    for _ in range(3):
        simulation = IntegerSimulation(changed)
        spikes = rng.random((15, network.populations[network.inputs].n)) < 0.5
        operations += [Operation("clear"), Operation("expect_done", 0, 10_000)]
        operations += steps_of(loaded, simulation, spikes)
    operations += state_words(loaded, simulation)
    operations.append(Operation("end"))
    assert simulate_engine("icarus", design, operations, tmp_path) == len(operations)
