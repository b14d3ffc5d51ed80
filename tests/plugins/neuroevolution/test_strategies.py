"""The strategies: what they find, what they keep to, and that a resumed one goes on bit for bit."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import scipy.stats
from threadpoolctl import threadpool_limits

from sc_core.errors import CheckpointError, ConfigurationError, NumericalError, ShapeError
from sc_plugin_neuroevolution import CMAES, GeneticAlgorithm, OpenAIES
from sc_plugin_neuroevolution.strategies.openai_es import gradient_estimate
from sc_plugin_neuroevolution.strategies.strategy import generation_rng, ranks

TARGET = np.array([1.0, -2.0, 0.5, 3.0])
EVERY = pytest.mark.parametrize("make", [GeneticAlgorithm, OpenAIES, CMAES])


def quadratic(candidates):
    return -np.square(candidates - TARGET).sum(axis=-1)


def run(strategy, n_generations, fitness=quadratic):
    for _ in range(n_generations):
        strategy.tell(fitness(strategy.ask()))
    return strategy


def stored(state):
    """Return a state as a file would give it back: arrays, and values through JSON."""
    if isinstance(state, dict):
        return {key: stored(value) for key, value in state.items()}
    return state.copy() if isinstance(state, np.ndarray) else json.loads(json.dumps(state))


@EVERY
def test_a_quadratic_is_climbed(make):
    strategy = run(make(np.zeros(4), seed=3), 200)
    assert quadratic(strategy.solution) > -0.2
    assert quadratic(np.zeros(4)) < -14


@EVERY
@pytest.mark.parametrize("n_before", [0, 1, 7])
def test_a_resumed_search_goes_on_bit_for_bit(make, n_before):
    first = run(make(np.zeros(4), [1.0, 2.0, 3.0, 4.0], seed=5), n_before)
    first.ask()  # as when a run is stopped while a generation is judged
    state = stored(first.state_dict())
    second = make(np.ones(4), seed=99)
    second.load_state_dict(state)
    assert second.n_generations == n_before
    for _ in range(5):
        np.testing.assert_array_equal(first.ask(), second.ask())
        run(first, 1)
        run(second, 1)
    np.testing.assert_array_equal(first.solution, second.solution)


@EVERY
def test_asking_twice_yields_the_same_and_numpy_s_global_generator_is_left_alone(make):
    before = copy.deepcopy(np.random.get_state())  # noqa: NPY002
    strategy = run(make(np.zeros(4), seed=1), 3)
    candidates = strategy.ask()
    kept = candidates.copy()
    candidates[...] = 0.0
    np.testing.assert_array_equal(strategy.ask(), kept)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@EVERY
def test_seeds_differ_and_repeat(make):
    one, same, other = (run(make(np.zeros(4), seed=seed), 3).ask() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


@EVERY
def test_nan_counts_as_the_worst(make):
    def with_holes(candidates, hole):
        fitness = quadratic(candidates)
        fitness[np.argmax(fitness)] = hole
        return fitness

    nan, lowest = (
        run(make(np.zeros(4), seed=2), 8, lambda c, hole=hole: with_holes(c, hole))
        for hole in (np.nan, -np.inf)
    )
    np.testing.assert_array_equal(nan.ask(), lowest.ask())
    assert not np.array_equal(nan.ask(), run(make(np.zeros(4), seed=2), 8).ask())


@EVERY
def test_a_generation_without_fitness_changes_nothing(make):
    strategy = run(make(np.zeros(4), seed=2), 2)
    before = strategy.ask()
    with pytest.raises(NumericalError, match="generation 2"):
        strategy.tell(np.full(strategy.population_size, np.nan))
    np.testing.assert_array_equal(strategy.ask(), before)
    assert strategy.n_generations == 2
    with pytest.raises(ShapeError, match="one number for each"):
        strategy.tell([1.0])


@EVERY
def test_only_the_order_of_fitness_counts(make):
    plain = run(make(np.zeros(4), seed=4), 10)
    bent = run(make(np.zeros(4), seed=4), 10, lambda c: np.exp(quadratic(c) / 10) * 1e6)
    np.testing.assert_array_equal(plain.ask(), bent.ask())


@EVERY
def test_scale_is_the_unit_of_a_step(make):
    scale = np.array([1.0, 10.0, 0.1, 1e3])
    plain, scaled = make(np.zeros(4), seed=4), make(np.zeros(4), scale, seed=4)
    for _ in range(5):
        run(plain, 1)
        run(scaled, 1, lambda c: quadratic(c / scale))
    np.testing.assert_allclose(scaled.ask(), plain.ask() * scale, rtol=1e-9)


@EVERY
@pytest.mark.parametrize("initial", [np.zeros((0,)), np.zeros((2, 2, 2)), 1.0])
def test_what_is_no_vector_is_refused(make, initial):
    with pytest.raises(ShapeError):
        make(initial)


@EVERY
def test_what_is_not_finite_or_not_above_zero_is_refused(make):
    with pytest.raises(NumericalError):
        make([np.nan, 1.0])
    for scale in (0.0, [1.0, -1.0], [1.0, 1.0, 1.0]):
        with pytest.raises(ShapeError, match="scale"):
            make([0.0, 1.0], scale)


@EVERY
def test_the_state_of_another_search_is_refused(make):
    with pytest.raises(CheckpointError):
        make(np.zeros(4)).load_state_dict(make(np.zeros(3)).state_dict())


@EVERY
def test_the_number_of_blas_s_threads_changes_no_bit(make):
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            strategy = make(np.zeros(300), seed=1, population_size=32)
            run(strategy, 12, lambda c: -np.square(c - 1.0).sum(axis=1))
            found.append(strategy.ask())
    np.testing.assert_array_equal(*found)


# Genetic algorithm


def test_the_best_never_gets_worse():
    strategy = GeneticAlgorithm(np.zeros(4), seed=1, elite_fraction=0.0, mutation_rate=0.5, sigma=1.0)
    best = [quadratic(run(strategy, 1).solution) for _ in range(60)]
    assert all(np.diff(best) >= 0)
    assert best[-1] > best[0]


def test_the_elite_goes_on_and_equals_keep_their_order():
    strategy = GeneticAlgorithm(np.arange(40.0).reshape(10, 4), population_size=10, elite_fraction=0.35)
    strategy.tell([0, 5, 1, 9, 5, 0, 0, 0, 0, np.nan])
    np.testing.assert_array_equal(strategy.population[:3, 0], [12.0, 4.0, 16.0])


def test_children_mix_two_of_the_elite_and_five_more():
    n = 4000
    first = np.arange(10.0)[:, None].repeat(n, axis=1)
    strategy = GeneticAlgorithm(first, population_size=10, elite_fraction=0.1, mutation_rate=0.0, seed=8)
    strategy.tell(-np.arange(10.0))
    children = strategy.population[1:]
    parents = [np.unique(child) for child in children]
    assert all(len(mine) <= 2 for mine in parents)
    assert {float(p) for mine in parents for p in mine} <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    for child, mine in zip(children, parents, strict=True):
        if len(mine) == 2:
            assert abs(np.mean(child == mine[0]) - 0.5) < 5 * 0.5 / np.sqrt(n)
    assert any(len(mine) == 2 for mine in parents)


def test_mutations_are_as_frequent_and_as_large_as_said():
    n = 200_000
    strategy = GeneticAlgorithm(np.zeros((2, n)), population_size=2, elite_fraction=0.5, seed=8)
    strategy.tell([1.0, 0.0])
    (child,) = strategy.population[1:]
    steps = child[child != 0]
    assert abs(steps.size / n - 0.05) < 5 * np.sqrt(0.05 * 0.95 / n)
    assert scipy.stats.kstest(steps, scipy.stats.norm(scale=0.1).cdf).pvalue > 0.01


def test_bounds_hold_for_every_individual():
    strategy = GeneticAlgorithm(np.full(50, 0.9), bounds=(-0.5, 1.0), sigma=3.0, mutation_rate=0.5)
    for _ in range(5):
        assert strategy.ask().min() >= -0.5
        assert strategy.ask().max() <= 1.0
        strategy.tell(strategy.ask().sum(axis=1))
    assert {-0.5, 1.0} <= set(strategy.ask().ravel().tolist())


@pytest.mark.parametrize(
    "options",
    [
        {"population_size": 1},
        {"mutation_rate": 1.5},
        {"elite_fraction": -0.1},
        {"sigma": 0.0},
        {"bounds": (1.0, 0.0)},
    ],
)
def test_impossible_options_of_the_genetic_algorithm_are_refused(options):
    (name,) = options
    with pytest.raises(ValueError, match=name):
        GeneticAlgorithm(np.zeros(3), **options)


# OpenAI-ES


def test_the_gradient_estimate_is_that_of_a_quadratic():
    rng = np.random.default_rng(0)
    n, sigma, n_estimates = 6, 0.3, 4000
    root = rng.normal(size=(n, n))
    curvature, mean, centre = root @ root.T, rng.normal(size=n), rng.normal(size=n)

    def value(points):
        return -0.5 * np.einsum("pi,ij,pj->p", points - centre, curvature, points - centre)

    estimates = []
    for _ in range(n_estimates):
        noise = rng.standard_normal((3, n))
        values = value(np.concatenate([mean + sigma * noise, mean - sigma * noise]))
        estimates.append(gradient_estimate(noise, values, sigma))
    error = np.std(estimates, axis=0) / np.sqrt(n_estimates)
    exact = -curvature @ (mean - centre)
    assert np.all(np.abs(np.mean(estimates, axis=0) - exact) < 5 * error)
    assert np.all(error < 0.1 * np.abs(exact).max())


def test_candidates_are_antithetic_normal_draws():
    strategy = OpenAIES(np.full(1000, 2.0), 3.0, population_size=20, sigma=0.5)
    candidates = strategy.ask()
    np.testing.assert_allclose(candidates[:10] + candidates[10:], 4.0)
    noise = (candidates[:10] - 2.0).ravel() / 1.5
    assert scipy.stats.kstest(noise, scipy.stats.norm.cdf).pvalue > 0.01


def test_steps_are_adam_s_of_centred_ranks_and_decay():
    strategy = OpenAIES(TARGET, 2.0, seed=3, population_size=6, sigma=0.2, lr=0.05, decay=0.3)
    mean, first, second = TARGET.copy(), np.zeros(4), np.zeros(4)
    for t in range(1, 6):
        fitness = np.sin(37.0 * strategy.ask()).sum(axis=1)
        noise = generation_rng(3, t - 1).standard_normal((3, 4))
        utility = (np.argsort(np.argsort(fitness)) / 5) - 0.5
        gradient = sum((utility[j] - utility[3 + j]) * noise[j] for j in range(3)) / (6 * 0.2)
        gradient -= 0.3 * (mean - TARGET) / 2.0
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        mean = mean + 0.05 * 2.0 * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        strategy.tell(fitness)
        np.testing.assert_allclose(strategy.solution, mean, rtol=1e-12)


def test_the_rate_can_be_set_and_is_kept():
    strategy = OpenAIES(np.zeros(4))
    strategy.lr = 0.0
    assert not run(strategy, 3).solution.any()
    resumed = OpenAIES(np.zeros(4))
    resumed.load_state_dict(strategy.state_dict())
    assert resumed.lr == 0.0


def test_equal_fitness_moves_nothing():
    assert not run(OpenAIES(np.zeros(4)), 3, lambda c: np.ones(len(c))).solution.any()
    np.testing.assert_array_equal(ranks(np.array([2.0, 1.0, 2.0, -np.inf])), [2.5, 1.0, 2.5, 0.0])


def test_an_odd_population_is_refused():
    with pytest.raises(ValueError, match="even"):
        OpenAIES(np.zeros(4), population_size=5)


# CMA-ES


def test_cma_es_finds_the_minimum_of_an_ill_conditioned_quadratic():
    rng = np.random.default_rng(1)
    n = 8
    rotation = np.linalg.qr(rng.normal(size=(n, n)))[0]
    curvature = rotation @ np.diag(np.logspace(0, 4, n)) @ rotation.T
    linear = rng.normal(size=n)
    strategy = CMAES(np.zeros(n), seed=2)
    run(strategy, 600, lambda c: -0.5 * np.einsum("pi,ij,pj->p", c, curvature, c) + c @ linear)
    np.testing.assert_allclose(strategy.solution, np.linalg.solve(curvature, linear), atol=1e-7)


def test_cma_es_is_cma_driven_alone():
    from cma import CMAEvolutionStrategy

    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(6)))
    scale = np.array([1.0, 2.0, 3.0, 4.0])
    alone = CMAEvolutionStrategy(
        TARGET,
        0.4,
        {
            "randn": lambda *shape: rng.standard_normal(shape),
            "seed": np.nan,
            "popsize": 10,
            "CMA_stds": scale,
            "verbose": -9,
        },
    )
    ours = CMAES(TARGET, scale, seed=6, population_size=10, sigma=0.4)
    for _ in range(30):
        candidates = alone.ask()
        np.testing.assert_array_equal(ours.ask(), candidates)
        costs = [float(np.square(c).sum()) for c in candidates]
        alone.tell(candidates, costs)
        ours.tell([-cost for cost in costs])
    np.testing.assert_array_equal(ours.solution, alone.result.xfavorite)


def test_a_diagonal_covariance_serves_many_weights():
    with pytest.raises(ConfigurationError, match="diagonal"):
        CMAES(np.zeros(6000))
    strategy = CMAES(np.zeros(6000), diagonal=True, seed=1)
    before = np.square(strategy.ask() - 1.0).sum(axis=1).min()
    run(strategy, 40, lambda c: -np.square(c - 1.0).sum(axis=1))
    assert np.square(strategy.solution - 1.0).sum() < 0.9 * before


def test_a_search_that_leads_elsewhere_here_is_refused():
    state = dict(run(CMAES(np.zeros(4)), 3).state_dict())
    state["mean"] = np.nextafter(state["mean"], 9)
    with pytest.raises(CheckpointError, match="another mean"):
        CMAES(np.zeros(4)).load_state_dict(state)


def test_one_weight_is_too_few_for_cma_es():
    with pytest.raises(ConfigurationError, match="at least 2"):
        CMAES([1.0])
