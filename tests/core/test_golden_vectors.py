"""Every way to step a neuron against specs/golden/neurons.json, made in 50-digit arithmetic by other code."""

import json
from pathlib import Path

import numpy as np
import pytest

import sc_native
from sc_core import Network, Population
from sc_core.model import NEURONS
from sc_core.simulation import simulate

CASES = json.loads(
    (Path(__file__).parents[2] / "specs" / "golden" / "neurons.json").read_text(encoding="utf-8")
)["cases"]


def network(case):
    parameters = dict(case["neuron"])
    return Network([Population("p", 1, NEURONS[parameters.pop("model")](**parameters))], [], dt=case["dt"])


def name(case):
    return "-".join(str(value) for value in [*case["neuron"].values(), case["dt"]])


@pytest.mark.parametrize("case", CASES, ids=name)
def test_stepping(case):
    population = network(case).populations[0]
    output, membrane = [], []
    for current in case["current"]:
        output.append(population.step_all([current])[0])
        membrane.append(population.voltages[0])
    if population.spiking:
        assert output == case["output"]
        assert sum(output) > 0, "a golden vector without spikes would test little"
    np.testing.assert_allclose(membrane, case["membrane"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kernels", ["native", "reference"])
@pytest.mark.parametrize("case", CASES, ids=name)
def test_whole_sequences(case, kernels, monkeypatch):
    if kernels == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", kernels)
    output = simulate(network(case), np.array(case["current"])[:, None])["p"][:, 0]
    # A network without projections computes in single precision.
    np.testing.assert_allclose(output, case["output"], rtol=1e-5, atol=1e-6)
