"""The documented evolver: a genetic algorithm over objects with weights (specs/neuroevolution.md)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import ConfigurationError
from sc_plugin_neuroevolution.evaluation import evaluate
from sc_plugin_neuroevolution.strategies import GeneticAlgorithm


class SNNGeneticEvolver:
    """Evolves the `weights` of objects by what they achieve.

    Parameters
    ----------
    layer_factory : callable
        Returns an object with an array `weights`, of the same shape each time.
    fitness_func : callable
        Takes such an object and returns a number; more is better. One that raises or returns NaN never wins.
    population_size, mutation_rate, elite_fraction : optional
        In place of the class attributes; see `GeneticOptions`.
    sigma : float
        Standard deviation of a mutation.
    bounds : (float, float) or None
        Limits of the weights.
    seed : int
    n_jobs : int
        Workers that evaluate, as joblib counts them. The result does not depend on their number.

    Attributes
    ----------
    strategy : GeneticAlgorithm
        Asked and told by `evolve`.
    best_fitness, mean_fitness : list of float
        Of each generation that was judged; the mean over individuals that have a fitness.

    Raises
    ------
    ConfigurationError, ValueError, ShapeError, NumericalError
        If an option or what the factory makes is not usable.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from sc_plugin_neuroevolution import SNNGeneticEvolver
    >>> rng = np.random.default_rng(7)
    >>> evolver = SNNGeneticEvolver(
    ...     layer_factory=lambda: SimpleNamespace(weights=rng.random((2, 3))),
    ...     fitness_func=lambda layer: layer.weights[0].sum() - layer.weights[1].sum(),
    ... )
    >>> evolver.evolve(60).weights.round(1)
    array([[1., 1., 1.],
           [0., 0., 0.]])
    """

    population_size: int = 20
    mutation_rate: float = 0.05
    elite_fraction: float = 0.2

    def __init__(
        self,
        layer_factory: Callable[[], Any],
        fitness_func: Callable[[Any], float],
        *,
        population_size: int | None = None,
        mutation_rate: float | None = None,
        elite_fraction: float | None = None,
        sigma: float = 0.1,
        bounds: tuple[float, float] | None = (0.0, 1.0),
        seed: int = 0,
        n_jobs: int = 1,
    ) -> None:
        given = {
            "population_size": population_size,
            "mutation_rate": mutation_rate,
            "elite_fraction": elite_fraction,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)
        self.fitness_func = fitness_func
        self.n_jobs = n_jobs
        self.best_fitness: list[float] = []
        self.mean_fitness: list[float] = []
        individuals = [layer_factory() for _ in range(self.population_size)]
        self._prototype = individuals[0]
        self.strategy = GeneticAlgorithm(
            np.stack([_weights(individual) for individual in individuals]),
            seed=seed,
            population_size=self.population_size,
            mutation_rate=self.mutation_rate,
            elite_fraction=self.elite_fraction,
            sigma=sigma,
            bounds=bounds,
        )

    @property
    def population(self) -> list[Any]:
        """The individuals of the generation to be judged."""
        return [self._individual(weights) for weights in self.strategy.population]

    def evolve(self, generations: int) -> Any:
        """Judge and breed so many generations.

        Parameters
        ----------
        generations : int
            At least 1. A later call goes on.

        Returns
        -------
        object
            The best individual of the last generation.

        Raises
        ------
        ConfigurationError
            If `generations` is not at least 1.
        NumericalError
            If no individual of a generation has a fitness.

        Warns
        -----
        FitnessWarning
            Where individuals have no fitness.
        """
        if isinstance(generations, bool) or not isinstance(generations, int) or generations < 1:
            raise ConfigurationError("generations", f"must be an integer >= 1, got {generations!r}")
        for _ in range(generations):
            fitness = evaluate(
                self.fitness_func, self.population, self.strategy.n_generations, n_jobs=self.n_jobs
            )
            self.strategy.tell(fitness)
            known = fitness[~np.isnan(fitness)]
            self.best_fitness.append(float(known.max()))
            self.mean_fitness.append(float(known.mean()))
        return self._individual(self.strategy.solution)

    def _individual(self, weights: NDArray[np.float64]) -> Any:
        individual = copy.deepcopy(self._prototype)
        shaped = np.asarray(self._prototype.weights)
        individual.weights = weights.reshape(shaped.shape).astype(shaped.dtype)
        return individual

    def state_dict(self) -> State:
        """Return the population and the fitness so far."""
        return {
            "strategy": self.strategy.state_dict(),
            "best_fitness": list(self.best_fitness),
            "mean_fitness": list(self.mean_fitness),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, by an evolver of the same factory and options.

        Raises
        ------
        CheckpointError
            If it is of another population.
        """
        self.strategy.load_state_dict(state["strategy"])
        self.best_fitness = list(state["best_fitness"])
        self.mean_fitness = list(state["mean_fitness"])


def _weights(individual: Any) -> NDArray[np.float64]:
    weights = np.asarray(individual.weights)
    if weights.dtype.kind not in "fiub" or not weights.size:
        raise ConfigurationError(
            "layer_factory", f"must return objects with numeric weights, got {weights!r}"
        )
    return weights.astype(np.float64).ravel()
