"""Optimisers against the published algorithms written out for one number, and against a closed form."""

import math

import numpy as np
import pytest

from sc_core import LI, Input, Network, Population, Projection
from sc_gradient import Optimiser, OptimiserOptions


def network(weights=(1.0, -2.0), trainable=True, dtype=np.float64):
    source, target = Population("source", 1, Input()), Population("target", len(weights), LI())
    matrix = np.array([weights], dtype)
    return Network([source, target], [Projection(source, target, matrix, trainable=trainable)])


GRADIENTS = np.random.default_rng(0).normal(size=(12, 2))


def adam_by_hand(w, gradients, lr, decay):
    """Kingma & Ba 2015, algorithm 1; with decoupled decay as in Loshchilov & Hutter 2019, algorithm 2."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g * g
        w = w - lr * decay * w
        w = w - lr * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.99**t)) + 1e-8)
    return w


@pytest.mark.parametrize(("name", "decay"), [("adam", 0.0), ("adamw", 0.3)])
def test_adam(name, decay):
    net = network()
    optimiser = Optimiser(net, OptimiserOptions(optimiser=name, beta_2=0.99, weight_decay=decay))
    for gradient in GRADIENTS:
        optimiser.update([gradient], lr=0.05)
    expected = [adam_by_hand(w, GRADIENTS[:, i], 0.05, decay) for i, w in enumerate((1.0, -2.0))]
    np.testing.assert_allclose(net.projections[0].data, expected, rtol=1e-12)


def test_momentum_has_the_closed_form_of_a_constant_gradient():
    net = network()
    optimiser = Optimiser(net, OptimiserOptions(momentum=0.8))
    for _ in range(7):
        optimiser.update([np.array([1.0, -3.0])], lr=0.1)
    # the k-th step moves by lr g (1 - 0.8^k) / (1 - 0.8)
    distance = 0.1 * sum((1 - 0.8**k) / 0.2 for k in range(1, 8))
    np.testing.assert_allclose(net.projections[0].data, [1 - distance, -2 + 3 * distance], rtol=1e-12)


def test_clipping_scales_all_projections_together():
    source = Population("source", 1, Input())
    targets = [Population(name, 1, LI()) for name in ("left", "right")]
    projections = [Projection(source, target, [[1.0]]) for target in targets]
    net = Network([source, *targets], projections)
    for limit, moved in ((1.0, (0.6, 0.8)), (10.0, (3.0, 4.0))):
        before = [float(projection.data[0]) for projection in projections]
        Optimiser(net, OptimiserOptions(clip_norm=limit)).update([np.array([3.0]), np.array([4.0])], lr=1.0)
        after = [float(projection.data[0]) for projection in projections]
        np.testing.assert_allclose(np.subtract(before, after), moved)


def test_a_frozen_projection_stays():
    net = network(trainable=False)
    Optimiser(net, OptimiserOptions()).update([np.ones(2)], lr=1.0)
    assert net.projections[0].data.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_a_restored_optimiser_continues_bit_for_bit(name):
    options = OptimiserOptions(optimiser=name, momentum=0.5, weight_decay=0.1)
    first, second = network(), network()
    one, two = Optimiser(first, options), Optimiser(second, options)
    for gradient in GRADIENTS[:5]:
        one.update([gradient], lr=0.1)
    second.load_state_dict(first.state_dict())
    two.load_state_dict(one.state_dict())
    for gradient in GRADIENTS[5:]:
        one.update([gradient], lr=0.1)
        two.update([gradient], lr=0.1)
    assert first.projections[0].data.tobytes() == second.projections[0].data.tobytes()


def test_moments_travel_with_their_synapse_when_the_pattern_changes():
    net = network()
    optimiser = Optimiser(net, OptimiserOptions(optimiser="adam"))
    optimiser.update([np.array([1.0, 5.0])], lr=0.1)
    net.projections[0].rewire(prune=[0])
    assert net.projections[0].synapse_state["first_moment"].tolist() == pytest.approx([0.5])
    optimiser.update([np.array([5.0])], lr=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"weight_min": -1.0}, [3.0, -1.0, 0.25]),
        ({"weight_max": 2.0}, [2.0, -3.0, 0.25]),
        ({"weight_min": -2.5, "weight_max": 0.125}, [0.125, -2.5, 0.125]),
    ],
)
def test_weights_are_clipped_to_their_bounds_after_each_update(options, expected, dtype):
    net = network((1.0, -2.0, 0.25), dtype=dtype)
    Optimiser(net, OptimiserOptions(**options)).update([np.array([-2.0, 1.0, 0.0], dtype)], lr=1.0)
    assert net.projections[0].data.tolist() == expected
    assert net.projections[0].data.dtype == dtype


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_no_weight_crosses_zero_where_the_sign_is_kept(name):
    rng = np.random.default_rng(5)
    initial = rng.normal(0, 0.3, 40)
    kept, free = network(initial), network(initial)
    optimisers = [
        Optimiser(net, OptimiserOptions(optimiser=name, keep_sign=sign))
        for net, sign in ((kept, True), (free, False))
    ]
    for _ in range(30):
        gradient = rng.normal(0, 1.0, 40)
        for optimiser in optimisers:
            optimiser.update([gradient], lr=0.1)
    weights = kept.projections[0].data
    assert (weights * np.sign(initial) >= 0).all()
    assert (weights == 0).any()
    assert (weights != 0).any()
    assert (free.projections[0].data * np.sign(initial) < 0).any()


def test_a_weight_that_stopped_at_zero_may_return_to_its_own_side_only():
    net = network((0.5, -0.5))
    optimiser = Optimiser(net, OptimiserOptions(keep_sign=True))
    seen = []
    for gradient in ([1.0, -1.0], [1.0, -1.0], [-0.25, 0.25]):
        optimiser.update([np.array(gradient)], lr=1.0)
        seen.append(net.projections[0].data.tolist())
    assert seen == [[0.0, 0.0], [0.0, 0.0], [0.25, -0.25]]


def test_a_zero_weight_takes_the_sign_of_where_it_first_moves():
    net = network((1.0, 1.0))
    net.projections[0].data[1] = 0.0
    optimiser = Optimiser(net, OptimiserOptions(keep_sign=True))
    for gradient in ([0.0, 2.0], [0.0, -5.0]):
        optimiser.update([np.array(gradient)], lr=1.0)
    assert net.projections[0].data.tolist() == [1.0, 0.0]


def test_signs_travel_with_their_synapse_and_grown_ones_get_that_of_their_weight():
    net = network((1.0, -2.0, 0.5))
    optimiser = Optimiser(net, OptimiserOptions(keep_sign=True))
    projection = net.projections[0]
    projection.rewire(prune=[0])
    projection.rewire(grow=([0], [0], [-0.25]))  # in the place of the positive one
    optimiser.update([np.array([-9.0, -9.0, 9.0])], lr=1.0)
    assert projection.data.tolist() == [0.0, 0.0, 0.0]
    assert projection.synapse_state["sign"].tolist() == [-1, -1, 1]


def test_signs_that_someone_registered_are_the_ones_kept():
    net = network((1.0, 1.0))
    net.projections[0].register("sign", [-1, 1], np.int8)
    optimiser = Optimiser(net, OptimiserOptions(keep_sign=True))
    optimiser.update([np.zeros(2)], lr=1.0)
    assert net.projections[0].data.tolist() == [0.0, 1.0]


def test_a_second_optimiser_keeps_the_signs_of_the_first():
    net = network((0.5, -0.5))
    Optimiser(net, OptimiserOptions(keep_sign=True)).update([np.array([1.0, 0.0])], lr=1.0)
    Optimiser(net, OptimiserOptions(keep_sign=True)).update([np.array([1.0, 0.0])], lr=1.0)
    assert net.projections[0].data.tolist() == [0.0, -0.5]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"momentum": 1.0}, "momentum"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"optimiser": "lion"}, "optimiser"),
        ({"weight_min": 1.0, "weight_max": 1.0}, "weight_max must be > weight_min, 1.0, got 1.0"),
    ],
)
def test_impossible_options_are_refused_by_name(options, words):
    with pytest.raises(ValueError, match=words):
        OptimiserOptions(**options)
