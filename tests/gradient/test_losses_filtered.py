"""Losses on filtered spikes, against convolution by matrices, closed forms and numerical integration."""

import math

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from scipy.integrate import quad

from sc_core.errors import ShapeError
from sc_gradient import FilteredMeanSquare, VanRossum

DT, TAU = 0.5, 3.0


def spike_trains(seed, shape=(11, 4, 3)):
    return (np.random.default_rng(seed).random(shape) < 0.3).astype(float)


def filter_matrix(n_steps):
    """Row t holds exp(-(t - s) dt / tau) for every s <= t."""
    lag = np.subtract.outer(np.arange(n_steps), np.arange(n_steps)) * DT
    return np.where(lag >= 0, np.exp(-np.abs(lag) / TAU), 0.0)


def test_filtered_mean_square_equals_autograd_on_the_convolution():
    out, target = spike_trains(0), np.random.default_rng(1).random((11, 4, 3))
    gain = 1 - math.exp(-DT / TAU)

    def oracle(out):
        return anp.mean((gain * anp.einsum("ts,sbn->tbn", filter_matrix(11), out) - target) ** 2)

    loss, gradient = FilteredMeanSquare(TAU, DT).loss_and_gradient(out, target)
    expected, expected_gradient = autograd.value_and_grad(oracle)(out)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-16)


def test_the_filter_leaves_a_constant_as_it_is():
    ones = np.ones((400, 1, 1))
    loss, _ = FilteredMeanSquare(TAU, DT).loss_and_gradient(ones, ones)
    # f = 1 - lambda^(t + 1), so that the squared differences are a geometric series
    assert loss == pytest.approx(1 / (math.exp(2 * DT / TAU) - 1) / 400, rel=1e-12)


def van_rossum_by_integration(times, target_times):
    """The definition, with continuous traces, by numerical integration."""

    def squared_difference(t):
        traces = [sum(math.exp(-(t - s) / TAU) for s in train if s <= t) for train in (times, target_times)]
        return (traces[0] - traces[1]) ** 2

    jumps = sorted({0.0, *times, *target_times})
    pieces = zip(jumps, [*jumps[1:], jumps[-1] + 60 * TAU], strict=True)
    return sum(quad(squared_difference, *piece, epsabs=1e-13)[0] for piece in pieces) / TAU


def test_van_rossum_equals_the_integral():
    out, target = spike_trains(2), spike_trains(3)
    expected = np.zeros(4)
    for sequence in range(4):
        for neuron in range(3):
            times, target_times = (
                (DT * np.flatnonzero(trains[:, sequence, neuron])).tolist() for trains in (out, target)
            )
            expected[sequence] += van_rossum_by_integration(times, target_times)
    loss, _ = VanRossum(TAU, DT).loss_and_gradient(out, target)
    assert loss == pytest.approx(expected.mean(), rel=1e-9)


def test_van_rossum_gradient_equals_autograd_on_pairs_of_spikes():
    """D² is a quadratic form: spikes s and t interact by exp(-|t - s| / tau) / 2."""
    out, target = spike_trains(4), spike_trains(5)
    kernel = 0.5 * np.exp(-np.abs(np.subtract.outer(np.arange(11), np.arange(11))) * DT / TAU)

    def oracle(out):
        d = out - target
        return anp.einsum("sbn,st,tbn->", d, kernel, d) / 4

    loss, gradient = VanRossum(TAU, DT).loss_and_gradient(out, target)
    expected, expected_gradient = autograd.value_and_grad(oracle)(out)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("step", [0, 7, 10])
def test_an_additional_spike_costs_a_half_wherever_it_is(step):
    out = np.zeros((11, 1, 1))
    out[step] = 1.0
    assert VanRossum(TAU, DT).loss_and_gradient(out, np.zeros_like(out))[0] == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("moved", [1, 5])
def test_a_moved_spike_costs_what_its_distance_says(moved):
    out, target = np.zeros((2, 11, 1, 1))
    out[3] = target[3 + moved] = 1.0
    loss = VanRossum(TAU, DT).loss_and_gradient(out, target)[0]
    assert loss == pytest.approx(1 - math.exp(-moved * DT / TAU), rel=1e-12)


@pytest.mark.parametrize("loss", [FilteredMeanSquare(), VanRossum()])
def test_targets_of_another_shape_are_refused_with_both(loss):
    with pytest.raises(ShapeError, match=r"targets have shape \(4,\), expected .* \(11, 4, 3\)"):
        loss.loss_and_gradient(spike_trains(0), np.zeros(4, dtype=int))
