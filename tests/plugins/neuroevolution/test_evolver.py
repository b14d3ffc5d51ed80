"""The documented evolver."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sc_core.errors import CheckpointError, ConfigurationError, NumericalError
from sc_plugin_neuroevolution import FitnessWarning, SNNGeneticEvolver


def factory(seed=0):
    rng = np.random.default_rng(seed)
    return lambda: SimpleNamespace(weights=rng.random((2, 3)))


def difference(layer):
    return layer.weights[0].sum() - layer.weights[1].sum()


def test_the_documented_row():
    assert SNNGeneticEvolver.population_size == 20
    assert SNNGeneticEvolver.mutation_rate == 0.05
    assert SNNGeneticEvolver.elite_fraction == 0.2
    evolver = SNNGeneticEvolver(factory(), difference)
    best = evolver.evolve(100)
    assert best.weights.shape == (2, 3)
    assert difference(best) > 2.9
    assert len(evolver.population) == 20
    for individual in evolver.population:
        assert individual.weights.min() >= 0
        assert individual.weights.max() <= 1
    assert all(np.diff(evolver.best_fitness) >= 0)
    assert difference(best) == evolver.best_fitness[-1]
    assert evolver.mean_fitness[-1] > evolver.mean_fitness[0] + 1


def test_settings_are_class_attributes_and_keywords():
    class Small(SNNGeneticEvolver):
        population_size = 6

    assert len(Small(factory(), difference).population) == 6
    evolver = Small(
        factory(), difference, population_size=8, mutation_rate=0.5, elite_fraction=0.5, sigma=2.0
    )
    assert (evolver.population_size, len(evolver.population)) == (8, 8)
    options = evolver.strategy.options
    assert (options.mutation_rate, options.elite_fraction, options.sigma) == (0.5, 0.5, 2.0)
    assert Small.population_size == 6


def test_bounds_are_an_option_and_hold_from_the_first_generation():
    def outside():
        return SimpleNamespace(weights=np.array([-3.0, 0.5, 7.0]))

    assert SNNGeneticEvolver(outside, sum).population[0].weights.tolist() == [0.0, 0.5, 1.0]
    assert SNNGeneticEvolver(outside, sum, bounds=None).population[0].weights.tolist() == [-3.0, 0.5, 7.0]
    wide = SNNGeneticEvolver(
        outside, lambda layer: layer.weights.sum(), bounds=(-1.0, 9.0), mutation_rate=0.5
    )
    assert wide.evolve(200).weights.sum() > 15


def test_the_dtype_of_the_weights_stays():
    evolver = SNNGeneticEvolver(
        lambda: SimpleNamespace(weights=np.zeros(4, np.float32)), lambda i: i.weights.sum()
    )
    assert evolver.evolve(2).weights.dtype == np.float32


@pytest.mark.parametrize("n_before", [0, 1, 5])
def test_a_resumed_evolver_has_the_same_populations(n_before):
    first = SNNGeneticEvolver(factory(), difference, seed=3)
    if n_before:
        first.evolve(n_before)
    second = SNNGeneticEvolver(factory(seed=77), difference, seed=4)
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        one, two = first.evolve(1), second.evolve(1)
        np.testing.assert_array_equal(one.weights, two.weights)
        np.testing.assert_array_equal(first.strategy.population, second.strategy.population)
    assert first.best_fitness == second.best_fitness


def test_another_population_s_state_is_refused():
    small = SNNGeneticEvolver(factory(), difference, population_size=4)
    with pytest.raises(CheckpointError, match="shape"):
        small.load_state_dict(SNNGeneticEvolver(factory(), difference).state_dict())


def test_what_raises_or_is_nan_never_wins_and_is_reported_once_a_generation():
    def treacherous(layer):
        if difference(layer) > 1.0:
            raise ZeroDivisionError("too good")
        return np.nan if difference(layer) > 0.5 else difference(layer)

    evolver = SNNGeneticEvolver(factory(), treacherous, mutation_rate=0.5)
    with pytest.warns(FitnessWarning, match=r"of 20 individuals have no fitness") as warned:
        best = evolver.evolve(30)
    assert difference(best) <= 0.5
    assert len(warned) <= 30
    assert any("ZeroDivisionError: too good" in str(w.message) for w in warned)
    assert any("is NaN" in str(w.message) for w in warned)


def test_a_generation_in_which_all_fail_ends_it():
    def broken(layer):
        raise RuntimeError("no simulator")

    evolver = SNNGeneticEvolver(factory(), broken)
    with (
        pytest.warns(FitnessWarning, match="20 of 20 .* RuntimeError: no simulator"),
        pytest.raises(NumericalError, match="generation 0"),
    ):
        evolver.evolve(1)


def test_interrupting_is_no_failure():
    def interrupted(layer):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SNNGeneticEvolver(factory(), interrupted).evolve(1)


def test_the_number_of_workers_changes_nothing():
    def remembering(layer):  # leaves something behind, which only its own copy may see
        layer.calls = getattr(layer, "calls", 0) + 1
        layer.weights = layer.weights * 2
        return layer.calls * layer.weights.sum()

    one = SNNGeneticEvolver(factory(), remembering, population_size=6)
    two = SNNGeneticEvolver(factory(), remembering, population_size=6, n_jobs=2)
    np.testing.assert_array_equal(one.evolve(4).weights, two.evolve(4).weights)
    np.testing.assert_array_equal(one.strategy.population, two.strategy.population)
    assert one.best_fitness == two.best_fitness


def test_individuals_differ_in_nothing_but_weights():
    names = iter(range(100))

    def make():
        return SimpleNamespace(weights=np.zeros(2), name=next(names))

    evolver = SNNGeneticEvolver(make, lambda layer: layer.weights.sum())
    assert {individual.name for individual in evolver.population} == {0}


@pytest.mark.parametrize("generations", [0, -1, 1.0, True])
def test_generations_are_counted_from_one(generations):
    with pytest.raises(ConfigurationError, match="generations"):
        SNNGeneticEvolver(factory(), difference).evolve(generations)


def test_weights_that_are_none_are_refused():
    with pytest.raises(ConfigurationError, match="layer_factory"):
        SNNGeneticEvolver(lambda: SimpleNamespace(weights="abc"), difference)
