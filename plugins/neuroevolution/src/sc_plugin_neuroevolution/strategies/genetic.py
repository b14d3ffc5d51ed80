"""A genetic algorithm: elitism, uniform crossover, Gaussian mutation (specs/neuroevolution.md)."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, NumericalError, ShapeError
from sc_plugin_neuroevolution.strategies.strategy import as_scale, as_weights, checked_fitness, generation_rng

_N_BELOW_ELITE = 5  # parents are the elite and so many more
_SHARE: list[Any] = [attrs.validators.ge(0), attrs.validators.le(1)]


@attrs.frozen(kw_only=True)
class GeneticOptions:
    """Options of `GeneticAlgorithm`.

    Parameters
    ----------
    population_size : int
    mutation_rate : float
        Probability that a weight of a child mutates.
    elite_fraction : float
        Share of the population that goes on unchanged; at least one individual does.
    sigma : float
        Standard deviation of a mutation, in units of the weight's scale.
    bounds : (float, float), optional
        Lower and upper limit of every weight.
    """

    population_size: int = attrs.field(default=20, validator=attrs.validators.ge(2))
    mutation_rate: float = attrs.field(default=0.05, validator=_SHARE)
    elite_fraction: float = attrs.field(default=0.2, validator=_SHARE)
    sigma: float = attrs.field(default=0.1, validator=attrs.validators.gt(0))
    bounds: tuple[float, float] | None = attrs.field(default=None)

    @bounds.validator
    def _check_bounds(self, attribute: attrs.Attribute[Any], bounds: tuple[float, float] | None) -> None:
        if bounds is not None and not (len(bounds) == 2 and bounds[0] < bounds[1]):
            raise ValueError(f"bounds must be a pair, the lower before the upper, got {bounds}")


class GeneticAlgorithm:
    """The best go on, their children are mixed and mutated.

    Parameters
    ----------
    initial : array_like, shape (n,) or (population_size, n)
        The first population, or its first individual, of which the others are mutations in every weight.
    scale : array_like, scalar or shape (n,)
        The unit of `sigma` for each weight.
    seed : int
    **options
        The fields of `GeneticOptions`.

    Attributes
    ----------
    population : ndarray, shape (population_size, n), float64
        The generation to be judged.
    n_generations : int

    Raises
    ------
    ConfigurationError, ValueError, ShapeError, NumericalError
        If an option or the first population is not usable.

    Examples
    --------
    >>> import numpy as np
    >>> strategy = GeneticAlgorithm(np.zeros(3), seed=1, sigma=0.5)
    >>> for _ in range(100):
    ...     strategy.tell(-np.square(strategy.ask() - [1.0, 2.0, 3.0]).sum(axis=1))
    >>> bool(np.abs(strategy.solution - [1.0, 2.0, 3.0]).max() < 0.2)
    True
    """

    Options: ClassVar = GeneticOptions

    def __init__(self, initial: ArrayLike, scale: ArrayLike = 1.0, seed: int = 0, **options: Any) -> None:
        self.options = GeneticOptions(**options)
        self.n_generations = 0
        self._seed = seed
        self.population = self._first_population(initial, scale)
        self._solution: NDArray[np.float64] = self.population[0].copy()

    @property
    def population_size(self) -> int:
        """Individuals of a generation."""
        return self.options.population_size

    @property
    def solution(self) -> NDArray[np.float64]:
        """The best individual of the last generation that was judged, (n,); the first one before."""
        return self._solution.copy()

    def _first_population(self, initial: ArrayLike, scale: ArrayLike) -> NDArray[np.float64]:
        given = np.array(initial, np.float64)
        if given.ndim == 2:
            if len(given) != self.population_size:
                raise ShapeError(
                    f"the first population has {len(given)} individuals, expected {self.population_size}"
                )
            if not np.isfinite(given).all():
                raise NumericalError("the first population contains NaN or infinity")
            self._scale = as_scale(scale, given.shape[1])
            return self._clipped(given)
        first = as_weights(given)
        self._scale = as_scale(scale, first.size)
        noise = generation_rng(self._seed, 0).standard_normal((self.population_size - 1, first.size))
        others = first + self.options.sigma * self._scale * noise
        return self._clipped(np.concatenate([first[None], others]))

    def ask(self) -> NDArray[np.float64]:
        """Return the population, (population_size, n)."""
        return self.population.copy()

    def tell(self, fitness: ArrayLike) -> None:
        """Take the fitness of each individual and breed the next generation.

        Raises
        ------
        ShapeError, NumericalError
            As `Strategy.tell`.
        """
        known = checked_fitness(fitness, self.population_size, self.n_generations)
        ordered = self.population[np.argsort(-known, kind="stable")]
        self.n_generations += 1
        self._solution = ordered[0].copy()
        n_elite = max(1, int(self.population_size * self.options.elite_fraction))
        children = self._breed(ordered[: n_elite + _N_BELOW_ELITE], self.population_size - n_elite)
        self.population = np.concatenate([ordered[:n_elite], children])

    def _breed(self, parents: NDArray[np.float64], n_children: int) -> NDArray[np.float64]:
        rng = generation_rng(self._seed, self.n_generations)
        first, second = (parents[rng.integers(len(parents), size=n_children)] for _ in range(2))
        shape = first.shape
        children = np.where(rng.random(shape) < 0.5, first, second)
        mutates = rng.random(shape) < self.options.mutation_rate
        steps = self.options.sigma * self._scale * rng.standard_normal(shape)
        return self._clipped(children + np.where(mutates, steps, 0.0))

    def _clipped(self, population: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.options.bounds is None:
            return population
        lower, upper = self.options.bounds
        return np.clip(population, lower, upper)

    def state_dict(self) -> State:
        """Return the population, the best of the generation before, and how many there were."""
        return {
            "population": self.population.copy(),
            "solution": self._solution.copy(),
            "scale": self._scale.copy(),
            "n_generations": self.n_generations,
            "seed": self._seed,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is of another population.
        """
        population = np.array(state["population"], np.float64)
        if population.shape != self.population.shape:
            raise CheckpointError(
                f"the saved population has shape {population.shape}, this one {self.population.shape}"
            )
        self.population, self._seed = population, int(state["seed"])
        self._solution = np.array(state["solution"], np.float64)
        self._scale = np.array(state["scale"], np.float64)
        self.n_generations = int(state["n_generations"])
