"""The compiled forward pass agrees with the NumPy reference, and both with stepping population by population."""

import numpy as np
import pytest
import scipy.sparse

import sc_native
from sc_core import ALIF, LI, LIF, CubaLIF, Input, Network, Population, Projection, Simulation
from sc_core.simulation import simulate

NEURONS = {
    "LIF": LIF(tau=10.0),
    "LIF heterogeneous": LIF(tau=np.linspace(5, 30, 12), v_threshold=np.linspace(0.5, 1.5, 12), r=2.0),
    "LIF to value": LIF(tau=10.0, reset="to_value", v_reset=-0.5, v_leak=0.2),
    "LIF refractory": LIF(tau=10.0, refractory_steps=3),
    "CubaLIF": CubaLIF(tau_syn=4.0, tau_mem=12.0, w_in=0.3),
    "CubaLIF refractory": CubaLIF(tau_syn=4.0, tau_mem=12.0, refractory_steps=2, reset="to_value"),
    "ALIF": ALIF(tau=10.0, tau_adaptation=30.0),
    "ALIF refractory": ALIF(tau=10.0, tau_adaptation=30.0, refractory_steps=2),
}


def matrix(rng, n_source, n_target, density, scale, dtype):
    pattern = rng.random((n_source, n_target)) < density
    return scipy.sparse.csr_array(pattern * rng.normal(0, scale, pattern.shape)).astype(dtype)


def build(neuron, dtype=np.float64, *, driven_spiking=False):
    """A recurrent network with two delays, a skip connection and a dense and several sparse projections."""
    rng = np.random.default_rng(5)
    source = Population("source", 12, LIF(tau=5.0)) if driven_spiking else Population("source", 12, Input())
    first, second, readout = (
        Population("first", 12, neuron),
        Population("second", 12, neuron),
        Population("readout", 3, LI()),
    )
    return Network(
        [source, first, second, readout],
        [
            Projection(source, first, matrix(rng, 12, 12, 0.6, 6.0, dtype)),
            Projection(first, first, matrix(rng, 12, 12, 0.4, 4.0, dtype), delay=1),
            Projection(first, second, matrix(rng, 12, 12, 1.0, 5.0, dtype), delay=0),
            Projection(second, first, matrix(rng, 12, 12, 0.3, 4.0, dtype), delay=4),
            Projection(source, readout, matrix(rng, 12, 3, 0.5, 1.0, dtype), delay=2),
            Projection(second, readout, matrix(rng, 12, 3, 1.0, 1.0, dtype)),
        ],
    )


@pytest.fixture
def inputs():
    return np.random.default_rng(1).random((40, 5, 12)) * (np.random.default_rng(2).random((40, 5, 12)) < 0.3)


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
@pytest.mark.parametrize("driven_spiking", [False, True], ids=["input", "driven"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_native_agrees_with_reference(neuron, driven_spiking, dtype, tolerance, inputs, monkeypatch):
    network = build(neuron, dtype, driven_spiking=driven_spiking)
    gain = 30.0 if driven_spiking else 1.0
    monkeypatch.setenv("SC_KERNELS", "native")
    native = simulate(network, gain * inputs)
    monkeypatch.setenv("SC_KERNELS", "reference")
    reference = simulate(network, gain * inputs)
    assert 0.02 < native["second"].mean() < 0.9, "the comparison needs activity"
    for name in ("first", "second"):
        np.testing.assert_array_equal(native[name], reference[name], err_msg=name)
    np.testing.assert_allclose(native["readout"], reference["readout"], rtol=tolerance, atol=tolerance)


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
def test_same_bits_for_any_thread_count(inputs, monkeypatch):
    network = build(NEURONS["ALIF"], np.float32)
    results = []
    for threads in ("1", "2", "3", "7"):
        monkeypatch.setenv("SC_THREADS", threads)
        results.append(simulate(network, inputs)["readout"])
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


@pytest.mark.parametrize("kernels", ["native", "reference"])
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_sequences_agree_with_stepping(neuron, kernels, inputs, monkeypatch):
    if kernels == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", kernels)
    network = build(neuron)
    whole = simulate(network, inputs[:, 0])
    stepped = Simulation(network).run(inputs[:, 0])
    for name, output in whole.items():
        np.testing.assert_allclose(output, stepped[name], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("kernels", ["native", "reference"])
def test_a_delay_is_that_many_steps(kernels, monkeypatch):
    if kernels == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", kernels)
    source = Population("source", 1, Input())
    targets = [Population(f"target {delay}", 1, LIF()) for delay in range(4)]
    network = Network(
        [source, *targets],
        [Projection(source, target, [[100.0]], delay=delay) for delay, target in enumerate(targets)],
    )
    spikes = simulate(network, np.eye(8)[:, :1])
    for delay in range(4):
        assert np.flatnonzero(spikes[f"target {delay}"])[0] == delay


def test_a_rewired_projection_is_simulated_as_it_stands():
    source, target = Population("source", 2, Input()), Population("target", 2, LI())
    network = Network([source, target], [Projection(source, target, [[1.0, 0.0], [0.0, 1.0]])])
    before = network.run([[1.0, 0.0]])
    network.projections[0].rewire(prune=[0], grow=([0], [1], [1.0]))
    after = network.run([[1.0, 0.0]])
    np.testing.assert_array_equal(before[:, ::-1], after)
