"""Encoders against their equations in specs/encoders.md and against scipy's distributions."""

from __future__ import annotations

import tracemalloc

import attrs
import numpy as np
import pytest
from scipy import stats

from sc_core import options
from sc_core.errors import ConfigurationError, ShapeError
from sc_run.encoders import ENCODERS, Current, Latency, Rate


def generator(seed=7):
    return np.random.default_rng(seed)


STATIC = np.array([[0.0, 0.25, 1.0], [0.5, 0.75, 0.1]], np.float32)
TEMPORAL = np.random.default_rng(1).random((2, 5, 3), dtype=np.float32)
SPIKING = [Rate, Latency]


@pytest.mark.parametrize(("name", "encoder"), ENCODERS.items())
def test_shapes_types_and_layout(name, encoder):
    dtype = np.float32 if name == "current" else np.uint8
    for encoded, n_steps in [
        (encoder().encode(STATIC, generator()), 30),
        (encoder(n_steps=7).encode(STATIC, generator()), 7),
        (encoder().encode(TEMPORAL, generator()), 5),
        (encoder(steps_per_sample=4).encode(TEMPORAL, generator()), 20),
        (encoder().encode(STATIC[:0], generator()), 30),
    ]:
        assert encoded.shape[0] == n_steps
        assert encoded.shape[2] == 3
        assert encoded.dtype == dtype
        assert encoded.flags.c_contiguous
        if dtype == np.uint8:
            assert encoded.max(initial=0) <= 1


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
def test_the_same_state_gives_the_same_bits_and_values_stay_as_they_are(encoder):
    before = TEMPORAL.copy()
    first, second = (encoder(steps_per_sample=9).encode(TEMPORAL, generator()) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    np.testing.assert_array_equal(TEMPORAL, before)


def test_rate_uses_the_generator():
    values = np.full((10, 10), 0.5, np.float32)
    rng = generator()
    encoder = Rate(max_rate=500.0)
    assert not np.array_equal(encoder.encode(values, rng), encoder.encode(values, rng))


@pytest.mark.parametrize("encoder", [Current(), Latency()])
def test_encoders_without_chance_leave_the_generator_alone(encoder):
    rng = generator()
    encoder.encode(STATIC, rng)
    assert rng.bit_generator.state == generator().bit_generator.state


def test_current_is_gain_times_value_held():
    encoded = Current(n_steps=4, gain=2.5).encode(STATIC, generator())
    for step in range(4):
        np.testing.assert_allclose(encoded[step], 2.5 * STATIC, rtol=1e-6)
    encoded = Current(steps_per_sample=3, gain=-2.0).encode(TEMPORAL - 0.5, generator())
    for step in range(15):
        for member in range(2):
            np.testing.assert_allclose(
                encoded[step, member], -2.0 * (TEMPORAL[member, step // 3] - 0.5), rtol=1e-6
            )


@pytest.mark.parametrize("distribution", ["bernoulli", "poisson"])
@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_spike_counts_are_binomial_with_the_stated_probability(distribution, dt):
    """Chi-square of the counts of 4000 channels against scipy's binomial, for three values."""
    n_steps, max_rate = 50, 300.0
    for value in (0.2, 0.9, 1.5):
        events = value * max_rate * dt / 1000
        expected_chance = events if distribution == "bernoulli" else stats.poisson(events).sf(0)
        values = np.full((40, 100), value, np.float32)
        encoder = Rate(n_steps=n_steps, max_rate=max_rate, distribution=distribution)
        counts = encoder.encode(values, generator(), dt).sum(axis=0, dtype=np.int64)
        expected = counts.size * stats.binom(n_steps, expected_chance).pmf(np.arange(n_steps + 1))
        observed = np.bincount(counts.ravel(), minlength=n_steps + 1)
        likely = expected > 5
        statistic = ((observed - expected)[likely] ** 2 / expected[likely]).sum()
        assert stats.chi2(likely.sum() - 1).sf(statistic) > 1e-3


def test_spikes_in_neighbouring_steps_channels_and_members_are_independent():
    spikes = Rate(n_steps=60, max_rate=300.0).encode(np.ones((40, 50), np.float32), generator())
    for axis in range(3):
        first, second = (np.take(spikes, range(s, spikes.shape[axis] - 1 + s), axis).ravel() for s in (0, 1))
        table = np.zeros((2, 2))
        np.add.at(table, (first, second), 1)
        assert stats.chi2_contingency(table).pvalue > 1e-3


def test_rate_of_temporal_values_follows_each_sample():
    values = np.zeros((100, 3, 20), np.float32)
    values[:, 1] = 1.0
    values[:, 2] = 0.5
    spikes = Rate(steps_per_sample=10, max_rate=400.0).encode(values, generator())
    by_sample = spikes.reshape(3, 10, 100, 20).mean(axis=(1, 2, 3))
    assert by_sample[0] == 0
    assert by_sample[1] == pytest.approx(0.4, abs=0.02)
    assert by_sample[2] == pytest.approx(0.2, abs=0.02)


def test_rates_of_zero_never_spike_and_probability_one_always_does():
    spikes = Rate(n_steps=500, max_rate=1000.0).encode(np.array([[0.0, 1.0]], np.float32), generator())
    assert not spikes[:, 0, 0].any()
    assert spikes[:, 0, 1].all()


def test_rates_of_zero_do_not_spike_even_where_the_random_number_is_zero():
    class Zeros:
        def random(self, dtype, out):
            out[...] = 0

    spikes = Rate(n_steps=3).encode(np.array([[0.0, 1e-6]], np.float32), Zeros())
    np.testing.assert_array_equal(spikes[:, 0], [[0, 1]] * 3)


def test_rate_takes_the_memory_of_its_result_and_little_more():
    values = np.random.default_rng(0).random((50, 200), dtype=np.float32)
    tracemalloc.start()
    spikes = Rate(n_steps=400).encode(values, generator())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spikes.nbytes == 400 * 50 * 200
    assert peak < spikes.nbytes + 24 * values.size + 20_000


@pytest.mark.parametrize("n_steps", [1, 4, 10])
def test_latency_against_its_equation(n_steps):
    """Exact values (sixteenths), so that the floor is the mathematical one; written with integers."""
    sixteenths = np.arange(17)
    spikes = Latency(n_steps=n_steps).encode((sixteenths / 16).astype(np.float32)[np.newaxis], generator())[
        :, 0
    ]
    assert not spikes[:, 0].any()
    for numerator in sixteenths[1:]:
        step = min((16 - numerator) * n_steps // 16, n_steps - 1)
        np.testing.assert_array_equal(np.flatnonzero(spikes[:, numerator]), [step])


def test_latency_divides_values_evenly_among_the_steps():
    values = np.random.default_rng(0).random((1, 20_000), dtype=np.float32)
    spikes = Latency(n_steps=8).encode(values, generator())
    assert stats.chisquare(spikes.sum(axis=(1, 2), dtype=np.int64)).pvalue > 1e-3


def test_latency_of_the_smallest_value_is_the_last_step():
    tiny = np.full((1, 1), np.finfo(np.float32).smallest_subnormal)
    np.testing.assert_array_equal(Latency(n_steps=5).encode(tiny, generator()).ravel(), [0, 0, 0, 0, 1])


def test_latency_threshold_silences_values_up_to_it():
    spikes = Latency(n_steps=10, threshold=0.5).encode(STATIC, generator())
    np.testing.assert_array_equal(spikes.any(axis=0), STATIC > 0.5)


def test_latency_of_temporal_values_codes_each_sample_in_its_own_steps():
    spikes = Latency(steps_per_sample=6).encode(TEMPORAL, generator())
    for sample in range(5):
        alone = Latency(n_steps=6).encode(TEMPORAL[:, sample], generator())
        np.testing.assert_array_equal(spikes[6 * sample : 6 * sample + 6], alone)


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(encoder, bad):
    with pytest.raises(ConfigurationError, match="NaN or infinity") as caught:
        encoder().encode(np.array([[0.5, bad]], np.float32), generator())
    assert caught.value.path == "data.encoder"


@pytest.mark.parametrize("encoder", SPIKING)
def test_negative_values_have_no_spikes(encoder):
    with pytest.raises(ConfigurationError, match=r"-0\.5"):
        encoder().encode(np.array([[0.5, -0.5]], np.float32), generator())


def test_latency_refuses_values_above_one():
    with pytest.raises(ConfigurationError, match=r"\[0, 1\].*16"):
        Latency().encode(np.array([[0.5, 16.0]], np.float32), generator())


def test_a_probability_above_one_names_max_rate_and_poisson_takes_it():
    with pytest.raises(ConfigurationError, match=r"600 Hz.*1\.2") as caught:
        Rate(max_rate=600.0).encode(np.ones((1, 1), np.float32), generator(), dt=2.0)
    assert caught.value.path == "data.encoder.max_rate"
    Rate(max_rate=600.0, distribution="poisson").encode(np.ones((1, 1), np.float32), generator(), dt=2.0)


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
def test_the_option_for_the_other_kind_of_data_is_refused(encoder):
    with pytest.raises(ConfigurationError) as caught:
        encoder(steps_per_sample=2).encode(STATIC, generator())
    assert caught.value.path == "data.encoder.steps_per_sample"
    with pytest.raises(ConfigurationError) as caught:
        encoder(n_steps=2).encode(TEMPORAL, generator())
    assert caught.value.path == "data.encoder.n_steps"
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        encoder().encode(STATIC[0], generator())


@pytest.mark.parametrize(
    ("encoder", "bad"),
    [
        (Current, {"n_steps": 0}),
        (Current, {"steps_per_sample": 0}),
        (Rate, {"max_rate": 0.0}),
        (Rate, {"distribution": "gamma"}),
        (Latency, {"threshold": 1.0}),
        (Latency, {"threshold": -0.1}),
        (Latency, {"n_step": 3}),
    ],
)
def test_bad_options_in_toml_are_refused_by_path(encoder, bad):
    with pytest.raises(ConfigurationError) as caught:
        options.structure(encoder, bad, "data.encoder")
    assert caught.value.path == f"data.encoder.{next(iter(bad))}"


def test_options_come_from_toml():
    table = {"max_rate": 50, "distribution": "poisson", "n_steps": 20}
    assert options.structure(Rate, table, "data.encoder") == Rate(
        n_steps=20, max_rate=50.0, distribution="poisson"
    )
    assert all(attrs.has(encoder) for encoder in ENCODERS.values())
