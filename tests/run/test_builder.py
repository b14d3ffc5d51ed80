import numpy as np
import pytest

import sc_run
from sc_core.errors import ConfigurationError
from sc_run.builder import Drive, build_network, measure_drive
from sc_run.config import parse_config

_DRIVE = Drive(constant=0.25, fluctuating=0.1)


def build(table, folder, seed=3):
    return build_network(parse_config(table, folder).network, _DRIVE, np.random.default_rng(seed))


def test_the_network_is_as_described(config, tmp_path):
    config["network"]["projections"][0].update(in_degree=2, trainable=False)
    config["network"]["projections"][1].update(weight=0.5, delay=2, name="readout")
    config["network"]["dt"] = 0.5
    network = build(config, tmp_path)
    first, second = network.projections
    assert network.dt == 0.5
    assert [population.n for population in network.populations] == [6, 8, 3]
    assert first.n_synapses == 16
    assert not first.trainable
    assert (second.name, second.delay) == ("readout", 2)
    np.testing.assert_array_equal(second.data, np.full(24, 0.5, np.float32))


def test_the_generator_decides_the_weights(config, tmp_path):
    one, same, other = (build(config, tmp_path, seed).projections[0].data for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("topology", "n_synapses"),
    [
        ("dense", 64),
        ("one_to_one", 8),
        ({"name": "random", "in_degree": 2, "self_connections": False}, 16),
        ({"name": "ring", "neighbours": 2}, 16),
        ({"name": "small_world", "neighbours": 2, "rewiring_probability": 0.5}, 16),
        ({"name": "scale_free", "attachments": 1}, 14),
    ],
)
def test_topologies_by_name(config, tmp_path, topology, n_synapses):
    config["network"]["projections"].append(
        {"source": "hidden", "target": "hidden", "delay": 1, "topology": topology}
    )
    assert build(config, tmp_path).projections[2].n_synapses == n_synapses


def test_gain_scales_the_weights(config, tmp_path):
    config["network"]["populations"][1]["n"] = 4000
    for gain in (2.0, 6.0):
        config["network"]["projections"][0]["gain"] = gain
        deviation = build(config, tmp_path).projections[0].data.std() * np.sqrt(6)
        assert deviation == pytest.approx(gain, rel=0.02)


def test_measured_drive_separates_mean_and_fluctuation():
    spikes = (np.random.default_rng(5).random((400, 50, 20)) < 0.2).astype(np.uint8)
    drive = measure_drive(spikes)
    assert drive.fluctuating == pytest.approx(0.16, rel=0.02)
    assert drive.constant == pytest.approx(0.04, rel=0.05)


@pytest.mark.parametrize("row", [0, 1])
def test_default_weights_keep_the_network_alive(config, tmp_path, row):
    from sc_core.simulation import firing_rates

    config["network"]["populations"][1]["n"] = 200
    config["network"]["populations"][0]["n"] = 50
    rng = np.random.default_rng(6)
    inputs = (
        np.broadcast_to(rng.random((1, 30, 50)), (100, 30, 50)) if row else rng.random((100, 30, 50)) < 0.2
    )
    network = build_network(
        parse_config(config, tmp_path).network, measure_drive(inputs), np.random.default_rng(6)
    )
    rates = firing_rates(network, np.ascontiguousarray(inputs, dtype=np.float32))["hidden"]
    assert 1.0 < rates.mean() < 300.0


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"source": "pixel"}, "network.projections[0].source", ["pixel", "pixels, hidden, class"]),
        ({"density": 1.5}, "network.projections[0].density", ["[0, 1]"]),
        ({"in_degree": 7}, "network.projections[0].in_degree", ["7"]),
        ({"target": "pixels"}, "network.projections[0]", ["Input"]),
        ({"topology": {"name": "ring", "neighbours": 2}}, "network.projections[0].topology", ["6", "8"]),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(config, tmp_path, change, path, words):
    config["network"]["projections"][0].update(change)
    with pytest.raises(ConfigurationError) as caught:
        build(config, tmp_path)
    assert caught.value.path == path
    for word in words:
        assert word in caught.value.problem


def test_population_names_occur_once(config, tmp_path):
    config["network"]["populations"][1]["name"] = "pixels"
    with pytest.raises(ConfigurationError, match=r"network\.populations\[1\]\.name"):
        build(config, tmp_path)


@pytest.mark.parametrize(("index", "words"), [(0, ("7", "6 features")), (2, ("7", "3 classes"))])
def test_sizes_must_fit_the_data(config, workplace, index, words):
    config["network"]["populations"][index]["n"] = 7
    with pytest.raises(ConfigurationError) as caught:
        sc_run.train(config, output="run", progress=False)
    assert caught.value.path == f"network.populations[{index}].n"
    assert all(word in caught.value.problem for word in words)
    assert not (workplace / "run").exists()
