"""The tbptt learner beside the bptt learner, and in a run by its name."""

import csv

import numpy as np
import pytest

import sc_native
import sc_run
from sc_core import ALIF, LI, Input, Network, Population, Projection, registry

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]


def network():
    rng = np.random.default_rng(4)
    source, hidden = Population("source", 6, Input()), Population("hidden", 25, ALIF(tau=10.0))
    readout = Population("readout", 3, LI(tau=10.0))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, rng.normal(0, 4, (6, 25))),
            Projection(hidden, hidden, rng.normal(0, 1, (25, 25)), delay=2),
            Projection(hidden, readout, rng.normal(0, 1, (25, 3))),
        ],
    )


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_window_as_long_as_the_sequence_gives_the_bits_of_bptt(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    rng = np.random.default_rng(6)
    inputs, labels = rng.random((20, 5, 6)), rng.integers(0, 3, 5)
    results = []
    for name, options in (("bptt", {}), ("tbptt", {"k": 20}), ("tbptt", {"k": 21, "update": "sequence"})):
        net = network()
        learner = registry.create("learner", name, net, lr=0.01, optimiser="adam", **options)
        losses = [learner.train_step(inputs, labels) for _ in range(3)]
        results.append((losses, [projection.data.tobytes() for projection in net.projections]))
    for losses, weights in results[1:]:
        assert losses == results[0][0]
        assert weights == results[0][1]


def test_a_run_trains_with_it_by_name(tmp_path):
    config = {
        "seed": 7,
        "data": {"name": "digits", "test_fraction": 0.8, "encoder": {"name": "current", "n_steps": 12}},
        "network": {
            "populations": [
                {"name": "pixels", "n": 64, "neuron": "Input"},
                {"name": "hidden", "n": 32, "neuron": "LIF"},
                {"name": "digit", "n": 10, "neuron": "LI"},
            ],
            "projections": [
                {"source": "pixels", "target": "hidden"},
                {"source": "hidden", "target": "digit"},
            ],
        },
        "learner": {"name": "tbptt", "k": 5, "update": "window", "lr": 5e-2, "optimiser": "adam"},
        "callbacks": [{"name": "csv"}],
        "training": {"epochs": 3, "batch_size": 32},
    }
    folder = sc_run.train(config, output=tmp_path / "run", progress=False).folder
    rows = csv.DictReader((folder / "metrics.csv").read_text().splitlines())
    losses = [float(row["loss"]) for row in rows if row.get("loss")]
    assert losses[-1] < 0.5 * losses[0]
