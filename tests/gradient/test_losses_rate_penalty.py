"""Rate penalties, against autograd and hand-made rates; also on a hidden population."""

import re

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import sc_native
from sc_core import LIF, Batch, Input, Network, Population, Projection
from sc_core.errors import ConfigurationError
from sc_core.simulation import firing_rates
from sc_gradient import GradientEngine, Optimiser, OptimiserOptions, RatePenalty, Surrogate, VanRossum

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]


def spikes(share, dtype=np.float64):
    trains = np.zeros((50, 4, 5), dtype)
    trains.reshape(-1)[: round(share * trains.size)] = 1.0
    return trains


BAND = RatePenalty(population="hidden", strength=0.01, lower=20.0, upper=60.0)


@pytest.mark.parametrize(
    ("share", "distance"), [(0.0, -20.0), (0.005, -10.0), (0.01, 0.0), (0.03, 0.0), (0.1, 140.0)]
)
def test_the_distance_from_the_band_is_in_hertz(share, distance):
    """At dt = 0.5 ms a share p of steps with a spike is a rate of 2000 p Hz."""
    value, gradient = BAND.loss_and_gradient(spikes(share), dt=0.5)
    assert value == pytest.approx(0.01 * distance**2, abs=1e-20)
    assert (np.sign(gradient) == np.sign(distance)).all()


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_the_gradient_equals_autograd(share):
    def oracle(trains):
        rate = 1000.0 / 1.5 * anp.mean(trains)
        return 0.01 * (anp.maximum(0.0, rate - 60.0) ** 2 + anp.maximum(0.0, 20.0 - rate) ** 2)

    value, gradient = BAND.loss_and_gradient(spikes(share), dt=1.5)
    expected, expected_gradient = autograd.value_and_grad(oracle)(spikes(share))
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12)
    assert BAND.loss_and_gradient(spikes(share, np.float32), dt=1.5)[1].dtype == np.float32


def test_each_neuron_has_its_own_rate():
    """The mean over neurons of what each one's distance from the band costs."""
    trains = (np.random.default_rng(0).random((50, 4, 5)) < [0.0, 0.01, 0.02, 0.05, 0.2]).astype(float)

    def oracle(trains):
        rates = 1000.0 / 1.5 * anp.mean(trains, axis=(0, 1))
        return 0.01 * anp.mean(anp.maximum(0.0, rates - 60.0) ** 2 + anp.maximum(0.0, 20.0 - rates) ** 2)

    penalty = RatePenalty(population="hidden", strength=0.01, lower=20.0, upper=60.0, per_neuron=True)
    value, gradient = penalty.loss_and_gradient(trains, dt=1.5)
    expected, expected_gradient = autograd.value_and_grad(oracle)(trains)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12)
    direction = np.random.default_rng(1).normal(size=trains.shape)
    along = autograd.jacobian(lambda step: autograd.grad(oracle)(trains + step * direction))(0.0)
    np.testing.assert_allclose(penalty.gradient_derivative(trains, 1.5, direction), along, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give one of them or both"),
        ({"lower": 20.0, "upper": 10.0}, "upper must be >= lower, 20.0, got 10.0"),
        ({"upper": -1.0}, "'upper' must be >= 0"),
        ({"upper": 1.0, "strength": 0.0}, "'strength' must be > 0"),
    ],
)
def test_impossible_bands_are_refused(options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        RatePenalty(**{"population": "hidden", "strength": 1.0, **options})


def network():
    rng = np.random.default_rng(8)
    source, hidden = Population("source", 3, Input()), Population("hidden", 6, LIF(tau=8.0))
    output = Population("output", 2, LIF(tau=8.0))
    return Network(
        [source, hidden, output],
        [
            Projection(source, hidden, rng.normal(0, 12.0, (3, 6))),
            Projection(hidden, hidden, rng.normal(0, 5.0, (6, 6)), delay=1),
            Projection(hidden, output, rng.normal(0, 9.0, (6, 2))),
        ],
        dt=0.5,
    )


def batch():
    rng = np.random.default_rng(9)
    return Batch(rng.random((20, 2, 3)), np.array([0, 1]))


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", ["hidden", "output"])
def test_the_engine_adds_penalties_to_loss_and_gradient(name, kernels, monkeypatch):
    """As if the penalty were the whole loss, added to the gradient without it: gradients are linear."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    penalty = RatePenalty(population=name, strength=0.1, upper=5.0)

    def run(loss, penalties):
        engine = GradientEngine(network(), loss, Surrogate(), through_reset=False, rate_penalties=penalties)
        return engine.loss_and_gradient(batch())

    without = run("cross_entropy", ())
    both = run("cross_entropy", [penalty, penalty])
    # On a network whose output is the penalised population, the penalty can be a loss of its own.
    alone = alone_loss_and_gradient(name, penalty)
    assert alone[0] > 0
    assert both[0] == pytest.approx(without[0] + 2 * alone[0], rel=1e-12)
    for mine, task, only in zip(both[1], without[1], alone[1], strict=True):
        np.testing.assert_allclose(mine, task + 2 * only, rtol=1e-9, atol=1e-9)
    assert np.abs(alone[1][0]).max() > 1e-3


def alone_loss_and_gradient(name, penalty):
    class Alone:
        def loss_and_gradient(self, outputs, targets):
            return penalty.loss_and_gradient(outputs, dt=0.5)

    parts = network()
    whole = Network(parts.populations, parts.projections, dt=0.5, outputs=name)
    return GradientEngine(whole, Alone(), Surrogate(), through_reset=False).loss_and_gradient(batch())


@pytest.mark.parametrize(("upper", "more"), [(1.0, False), (None, True)])
def test_training_brings_a_hidden_population_to_its_band(upper, more):
    net = network()
    band = RatePenalty(population="hidden", strength=1e-3, upper=upper, lower=None if upper else 900.0)
    engine = GradientEngine(net, "cross_entropy", Surrogate(), through_reset=False, rate_penalties=[band])
    optimiser = Optimiser(net, OptimiserOptions(optimiser="adam"))
    before = firing_rates(net, batch().inputs)["hidden"].mean()
    for _ in range(60):
        optimiser.update(engine.loss_and_gradient(batch())[1], lr=0.2)
    after = firing_rates(net, batch().inputs)["hidden"].mean()
    assert (after > 1.5 * before) if more else (after < 0.5 * before)


@pytest.mark.parametrize("name", ["source", "hiden"])
def test_a_population_without_spikes_is_refused_by_name(name):
    penalty = RatePenalty(population=name, strength=1.0, upper=10.0)
    with pytest.raises(
        ConfigurationError, match=f"no spiking population '{name}'; there are: hidden, output"
    ):
        GradientEngine(network(), "cross_entropy", Surrogate(), through_reset=False, rate_penalties=[penalty])


def test_a_loss_for_another_length_of_step_is_refused():
    GradientEngine(network(), "van_rossum", Surrogate(), through_reset=False)
    with pytest.raises(ConfigurationError, match=r"loss_fn.dt: must be that of the network, 0.5 ms, got 1.0"):
        GradientEngine(network(), VanRossum(), Surrogate(), through_reset=False)
