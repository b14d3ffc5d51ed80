"""The stochastic-computing layer: bits, weights, seeds, state, refusals."""

import math

import numpy as np
import pytest

import sc_native
from sc_core import LIF
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError, ShapeError
from sc_plugin_ewc import SCLearningLayer
from sc_plugin_ewc.bitstreams import digits_of, fixed_point, pack, unpack

COLLECTING = LIF(tau=10.0, r=8.0, v_leak=0.1, refractory_steps=2)
SHAPES = {
    "one lane": {"n_inputs": 1, "n_neurons": 3, "length": 70},
    "full word": {"n_inputs": 64, "n_neurons": 2, "length": 33, "learning_rate": 1.0},
    "three words": {"n_inputs": 130, "n_neurons": 5, "length": 40, "learning_rate": 0.3, "ltd_ratio": 3.0},
    "other neurons": {
        "n_inputs": 20,
        "n_neurons": 4,
        "w_min": -1.0,
        "w_max": 3.0,
        "learning_rate": 0.2,
        "length": 50,
        "neuron": COLLECTING,
    },
    "nothing learned": {
        "n_inputs": 9,
        "n_neurons": 2,
        "learning_rate": 0.0,
        "length": 30,
        "neuron": COLLECTING,
    },
}


def values(n_inputs):
    return np.resize([1.0, 0.0, 0.5, 0.9, 0.05], n_inputs)


def epochs(settings, count=3):
    layer = SCLearningLayer(**settings, base_seed=5)
    return [layer.run_epoch(values(layer.n_inputs)) for _ in range(count)], layer


@pytest.mark.parametrize("settings", SHAPES.values(), ids=SHAPES)
@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
def test_c_and_numpy_give_the_same_bits(settings, monkeypatch):
    results = []
    for kernels in ("native", "reference"):
        monkeypatch.setenv("SC_KERNELS", kernels)
        results.append(epochs(settings))
    (native, native_layer), (reference, reference_layer) = results
    np.testing.assert_array_equal(native, reference)
    np.testing.assert_array_equal(native_layer.get_weights(), reference_layer.get_weights())
    if settings.get("learning_rate") != 0:
        before = SCLearningLayer(**settings, base_seed=5).get_weights()
        assert (native_layer.get_weights() != before).any()


def test_any_number_of_threads_gives_the_same_bits(monkeypatch):
    settings = {"n_inputs": 100, "n_neurons": 40, "length": 200, "learning_rate": 0.1, "neuron": COLLECTING}
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("SC_THREADS", threads)
        results.append(epochs(settings, 1))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1].get_weights(), results[1][1].get_weights())


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
def test_random_words_are_those_of_numpys_philox():
    from sc_native.bitstreams import philox

    rng = np.random.default_rng(0)
    for _ in range(50):
        key = rng.integers(0, 2**64, 2, dtype=np.uint64)
        counter = rng.integers(1, 2**64, 4, dtype=np.uint64)
        before = counter - np.array([1, 0, 0, 0], np.uint64)  # numpy counts up before it draws
        np.testing.assert_array_equal(
            philox(key, counter), np.random.Philox(key=key, counter=before).random_raw(4)
        )


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_packing_is_undone(n):
    bits = np.random.default_rng(n).random((3, n)) < 0.4
    words = pack(bits)
    assert words.shape == (3, -(-n // 64))
    assert int(words[0, 0]) & 1 == bits[0, 0]
    np.testing.assert_array_equal(unpack(words, n), bits)


def test_probabilities_become_binary_digits():
    p = np.array([0.0, 0.5, 0.75, 2.0**-64, 1 - 2.0**-53, 1.0])
    fixed = [0, 2**63, 3 * 2**62, 1, 2**64 - 2**11, 2**64 - 1]
    assert fixed_point(p).tolist() == fixed
    digits = unpack(digits_of(p).T, p.size)  # (64 digits, 6 numbers)
    for lane, expected in enumerate(fixed):
        assert int("".join(str(int(bit)) for bit in digits[:, lane]), 2) == expected


def single(w, **options):
    """One input that is always on and a neuron that fires on every product: it emits the weight's bitstream."""
    layer = SCLearningLayer(1, 1, length=20_000, base_seed=3, **{"learning_rate": 0.0, **options})
    layer.synapses[0][0].w = w
    return layer


@pytest.mark.parametrize(("w", "share"), [(0.0, 0.0), (0.3, 0.3), (1.0, 1.0)])
def test_a_weights_bitstream_has_its_share_of_ones(w, share):
    ones = single(w).run_epoch([1.0]).mean()
    assert abs(ones - share) <= 4 * math.sqrt(share * (1 - share) / 20_000)


def test_the_share_is_relative_to_the_bounds():
    assert single(1.0, w_min=-1.0, w_max=3.0).run_epoch([1.0]).mean() == pytest.approx(0.5, abs=0.02)


def test_a_changed_weight_changes_the_bitstream():
    """The same random numbers are compared: a larger weight keeps every one and adds some."""
    low, high = (single(w).run_epoch([1.0])[0] for w in (0.3, 0.4))
    assert (high >= low).all()
    assert (high - low).mean() == pytest.approx(0.1, abs=0.01)
    layer = single(0.3)
    layer.run_epoch([1.0])
    layer.synapses[0][0].w = 0.9
    assert layer.get_weights() == [[0.9]]
    assert layer.run_epoch([1.0]).mean() == pytest.approx(0.9, abs=0.01)


def test_a_product_is_an_and():
    assert single(0.5).run_epoch([0.4]).mean() == pytest.approx(0.2, abs=0.015)
    assert single(1.0).run_epoch([0.0]).sum() == 0


def test_bits_are_independent():
    """Of each other in time, of another epoch's, another neuron's and another seed's."""
    settings = {"n_inputs": 1, "n_neurons": 2, "learning_rate": 0.0, "length": 20_000}
    layers = [SCLearningLayer(**settings, base_seed=seed) for seed in (1, 2)]
    streams = []
    for layer in layers:
        for synapses in layer.synapses:
            synapses[0].w = 0.5
        streams += [*layer.run_epoch([1.0]), *layer.run_epoch([1.0])]
    correlation = np.corrcoef(np.array(streams, float))
    assert np.abs(correlation - np.eye(len(streams))).max() < 4 / math.sqrt(20_000)
    centred = np.array(streams, float) - 0.5
    for lag in (1, 2, 64):
        assert np.abs((centred[:, lag:] * centred[:, :-lag]).mean(axis=1)).max() < 1 / math.sqrt(20_000)


def test_weights_stay_within_their_bounds_and_reach_them():
    layer = SCLearningLayer(3, 2, 0.2, 0.7, learning_rate=0.5, ltd_ratio=1.0, length=2000, base_seed=0)
    layer.run_epoch([1.0, 1.0, 1.0])
    assert layer.get_weights().max() == 0.7
    quiet = SCLearningLayer(
        3, 2, 0.2, 0.7, learning_rate=0.5, ltd_ratio=1.0, length=2000, base_seed=0, neuron=LIF(r=0.1)
    )
    assert quiet.run_epoch([1.0, 1.0, 0.0]).sum() == 0
    weights = quiet.get_weights()
    assert (weights[:, :2] == 0.2).all()
    assert (weights[:, 2] > 0.2).all()  # its input was never on


def test_a_change_is_the_learning_rate_times_the_range():
    layer = SCLearningLayer(1, 1, -1.0, 3.0, learning_rate=0.125, length=1, base_seed=0)
    for _ in range(200):
        before = layer.get_weights()[0, 0]
        spike = layer.run_epoch([1.0])[0, 0]
        change = layer.get_weights()[0, 0] - before
        size = min(0.5, 3.0 - before) if spike else max(-0.5, -1.0 - before)
        assert change in (0.0, pytest.approx(size))


def test_seeds():
    def first(seed):
        layer = SCLearningLayer(4, 2, length=64, base_seed=seed)
        return layer.get_weights().tolist(), layer.run_epoch(values(4)).tolist()

    assert first(0) == first(0) == first(np.random.default_rng(0))
    assert first(0) != first(1)
    assert first(None) != first(None)


@pytest.mark.parametrize("kernels", ["auto", "reference"])
def test_a_saved_layer_goes_on_with_the_same_bits(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    settings = {"n_inputs": 20, "n_neurons": 3, "learning_rate": 0.1, "length": 37, "neuron": COLLECTING}
    layer, other = (SCLearningLayer(**settings, base_seed=seed) for seed in (1, 2))
    layer.run_epoch(values(20))
    saved = {**layer.state_dict(), "weights": layer.get_weights()}
    saved["neurons"] = {name: np.array(array) for name, array in saved["neurons"].items()}
    expected = [layer.run_epoch(values(20)) for _ in range(2)]
    synapse = other.synapses[0][0]
    other.load_state_dict(saved)
    np.testing.assert_array_equal([other.run_epoch(values(20)) for _ in range(2)], expected)
    np.testing.assert_array_equal(other.get_weights(), layer.get_weights())
    assert synapse.w == layer.synapses[0][0].w  # views taken before still see the layer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros((1, 2))}, "shape"),
        ({"weights": np.full((2, 3), 2.0)}, "w_max"),
        ({"weights": np.full((2, 3), np.nan)}, "w_min"),
        ({"key": np.zeros(3)}, "shape"),
        ({"epoch": "seven"}, "no state"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change, words):
    layer = SCLearningLayer(3, 2, length=8, base_seed=0)
    before = layer.get_weights()
    with pytest.raises(CheckpointError, match=words):
        layer.load_state_dict({**layer.state_dict(), **change})
    np.testing.assert_array_equal(layer.get_weights(), before)
    with pytest.raises(CheckpointError, match="no state"):
        layer.load_state_dict({})


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([0.5, 0.5], ShapeError, r"expected shape \(3,\), one per input, got \(2,\)"),
        ([[0.5, 0.5, 0.5]], ShapeError, "expected shape"),
        ([0.5, np.nan, 0.5], NumericalError, "number 1 is NaN"),
        ([0.5, 0.5, 1.5], ConfigurationError, "from 0 to 1, scale them; number 2 is 1.5"),
        ([-0.1, 0.5, 0.5], ConfigurationError, "number 0 is -0.1"),
        ([np.inf, 0.5, 0.5], ConfigurationError, "number 0 is inf"),
    ],
)
def test_values_that_are_no_probabilities_are_refused(given, error, words):
    layer = SCLearningLayer(3, 2, length=8, base_seed=0)
    with pytest.raises(error, match=words):
        layer.run_epoch(given)
    assert layer.epoch == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_inputs": 0}, "n_inputs: must be an integer >= 1, got 0"),
        ({"n_neurons": 2.0}, "n_neurons: must be an integer"),
        ({"length": True}, "length: must be an integer"),
        ({"w_min": math.nan}, "w_min: must be a finite number"),
        ({"w_min": 1.0}, "w_max: must be above w_min = 1.0, got 1.0"),
        ({"w_min": -1.7e308, "w_max": 1.7e308}, "w_max: must be above"),
        ({"learning_rate": 1.5}, "learning_rate: is a probability"),
        ({"learning_rate": -0.1}, "learning_rate: must be >= 0"),
        ({"ltd_ratio": 101.0}, "ltd_ratio is a probability"),
        ({"ltd_ratio": "much"}, "ltd_ratio: must be a finite number"),
        ({"base_seed": -1}, "base_seed: must be an integer >= 0"),
        ({"base_seed": False}, "base_seed"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        SCLearningLayer(**{"n_inputs": 3, "n_neurons": 2, **options})


def test_a_neuron_other_than_a_lif_is_refused():
    with pytest.raises(TypeError, match="neuron"):
        SCLearningLayer(2, 2, neuron="LIF")


def test_options_may_change_later_within_their_limits():
    layer = SCLearningLayer(3, 2, length=8, base_seed=0)
    layer.learning_rate = 0.5
    with pytest.raises(ConfigurationError, match="ltd_ratio"):
        layer.ltd_ratio = 3.0
    with pytest.raises(AttributeError):
        layer.length = 16
    for wrong in (1.5, -0.1, math.nan, "1", True):
        with pytest.raises(ConfigurationError, match="w: must be"):
            layer.synapses[1][2].w = wrong
