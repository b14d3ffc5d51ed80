"""``scn quantise`` on a run that a test makes up."""

import json

import attrs
import numpy as np
import pytest
from click.testing import CliRunner

from sc_core import LI, LIF, Batch, Input, Network, Population, Projection
from sc_core.errors import CheckpointError, ConfigurationError
from sc_hardware.commands.quantise import quantise
from sc_hardware.integer_network import IntegerSimulation
from sc_hardware.integer_network.storage import load


@attrs.frozen(eq=False)
class _Run:
    network: Network
    inputs: np.ndarray

    def batches(self, part):
        assert part == "test"
        outputs = self.network.run(self.inputs).sum(axis=0)
        for chosen in (slice(0, 6), slice(6, 10)):
            yield Batch(self.inputs[:, chosen], outputs[chosen].argmax(axis=1))


@pytest.fixture
def opened():
    rng = np.random.default_rng(2)
    pixels, hidden = Population("pixels", 12, Input()), Population("hidden", 20, LIF(refractory_steps=1))
    digit = Population("digit", 8, LI())
    network = Network(
        [pixels, hidden, digit],
        [
            Projection(pixels, hidden, rng.normal(3.0, 4.0, (12, 20))),
            Projection(hidden, digit, rng.normal(0.0, 1.0, (20, 8)), delay=2, name="read"),
        ],
    )
    return _Run(network, (rng.random((12, 10, 12)) < 0.3).astype(np.uint8))


def test_the_network_and_its_accuracy_are_written(opened, tmp_path):
    result = CliRunner().invoke(quantise, ["run", "--output", str(tmp_path)], obj=lambda folder: opened)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["accuracy_before"] == 1.0
    assert report["accuracy_after"] >= 0.7
    assert report["samples"] == 10
    assert "100.00 % before" in result.output
    network = load(tmp_path)
    summed = IntegerSimulation(network, batch=10).run(opened.inputs)["digit"].sum(axis=0)
    right = summed.argmax(axis=1) == opened.network.run(opened.inputs).sum(axis=0).argmax(axis=1)
    assert report["accuracy_after"] == right.mean()
    assert network.projections["read"].delay == 2
    assert network.populations["hidden"].neuron.refractory_steps == 1


def test_fewer_bits_cost_accuracy(opened, tmp_path):
    wide, narrow = (
        json.loads(CliRunner().invoke(quantise, [*options, "--json"], obj=lambda folder: opened).output)
        for options in (
            ["run", "--output", str(tmp_path / "wide"), "--weight-bits", "12", "--membrane-bits", "24"],
            ["run", "--output", str(tmp_path / "narrow"), "--weight-bits", "2"],
        )
    )
    assert wide["accuracy_after"] > narrow["accuracy_after"]


def test_bad_options_and_runs_are_refused(opened, tmp_path):
    def error(*options, run=opened):
        result = CliRunner().invoke(
            quantise, ["run", "--output", str(tmp_path / "out"), *options], obj=lambda folder: run
        )
        assert not (tmp_path / "out").exists()
        return result.exception

    assert isinstance(error("--weight-bits", "1"), ConfigurationError)
    assert "quantise.clip: must be > 0" in str(error("--clip", "0"))
    values = _Run(opened.network, opened.inputs * np.float32(0.5))
    assert "train with the rate or latency encoder" in str(error(run=values))


def test_damaged_files_are_refused(opened, tmp_path):
    CliRunner().invoke(quantise, ["run", "--output", str(tmp_path)], obj=lambda folder: opened)
    whole = (tmp_path / "weights.npz").read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", None):
        (tmp_path / "weights.npz").unlink()
        if damaged is not None:
            (tmp_path / "weights.npz").write_bytes(damaged)
        with pytest.raises(CheckpointError, match="not a network in whole numbers"):
            load(tmp_path)
        (tmp_path / "weights.npz").write_bytes(whole)
    (tmp_path / "network.json").write_text('{"version": "other"}')
    with pytest.raises(CheckpointError, match="version 'other'"):
        load(tmp_path)
