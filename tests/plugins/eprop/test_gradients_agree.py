"""Three derivations of one gradient agree: traces step by step, windows in C, and the stored sequence run backwards.

The oracles hold the gradient against torch's; here the traces of the paper (NumPy) are the independent thing.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import sc_native
from sc_core import Batch, Input, Network, Population, Projection
from sc_core.simulation import simulate
from sc_gradient import RatePenalty
from sc_plugin_eprop import EpropLearner, online

sys.path.insert(0, str(Path(__file__).parent))
from eprop_networks import MODELS, build, sequences

needs_native = pytest.mark.skipif(
    not sc_native.available, reason="the compiled kernels are not installed: nothing to compare"
)


def gradients(monkeypatch, network, batch, kernels, mode, **options):
    name, threads = kernels
    monkeypatch.setenv("SC_KERNELS", name)
    monkeypatch.setenv("SC_THREADS", str(threads))
    learner = EpropLearner(network, mode=mode, surrogate="fast_sigmoid", surrogate_slope=2.0, **options)
    return learner.loss_and_gradient(batch)


def assert_agree(ours, theirs, tolerance=1e-12):
    assert ours[0] == pytest.approx(theirs[0], rel=tolerance)
    for mine, its in zip(ours[1], theirs[1], strict=True):
        largest = np.abs(its).max()
        assert largest > 0
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance * largest)


@needs_native
@pytest.mark.parametrize("options", [{}, {"through_reset": True}, {"feedback": "random"}], ids=str)
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_compiled_windows_are_the_traces_of_the_paper(neuron, options, monkeypatch):
    monkeypatch.setattr(online, "WINDOW", 7)
    batch = Batch(*sequences(3))
    reference = gradients(monkeypatch, build(neuron), batch, ("reference", 1), "online", **options)
    native = gradients(monkeypatch, build(neuron), batch, ("native", 1), "online", **options)
    assert_agree(native, reference)


@needs_native
@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_many_neurons(neuron, mode, monkeypatch):
    """More than the kernels take at once: 150 is two blocks of 64 and a rest."""
    batch = Batch(*sequences(2))
    reference = gradients(monkeypatch, build(neuron, n=150), batch, ("reference", 1), "online")
    assert_agree(gradients(monkeypatch, build(neuron, n=150), batch, ("native", 1), mode), reference)


@pytest.mark.parametrize("kernels", [pytest.param("native", marks=needs_native), "reference"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_a_stored_sequence_gives_the_same(neuron, kernels, monkeypatch):
    batch = Batch(*sequences(3))
    stored = gradients(monkeypatch, build(neuron), batch, (kernels, 1), "stored")
    traces = gradients(monkeypatch, build(neuron), batch, ("reference", 1), "online")
    assert_agree(stored, traces)


@needs_native
@pytest.mark.parametrize("density", [0.3, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["online", "stored"])
def test_the_same_bits_for_any_number_of_threads(mode, dtype, density, monkeypatch):
    results = []
    for threads in (1, 2, 3):
        network = build(MODELS["ALIF"], dtype, density, n=50)
        penalty = RatePenalty(population="hidden", strength=1e-4, upper=1.0, per_neuron=True)
        batch = Batch(*sequences(5))
        options = {"rate_penalties": [penalty]}
        loss, found = gradients(monkeypatch, network, batch, ("native", threads), mode, **options)
        results.append((loss, [gradient.tobytes() for gradient in found]))
    assert results[0] == results[1] == results[2]


@needs_native
def test_single_precision_agrees_on_the_same_spikes(monkeypatch):
    network, batch = build(MODELS["ALIF"], np.float32), Batch(*sequences(3))
    single = gradients(monkeypatch, network, batch, ("native", 1), "online")
    assert all(gradient.dtype == np.float32 for gradient in single[1])
    wide = build(MODELS["ALIF"])
    for one, other in zip(wide.projections, network.projections, strict=True):
        one.data[...] = other.data
    np.testing.assert_array_equal(
        simulate(network, batch.inputs)["hidden"], simulate(wide, batch.inputs)["hidden"]
    )
    assert_agree(single, gradients(monkeypatch, wide, batch, ("reference", 1), "online"), 1e-4)


@pytest.mark.parametrize("kernels", [pytest.param("native", marks=needs_native), "reference"])
def test_windows_of_any_length_give_the_same(kernels, monkeypatch):
    batch = Batch(*sequences(2))
    monkeypatch.setattr(online, "WINDOW", 30)
    whole = gradients(monkeypatch, build(MODELS["ALIF refractory"]), batch, (kernels, 1), "online")
    for length in (1, 2, 11):
        monkeypatch.setattr(online, "WINDOW", length)
        parts = gradients(monkeypatch, build(MODELS["ALIF refractory"]), batch, (kernels, 1), "online")
        assert_agree(parts, whole)


def test_a_single_synapse_by_hand(monkeypatch):
    """One spike at step 1 through one LIF neuron that never fires, onto one readout: every trace in closed form."""
    from sc_core import LI, LIF

    source, hidden, readout = Population("s", 1, Input()), Population("h", 1, LIF(tau=5.0)), None
    readout = Population("r", 1, LI(tau=10.0, r=2.0))
    network = Network(
        [source, hidden, readout], [Projection(source, hidden, [[0.5]]), Projection(hidden, readout, [[3.0]])]
    )
    inputs, target = np.zeros((6, 1)), np.ones((6, 1))
    inputs[1] = 1.0
    learner = EpropLearner(network, "mean_square", surrogate="triangle", surrogate_slope=1, surrogate_scale=1)
    loss, (onto_hidden, onto_readout) = learner.loss_and_gradient(Batch(inputs[:, None], target[:, None]))
    alpha, kappa = np.exp(-1 / 5.0), np.exp(-1 / 10.0)
    since = np.arange(5)
    eps = (1 - alpha) * alpha**since
    trace = (0.5 * eps) * eps  # psi = 1 - |u - 1| = u, u = 0.5 eps
    filtered = np.array([np.sum(kappa ** (t - since[: t + 1]) * trace[: t + 1]) for t in since])
    signal = 3.0 * (1 - kappa) * 2.0 * (2 * (0 - 1) / 6)
    assert loss == pytest.approx(1.0)
    assert onto_readout == pytest.approx([0.0], abs=0)
    np.testing.assert_allclose(onto_hidden, [np.sum(signal * filtered)], rtol=1e-12)
