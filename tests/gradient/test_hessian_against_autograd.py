"""The Hessian-vector product equals what HIPS autograd gets by differentiating its own gradient."""

import sys
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import sc_native
from sc_core import ALIF, LIF, Batch, CubaLIF, Network, Population, Projection
from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_gradient import GradientEngine, RatePenalty, Surrogate

sys.path.insert(0, str(Path(__file__).parent))
import dense_oracle
from test_engine_against_autograd import KERNELS, NEURONS, build, oracle_cross_entropy, sample

STEEP = Surrogate("fast_sigmoid", 5.0)


def engine_of(network, surrogate=STEEP, through_reset=False, loss="cross_entropy", rate_penalties=()):
    return GradientEngine(
        network, loss, surrogate, through_reset=through_reset, rate_penalties=rate_penalties
    )


def direction_of(network, seed=5):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=projection.n_synapses) for projection in network.projections]


def dense(network, direction):
    matrices = [np.zeros(projection.weights.shape) for projection in network.projections]
    for projection, matrix, values in zip(network.projections, matrices, direction, strict=True):
        matrix[projection.weights.nonzero()] = values
    return matrices


def oracle_product(network, batch, direction, surrogate, through_reset, loss=oracle_cross_entropy):
    spike = dense_oracle.spike_function(surrogate.name, surrogate.slope, surrogate.scale)

    def value(weights):
        outputs = dense_oracle.run(network, weights, batch.inputs, spike, through_reset)
        return loss(outputs[network.output_population.name], batch.targets)

    along = dense(network, direction)

    def slope(weights):
        pairs = zip(autograd.grad(value)(weights), along, strict=True)
        return sum(anp.sum(gradient * values) for gradient, values in pairs)

    weights = [projection.weights.toarray().astype(float) for projection in network.projections]
    products = autograd.grad(slope)(weights)
    places = [projection.weights.nonzero() for projection in network.projections]
    return [product[place] for product, place in zip(products, places, strict=True)]


def assert_products_equal(network, ours, theirs, tolerance):
    for projection, mine, its in zip(network.projections, ours, theirs, strict=True):
        scale = np.abs(its).max()
        assert scale > 0, f"{projection.name}: the comparison needs a product"
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance * scale, err_msg=projection.name)


def compare(network, batch, surrogate=STEEP, through_reset=False, tolerance=1e-9):
    engine, direction = engine_of(network, surrogate, through_reset), direction_of(network)
    _, gradients, products = engine.hessian_vector_product(batch, direction)
    expected = oracle_product(network, batch, direction, surrogate, through_reset)
    assert_products_equal(network, products, expected, tolerance)
    for gradient, first_order in zip(gradients, engine.loss_and_gradient(batch)[1], strict=True):
        np.testing.assert_allclose(
            gradient, first_order, rtol=tolerance, atol=tolerance * np.abs(first_order).max()
        )


@pytest.fixture(params=KERNELS, autouse=True)
def kernels(request, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", request.param)


@pytest.mark.parametrize("through_reset", [False, True], ids=["detached reset", "through reset"])
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_every_neuron_model(neuron, through_reset):
    compare(build(neuron), Batch(*sample(3)), through_reset=through_reset)


@pytest.mark.parametrize("name", ["fast_sigmoid", "arctan", "triangle"])
def test_every_surrogate(name):
    compare(build(NEURONS["ALIF"]), Batch(*sample(2)), Surrogate(name, 2.0, 1.7), through_reset=True)


@pytest.mark.parametrize("batch", [1, 5, 19])
def test_a_spiking_output_and_batch_sizes(batch):
    compare(build(NEURONS["CubaLIF"], output=LIF(tau=5.0)), Batch(*sample(batch)))


def test_spikes_as_bytes():
    inputs, labels = sample(4)
    compare(build(NEURONS["LIF"]), Batch((inputs > 0).astype(np.uint8), labels))


def test_a_single_recurrent_population_that_currents_drive():
    rng = np.random.default_rng(5)
    neurons = Population("neurons", 8, ALIF(tau=6.0, tau_adaptation=20.0))
    weights = rng.normal(0.1, 1.2, (8, 8)) * (rng.random((8, 8)) < 0.5)
    network = Network([neurons], [Projection(neurons, neurons, weights, delay=2)])
    compare(network, Batch(3 * rng.random((15, 3, 8)), rng.integers(0, 8, 3)), through_reset=True)


def test_single_precision():
    compare(build(NEURONS["CubaLIF"], np.float32), Batch(*sample(4)), Surrogate("arctan", 3.0), False, 1e-3)


def exponential_filter(signal, decay):
    steps, last = [], 0.0
    for now in signal:
        last = decay * last + now
        steps.append(last)
    return steps


def squared_filtered(outputs, targets):
    decay = np.exp(-1 / 20)
    filtered = exponential_filter(outputs, decay)
    return (
        sum(anp.sum(((1 - decay) * f - y) ** 2) for f, y in zip(filtered, targets, strict=True))
        / targets.size
    )


def van_rossum(outputs, targets):
    decay = np.exp(-1 / 20)
    squares = [
        anp.sum(d**2)
        for d in exponential_filter([o - y for o, y in zip(outputs, targets, strict=True)], decay)
    ]
    return ((1 - decay**2) * sum(squares[:-1]) + squares[-1]) / (2 * targets.shape[1])


def cross_entropy_of(scores, labels):
    return oracle_cross_entropy([scores], labels)


LOSSES = {
    "mean_square": (
        lambda out, y: sum(anp.sum((o - t) ** 2) for o, t in zip(out, y, strict=True)) / y.size,
        False,
    ),
    "mean_square_filtered": (squared_filtered, False),
    "van_rossum": (van_rossum, False),
    "cross_entropy_max": (lambda out, y: cross_entropy_of(anp.max(anp.array(out), axis=0), y), True),
    "cross_entropy_last": (lambda out, y: cross_entropy_of(out[-1], y), True),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss):
    oracle, labelled = LOSSES[loss]
    network, (inputs, labels) = build(NEURONS["LIF"]), sample(3)
    batch = Batch(inputs, labels if labelled else np.random.default_rng(2).normal(size=(14, 3, 3)))
    direction = direction_of(network)
    products = engine_of(network, loss=loss).hessian_vector_product(batch, direction)[2]
    assert_products_equal(
        network, products, oracle_product(network, batch, direction, STEEP, False, oracle), 1e-9
    )


def test_a_plain_callable_counts_by_its_error_signal():
    network, batch = build(NEURONS["LIF"]), Batch(sample(3)[0], np.zeros((14, 3, 3)))
    direction = direction_of(network)
    ours = engine_of(network, loss=lambda outputs, targets: 0.0).hessian_vector_product(batch, direction)[2]
    theirs = engine_of(network, loss="mean_square").hessian_vector_product(batch, direction)[2]
    for mine, its in zip(ours, theirs, strict=True):  # (o - y) / (T B) against 2 (o - y) / (T B n), n = 3
        np.testing.assert_allclose(mine, 1.5 * its, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("limits", [{"upper": 10.0}, {"lower": 400.0}])
def test_a_rate_penalty_on_a_hidden_population(limits):
    network, batch = build(NEURONS["LIF"]), Batch(*sample(3))
    penalty = RatePenalty(population="first", strength=1e-3, **limits)
    direction = direction_of(network)
    engine = engine_of(network, rate_penalties=[penalty])
    products = engine.hessian_vector_product(batch, direction)[2]
    spike = dense_oracle.spike_function(STEEP.name, STEEP.slope, STEEP.scale)

    def value(weights):
        outputs = dense_oracle.run(network, weights, batch.inputs, spike, False)
        rate = 1000 * anp.mean(anp.array(outputs["first"]))
        (limit,) = limits.values()
        return oracle_cross_entropy(outputs["readout"], batch.targets) + 1e-3 * (rate - limit) ** 2

    along = dense(network, direction)

    def slope(weights):
        pairs = zip(autograd.grad(value)(weights), along, strict=True)
        return sum(anp.sum(gradient * values) for gradient, values in pairs)

    theirs = autograd.grad(slope)([projection.weights.toarray() for projection in network.projections])
    places = [projection.weights.nonzero() for projection in network.projections]
    assert_products_equal(network, products, [t[p] for t, p in zip(theirs, places, strict=True)], 1e-9)


def test_a_rate_within_its_band_adds_nothing():
    network, batch = build(NEURONS["LIF"]), Batch(*sample(3))
    penalty = RatePenalty(population="first", strength=1.0, lower=1.0, upper=900.0)
    direction = direction_of(network)
    with_penalty = engine_of(network, rate_penalties=[penalty]).hessian_vector_product(batch, direction)
    without = engine_of(network).hessian_vector_product(batch, direction)
    for one, other in zip(with_penalty[2], without[2], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("through_reset", [False, True])
@pytest.mark.parametrize("neuron", NEURONS.values(), ids=NEURONS)
def test_the_hessian_is_symmetric(neuron, through_reset):
    network, batch = build(neuron), Batch(*sample(3))
    engine = engine_of(network, through_reset=through_reset)
    one, other = direction_of(network, 1), direction_of(network, 2)

    def form(left, right):
        products = engine.hessian_vector_product(batch, right)[2]
        return sum(float(a @ b) for a, b in zip(left, products, strict=True))

    assert form(one, other) == pytest.approx(form(other, one), rel=1e-9)


def test_where_no_spike_depends_on_the_weights_it_is_the_slope_of_the_gradient():
    """The readout's weights change no spike, so differences of the gradient converge to the product."""
    network, batch = build(NEURONS["ALIF"]), Batch(*sample(3))
    engine, readout = engine_of(network), network.projections[-1]
    direction = [np.zeros(projection.n_synapses) for projection in network.projections]
    direction[-1] = np.random.default_rng(0).normal(size=readout.n_synapses)
    product = engine.hessian_vector_product(batch, direction)[2]
    gradients = []
    for sign in (1, -1):
        readout.data += sign * 1e-5 * direction[-1]
        gradients.append(engine.loss_and_gradient(batch)[1])
        readout.data -= sign * 1e-5 * direction[-1]
    for mine, up, down in zip(product, *gradients, strict=True):
        np.testing.assert_allclose(mine, (up - down) / 2e-5, rtol=1e-6, atol=1e-8 * np.abs(mine).max())


def test_a_frozen_projection_has_no_product_and_no_say():
    network, batch = build(NEURONS["LIF"]), Batch(*sample(2))
    network.projections[2].trainable = False
    direction = direction_of(network)
    products = engine_of(network).hessian_vector_product(batch, direction)[2]
    assert not products[2].any()
    direction[2][:] = 0
    expected = oracle_product(network, batch, direction, STEEP, False)
    np.testing.assert_allclose(products[0], expected[0], rtol=1e-9, atol=1e-9 * np.abs(expected[0]).max())


def test_a_second_product_does_not_see_the_first():
    network = build(NEURONS["CubaLIF refractory"])
    engine, batch = engine_of(network), Batch(*sample(2))
    first = engine.hessian_vector_product(batch, direction_of(network))
    engine.hessian_vector_product(Batch(2 * sample(2)[0], sample(2)[1]), direction_of(network, 8))
    again = engine.hessian_vector_product(batch, direction_of(network))
    for part in (1, 2):
        for ours, theirs in zip(first[part], again[part], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_same_bits_for_any_thread_count(monkeypatch):
    if not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    network, batch = build(CubaLIF(tau_syn=3.0, tau_mem=9.0), np.float32), Batch(*sample(7))
    results = []
    for threads in ("1", "2", "3", "5"):
        monkeypatch.setenv("SC_THREADS", threads)
        results.append(engine_of(network).hessian_vector_product(batch, direction_of(network))[2])
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


class OnlyAGradient:
    def loss_and_gradient(self, outputs, targets):
        return 0.0, np.zeros_like(outputs)


def test_what_does_not_fit_is_refused_by_name():
    network, batch = build(NEURONS["LIF"]), Batch(*sample(2))
    with pytest.raises(ConfigurationError, match="OnlyAGradient has no method gradient_derivative"):
        engine_of(network, loss=OnlyAGradient()).hessian_vector_product(batch, direction_of(network))
    with pytest.raises(ShapeError, match="one per projection"):
        engine_of(network).hessian_vector_product(batch, direction_of(network)[1:])
    direction = direction_of(network)
    direction[3][0] = np.nan
    with pytest.raises(NumericalError, match=network.projections[3].name):
        engine_of(network).hessian_vector_product(batch, direction)
