"""The EWC layer: importance and pull in closed form."""

import numpy as np
import pytest

from sc_core.errors import CheckpointError, ConfigurationError
from sc_plugin_ewc import EWC_SCLayer

W, STAR = np.array([[0.2, 0.9], [0.0, 0.5]]), np.array([[0.4, 0.5], [0.6, 1.0]])


def set_weights(layer, weights):
    for synapses, row in zip(layer.synapses, weights, strict=True):
        for synapse, w in zip(synapses, row, strict=True):
            synapse.w = w


def moved(strength, **options):
    """A layer that was consolidated at STAR and then went to W."""
    layer = EWC_SCLayer(2, 2, length=8, base_seed=0, ewc_lambda=strength, **options)
    set_weights(layer, STAR)
    layer.consolidate_task()
    set_weights(layer, W)
    return layer


def test_the_documented_importance_is_the_weight():
    layer = moved(10.0)
    np.testing.assert_array_equal(layer.fisher_info, STAR)
    np.testing.assert_array_equal(layer.star_weights, STAR)
    set_weights(layer, W)
    layer.consolidate_task()
    np.testing.assert_array_equal(layer.fisher_info, W)
    layer.synapses[0][0].w = 0.7
    assert layer.star_weights[0, 0] == W[0, 0]


def test_a_negative_weight_has_a_positive_importance():
    layer = EWC_SCLayer(1, 1, -1.0, 1.0, base_seed=0)
    layer.synapses[0][0].w = -0.5
    layer.consolidate_task()
    assert layer.fisher_info == [[0.5]]


def test_the_penalty_is_returned_as_documented():
    for pull in ("implicit", "explicit"):
        layer = moved(10.0, pull=pull)
        assert layer.apply_ewc_penalty() == pytest.approx(np.abs(STAR * (W - STAR)).sum())
        smaller = layer.apply_ewc_penalty()
        assert smaller == pytest.approx(np.abs(STAR * (moved_weights(pull, 0.1) - STAR)).sum())


def moved_weights(pull, stretch):
    if pull == "explicit":
        return np.clip(W - stretch * STAR * (W - STAR), 0, 1)
    return (W + stretch * STAR * STAR) / (1 + stretch * STAR)


@pytest.mark.parametrize("pull", ["implicit", "explicit"])
@pytest.mark.parametrize("stretch", [0.0, 0.1, 1.0, 5.0])
def test_the_pull_in_closed_form(pull, stretch):
    layer = moved(10.0, pull=pull)
    layer.apply_ewc_penalty(step_size=stretch / 10)
    np.testing.assert_allclose(layer.get_weights(), moved_weights(pull, stretch), rtol=1e-12)


def test_the_two_pulls_agree_for_small_steps():
    layers = [moved(10.0, pull=pull) for pull in ("implicit", "explicit")]
    for layer in layers:
        layer.apply_ewc_penalty(step_size=1e-6)
    changes = [layer.get_weights() - W for layer in layers]
    np.testing.assert_allclose(*changes, rtol=1e-4)


@pytest.mark.parametrize("strength", [3.0, 1e6, 1e300])
def test_the_implicit_pull_never_goes_beyond(strength):
    layer = moved(strength)
    layer.apply_ewc_penalty(step_size=1e6)
    now = layer.get_weights()
    assert np.isfinite(now).all()
    assert (np.abs(now - STAR) <= np.abs(W - STAR)).all()
    np.testing.assert_allclose(now, STAR, atol=1e-5)


def test_nothing_is_pulled_before_the_first_task_ends():
    layer = EWC_SCLayer(3, 2, length=8, base_seed=0)
    before = layer.get_weights()
    assert layer.apply_ewc_penalty(step_size=100.0) == 0.0
    np.testing.assert_array_equal(layer.get_weights(), before)


def informed(length=4000, bounds=(0.0, 1.0)):
    """A layer without learning, its inputs on always, half the time and never."""
    layer = EWC_SCLayer(3, 1, *bounds, learning_rate=0.0, length=length, base_seed=0, importance="fisher")
    layer.run_epoch([1.0, 0.5, 0.0])
    return layer


def test_the_fisher_information_is_that_of_the_bits():
    """It is the variance of the score, the derivative of the log-likelihood of a bit, by its own definition."""
    layer = informed()
    set_weights(layer, [[0.2, 0.3, 0.5]])
    layer.consolidate_task()
    rng = np.random.default_rng(0)
    on = rng.random((200_000, 3)) < [1.0, 0.5, 0.0]
    p = np.array([0.2, 0.3, 0.5])
    bits = rng.random(on.shape) < p
    score = np.where(on, np.where(bits, 1 / p, -1 / (1 - p)), 0.0)
    np.testing.assert_allclose(layer.fisher_info[0], score.var(axis=0), rtol=0.05)
    assert layer.fisher_info[0, 2] == 0.0


def test_the_fisher_information_is_per_unit_of_the_weight():
    wide = informed(bounds=(-2.0, 2.0))
    set_weights(wide, [[-1.0, -1.0, -1.0]])
    wide.consolidate_task()
    assert wide.fisher_info[0, 0] == pytest.approx(1 / (0.25 * 0.75) / 16)


def test_saturated_weights_are_stiff_but_finite():
    layer = informed(length=100)
    set_weights(layer, [[1.0, 0.0, 1.0]])
    layer.consolidate_task()
    assert layer.fisher_info[0, 0] == pytest.approx(1 / (0.005 * 0.995))
    assert np.isfinite(layer.fisher_info).all()


def test_tasks_add_up():
    """The pull is that of the sum of both tasks' parabolas."""
    layer = informed()
    first, second = np.array([[0.2, 0.3, 0.5]]), np.array([[0.7, 0.6, 0.1]])
    information = []
    for star in (first, second):
        set_weights(layer, star)
        before = layer.fisher_info.copy()
        layer.consolidate_task()
        information.append(layer.fisher_info - before)
        layer.run_epoch([0.5, 0.5, 0.0])
    set_weights(layer, [[0.4, 0.4, 0.4]])
    expected = information[0] * (0.4 - first) + information[1] * (0.4 - second)
    assert layer.apply_ewc_penalty() == pytest.approx(np.abs(expected).sum(), rel=1e-12)
    assert layer.get_weights()[0, 2] == 0.4  # its input was never on


def test_information_wants_an_epoch_first():
    layer = EWC_SCLayer(3, 2, length=8, base_seed=0, importance="fisher")
    with pytest.raises(ConfigurationError, match="call run_epoch before"):
        layer.consolidate_task()
    layer.run_epoch([1.0, 1.0, 1.0])
    layer.consolidate_task()
    with pytest.raises(ConfigurationError, match="call run_epoch before"):
        layer.consolidate_task()


def test_what_is_held_survives_another_task():
    """The first task drives one half of the inputs, the second the other: weights of the first are kept near."""
    drift = {}
    for strength in (0.0, 10.0):
        layer = EWC_SCLayer(
            8, 1, learning_rate=0.05, length=500, base_seed=1, ewc_lambda=strength, importance="fisher"
        )
        layer.run_epoch([1.0] * 4 + [0.0] * 4)
        layer.consolidate_task()
        held = layer.star_weights.copy()
        for w in layer.synapses[0][:4]:
            w.w = 0.5
        for _ in range(20):
            layer.run_epoch([0.3] * 8)
            layer.apply_ewc_penalty(step_size=1.0)
        drift[strength] = np.abs(layer.get_weights() - held)[0, :4].max()
    assert drift[10.0] < 0.02


@pytest.mark.parametrize("importance", ["magnitude", "fisher"])
def test_a_saved_layer_goes_on_with_the_same_bits(importance):
    def build(seed):
        return EWC_SCLayer(5, 2, learning_rate=0.1, length=40, base_seed=seed, importance=importance)

    def go_on(layer):
        spikes = layer.run_epoch([0.5] * 5)
        penalty = layer.apply_ewc_penalty(step_size=0.1)
        layer.consolidate_task()
        return spikes.tolist(), penalty, layer.get_weights().tolist(), layer.fisher_info.tolist()

    layer, other = build(1), build(2)
    layer.run_epoch([0.2, 0.4, 0.6, 0.8, 1.0])
    layer.consolidate_task()
    layer.run_epoch([1.0] * 5)
    saved = {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in layer.state_dict().items()
    }
    saved["neurons"] = {name: array.copy() for name, array in saved["neurons"].items()}
    expected = go_on(layer)
    other.load_state_dict(saved)
    assert go_on(other) == expected


@pytest.mark.parametrize("name", ["fisher_info", "star_weights", "input_counts"])
def test_a_state_of_another_shape_is_refused(name):
    layer = EWC_SCLayer(3, 2, length=8, base_seed=0)
    with pytest.raises(CheckpointError, match=name):
        layer.load_state_dict({**layer.state_dict(), name: np.zeros(7)})
    with pytest.raises(CheckpointError, match="no state"):
        layer.load_state_dict({})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ewc_lambda": -1.0}, "ewc_lambda: must be >= 0"),
        ({"importance": "size"}, "importance: must be one of magnitude, fisher, got 'size'"),
        ({"pull": "hard"}, "pull: must be one of implicit, explicit"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        EWC_SCLayer(3, 2, **options)


@pytest.mark.parametrize("step_size", [-0.1, np.nan, np.inf, "1"])
def test_impossible_steps_are_refused(step_size):
    with pytest.raises(ConfigurationError, match="step_size"):
        EWC_SCLayer(3, 2, base_seed=0).apply_ewc_penalty(step_size)
