"""e-prop's gradient equals that of torch's autograd where z is held constant between neurons, and nowhere else."""
# ruff: noqa: E402 - without torch, the imports below would fail before the skip gives its reason

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

torch = pytest.importorskip("torch", reason="torch is not installed; `tox run -e oracles` has it")

import sc_native
from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection
from sc_core.simulation import simulate
from sc_gradient import RatePenalty
from sc_plugin_eprop import EpropLearner, online

sys.path.insert(0, str(Path(__file__).parent))
import torch_network

SURROGATE = {"surrogate": "fast_sigmoid", "surrogate_slope": 2.0, "surrogate_scale": 0.7}
MODELS = {
    "LIF": LIF(tau=8.0),
    "LIF to value": LIF(tau=8.0, reset="to_value", v_reset=-0.3, v_leak=0.1, r=1.4),
    "LIF refractory": LIF(tau=8.0, refractory_steps=2),
    "LIF, parameters per neuron": LIF(tau=np.linspace(4, 20, 17), v_threshold=np.linspace(0.7, 1.3, 17)),
    "ALIF": ALIF(tau=8.0, tau_adaptation=15.0, v_reset=-0.2),
    "ALIF refractory": ALIF(tau=8.0, tau_adaptation=15.0, refractory_steps=3, v_leak=-0.1),
    "ALIF to value": ALIF(tau=8.0, tau_adaptation=15.0, reset="to_value", r=1.2),
    "CubaLIF refractory": CubaLIF(tau_syn=3.0, tau_mem=9.0, w_in=0.4, refractory_steps=3),
}


@pytest.fixture(
    params=["native-1", "native-2", "reference-1"], ids=["native", "native, 2 threads", "reference"]
)
def kernels(request, monkeypatch):
    """Both kernels, the compiled ones with one and with two threads; windows that do not divide a sequence."""
    name, threads = request.param.split("-")
    if name == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", name)
    monkeypatch.setenv("SC_THREADS", threads)
    monkeypatch.setattr(online, "WINDOW", 7)
    return request.param


def synapses(rng, n_source, n_target, density, strength, dtype=np.float64):
    pattern = rng.random((n_source, n_target)) < density
    pattern[0, 0] = True
    weights = rng.normal(0.2, 1.0, pattern.shape) * strength / np.sqrt(density * n_source)
    return scipy.sparse.csr_array(pattern * weights).astype(dtype)


def recurrent(neuron, delay=1, readout_delay=0, readout_tau=10.0, dt=1.0, dtype=np.float64):
    """One recurrent population that feeds an LI."""
    rng = np.random.default_rng(11)
    source, hidden = Population("source", 5, Input()), Population("hidden", 17, neuron)
    readout = Population("readout", 3, LI(tau=readout_tau, r=1.3, v_leak=0.2))
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, synapses(rng, 5, 17, 1.0, 14.0, dtype)),
            Projection(hidden, hidden, synapses(rng, 17, 17, 0.4, 6.0, dtype), delay=delay),
            Projection(hidden, readout, synapses(rng, 17, 3, 0.7, 4.0, dtype), delay=readout_delay),
        ],
        dt=dt,
    )


def sequences(batch, n_steps=26):
    rng = np.random.default_rng(3)
    active = rng.random((n_steps, batch, 5)) < 0.5
    return active * rng.random(active.shape), rng.integers(0, 3, batch)


def between_neurons_constant(feedback):
    """Deliver without a gradient to spiking neurons, and by the feedback weights back from the readout."""

    def deliver(projection, z, w):
        if projection.target.spiking:
            return z.detach() @ w
        back = w.detach() if feedback is None else feedback[projection.name]
        return z.detach() @ w + (z - z.detach()) @ back

    return deliver


def mean_loss_of_steps(outputs, batch, last):
    labels = torch.as_tensor(batch.targets)
    counted = outputs[-last:]
    return torch.nn.functional.cross_entropy(counted.flatten(0, 1), labels.repeat(last))


def mean_square(outputs, batch, last):
    return torch.nn.functional.mse_loss(outputs, torch.as_tensor(batch.targets))


def oracle(
    network, batch, loss=mean_loss_of_steps, last=9, through_reset=False, feedback=None, penalise=None
):
    weights = torch_network.dense_weights(network)
    surrogate = tuple(SURROGATE.values())
    outputs = torch_network.run(
        network,
        weights,
        batch.inputs,
        surrogate,
        through_reset,
        recorded=simulate(network, batch.inputs),
        deliver=between_neurons_constant(feedback),
    )
    value = loss(outputs[network.output_population.name], batch, last)
    if penalise is not None:
        value = value + penalise(outputs)
    gradients = torch.autograd.grad(value, weights)
    return value.item(), torch_network.at_synapses(network, gradients)


def assert_equal(network, ours, theirs, tolerance=1e-9):
    for projection, mine, its in zip(network.projections, ours, theirs, strict=True):
        largest = np.abs(its).max()
        assert largest > 0, f"{projection.name}: the comparison needs a gradient"
        np.testing.assert_allclose(
            mine, its, rtol=tolerance, atol=tolerance * largest / 1000, err_msg=projection.name
        )


def compare(network, batch, mode, loss_fn=None, **options):
    loss_fn = loss_fn or {"name": "cross_entropy_steps", "last": 9}
    through_reset = options.get("through_reset", False)
    learner = EpropLearner(network, loss_fn, mode=mode, **SURROGATE, **options)
    loss, gradients = learner.loss_and_gradient(batch)
    theirs = oracle(
        network,
        batch,
        mean_square if loss_fn == "mean_square" else mean_loss_of_steps,
        through_reset=through_reset,
    )
    assert loss == pytest.approx(theirs[0], rel=1e-9)
    assert_equal(network, gradients, theirs[1])


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_one_recurrent_population_that_feeds_a_readout(neuron, mode, batch, kernels):
    compare(recurrent(neuron), Batch(*sequences(batch)), mode)


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("name", ["LIF", "ALIF refractory", "ALIF to value"])
def test_a_gradient_through_the_reset(name, mode, kernels):
    compare(recurrent(MODELS[name]), Batch(*sequences(2)), mode, through_reset=True)


@pytest.mark.parametrize("mode", ["online", "stored"])
def test_regression_another_step_and_delays_beyond_a_window(mode, kernels):
    rng = np.random.default_rng(4)
    inputs, _ = sequences(2)
    network = recurrent(MODELS["ALIF"], delay=9, dt=0.7)
    compare(network, Batch(inputs, rng.normal(size=(26, 2, 3))), mode, loss_fn="mean_square")


def test_a_stored_sequence_takes_a_delayed_readout_with_several_time_constants(kernels):
    network = recurrent(MODELS["LIF"], readout_delay=3, readout_tau=[3.0, 10.0, 30.0])
    compare(network, Batch(*sequences(2)), "stored")


@pytest.mark.parametrize("mode", ["online", "stored"])
def test_several_populations_with_feedback_loops_and_spikes_as_bytes(mode, kernels):
    rng = np.random.default_rng(8)
    source = Population("source", 5, Input())
    one, two = Population("one", 12, MODELS["LIF refractory"]), Population("two", 9, MODELS["ALIF"])
    readout = Population("readout", 3, LI(tau=6.0))
    rows = [
        (source, one, 1.0, 14.0, 0),
        (one, two, 0.6, 8.0, 0),
        (two, one, 0.4, 5.0, 2),
        (two, two, 1.0, 5.0, 1),
        (source, readout, 1.0, 2.0, 1),
        (one, readout, 0.5, 4.0, 0),
        (two, readout, 1.0, 4.0, 0),
    ]
    network = Network(
        [source, one, two, readout],
        [Projection(a, b, synapses(rng, a.n, b.n, density, g), delay) for a, b, density, g, delay in rows],
    )
    inputs, labels = sequences(3)
    compare(network, Batch((inputs > 0).astype(np.uint8), labels), mode)


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("feedback", ["random", "adaptive"])
def test_feedback_weights_of_their_own(feedback, mode, kernels):
    network, batch = recurrent(MODELS["ALIF"]), Batch(*sequences(3))
    learner = EpropLearner(
        network, {"name": "cross_entropy_steps", "last": 9}, mode=mode, feedback=feedback, **SURROGATE
    )
    projection = network.projections[2]
    back = torch_network.tensor(
        scipy.sparse.csr_array(
            (projection.synapse_state["feedback"], projection.indices, projection.indptr), shape=(17, 3)
        ).toarray()
    )
    _, gradients = learner.loss_and_gradient(batch)
    _, theirs = oracle(network, batch, feedback={projection.name: back})
    assert_equal(network, gradients, theirs)
    _, symmetric = oracle(network, batch)
    assert np.abs(theirs[1] - symmetric[1]).max() > 0.1 * np.abs(theirs[1]).max()


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("per_neuron", [False, True])
def test_rate_penalties(per_neuron, mode, kernels):
    network, batch = recurrent(MODELS["ALIF"]), Batch(*sequences(3))
    penalty = RatePenalty(population="hidden", strength=1e-4, lower=40.0, upper=90.0, per_neuron=per_neuron)

    def penalise(outputs):
        rates = 1000 * outputs["hidden"].mean(dim=(0, 1) if per_neuron else None)
        too_much, too_little = torch.relu(rates - 90), torch.relu(40 - rates)
        assert (too_much > 0).any() or (too_little > 0).any()
        return 1e-4 * (too_much**2 + too_little**2).mean()

    options = {"rate_penalties": [penalty], **SURROGATE}
    learner = EpropLearner(network, {"name": "cross_entropy_steps", "last": 9}, mode=mode, **options)
    loss, gradients = learner.loss_and_gradient(batch)
    expected, theirs = oracle(network, batch, penalise=penalise)
    assert loss == pytest.approx(expected, rel=1e-9)
    assert_equal(network, gradients, theirs)


@pytest.mark.parametrize("mode", ["online", "stored"])
@pytest.mark.parametrize("name", ["LIF", "ALIF refractory"])
def test_single_precision_on_the_same_spikes(name, mode, kernels):
    network, batch = recurrent(MODELS[name], dtype=np.float32), Batch(*sequences(4))
    learner = EpropLearner(network, {"name": "cross_entropy_steps", "last": 9}, mode=mode, **SURROGATE)
    loss, gradients = learner.loss_and_gradient(batch)
    expected, theirs = oracle(network, batch)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert all(gradient.dtype == np.float32 for gradient in gradients)
    assert_equal(network, gradients, theirs, 1e-4)


@pytest.mark.parametrize("neuron", MODELS.values(), ids=MODELS)
def test_the_networks_are_neither_silent_nor_saturated(neuron):
    assert 0.03 < simulate(recurrent(neuron), sequences(16)[0])["hidden"].mean() < 0.5
